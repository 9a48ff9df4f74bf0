"""Names that are not what they show: warnings, and errors for characters that no name has, each with its record.

Nearly all names are plain ASCII, which is seen at once for all of them together.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.keys import find_control
from reconciler.core.model import ResourceType
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Desired, DesiredState, Value
    from reconciler.manifests.problems import Problems
    from reconciler.mapping.rules import Mapping as Rules

MOST, MOST_OF_ONE = 100, 5
"""Warnings that are told one by one, altogether and of one name."""
LONGEST = 300
"""Characters of a name that are looked at: no name is that long, and rows of marks would take for ever."""
_MULTI = "emails"


class _Named(NamedTuple):
    """A name that is more than printable ASCII: whose, in which attribute, the text."""

    owner: Desired
    attribute: str
    name: str


def check_names(desired: DesiredState, mappings: Mapping[ResourceType, Rules], problems: Problems) -> None:
    """Warn of odd names among keys, external ids and e-mail addresses; control characters in keys are errors."""
    warnings: list[Problem] = []
    for resource, records in ((ResourceType.USER, desired.users), (ResourceType.GROUP, desired.groups)):
        key = KEY_ATTRIBUTE[resource]
        keys: list[_Named] = []
        for path in _paths(mappings[resource], key):
            found = list(_find_unusual(records, path))
            keys += found if path == key else ()
            for each in found:
                warnings += _judge(each, problems)
        warnings += _find_twins(records, keys)
    problems.warnings += warnings[:MOST]
    if len(warnings) > MOST:
        message = f"and {len(warnings) - MOST} more warnings about names"
        problems.warnings.append(Problem(warnings[MOST].file, warnings[MOST].line, warnings[MOST].column, message))


def _paths(rules: Rules, key: str) -> list[str]:
    """The attributes that people and machines are told apart by, as far as the mapping gives any."""
    known = {rule.target for rule in rules.rules}
    return [key, *sorted(each for each in known if each == "externalId" or each.startswith(_MULTI))]


def _find_unusual(records: Sequence[Desired], path: str) -> Iterator[_Named]:
    values = [value for each in records if (value := each.attributes.get(path)) is not None]
    if {str}.issuperset(map(type, values)) and _is_plain("".join(values)):  # type: ignore[arg-type]
        return
    for each in records:
        for name in _texts(each.attributes.get(path)):
            if not _is_plain(name):
                yield _Named(each, path.partition("[")[0], name)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _texts(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return [text for each in value if isinstance(each, dict) and isinstance(text := each.get("value"), str)]
    return ()


def _judge(named: _Named, problems: Problems) -> Iterator[Problem]:
    from reconciler.manifests.lookalikes import describe, find_oddities

    source, attribute = named.owner.source, f"`{named.attribute}` `{named.name[:LONGEST]}`"
    control = find_control(named.name) if named.attribute == KEY_ATTRIBUTE[named.owner.type] else None
    if control is not None:
        problems.report_row(source, f"{attribute} has a control character: {describe(named.name, control)}")
        return
    for oddity in islice(find_oddities(named.name[:LONGEST]), MOST_OF_ONE):
        yield Problem(*source, f"{attribute} {oddity}")


def _find_twins(records: Sequence[Desired], unusual: Sequence[_Named]) -> Iterator[Problem]:
    """Keys that are more than ASCII and look like another one."""
    if not unusual:
        return
    from reconciler.manifests.lookalikes import skeleton

    alike: dict[str, list[Desired]] = {}
    for named in unusual:
        alike.setdefault(skeleton(named.name[:LONGEST]), []).append(named.owner)
    if any(each.isascii() for each in alike):
        for each in records:
            if _is_plain(each.key) and (shown := skeleton(each.key[:LONGEST])) in alike:
                alike[shown].insert(0, each)
    for first, *others in alike.values():
        kind = first.type.value.lower()
        for each in others:
            message = f"{kind} `{each.key}` looks like another {kind}, `{first.key}`: {first.source}"
            yield Problem(*each.source, message)
