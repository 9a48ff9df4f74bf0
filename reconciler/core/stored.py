"""What a service made of a write: where its answer shows something else than what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from reconciler.core.diff import NO_RULES, diff_value, live_value
from reconciler.core.normalise import is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER, parse_path
from reconciler.core.plan_model import Change, OutcomeStatus
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.equivalence import Equivalences
    from reconciler.core.model import Live, ResourceType, Value
    from reconciler.core.plan_model import Action, Outcome

What = Literal["otherwise", "not", "as before"]


class Stored(NamedTuple):
    """One attribute of one resource, as it was before the write, as it was sent, and as the answer shows it."""

    type: ResourceType
    key: str
    path: str
    before: Value
    sent: Value
    stored: Value

    @property
    def what(self) -> What:
        """What became of it; an answer that still shows the value before may be one that is not up to date."""
        if is_empty(self.stored):
            return "not"
        return "as before" if same(self.stored, self.before, exact=True) else "otherwise"


def compare_answer(action: Action, live: Live, *, surely: bool = True) -> tuple[Change, ...]:
    """What the answer to a write shows otherwise: each with what it shows as `before`, what was sent as `after`.

    Nothing is said of what such an answer never shows, members among it: custom fields where it shows none, and the
    attributes of a schema of which it shows none (unless not `surely`, where it shows others).
    """
    shown = {_schema(path) for path in live.attributes if path not in (KEY_ATTRIBUTE[live.type], "active")}
    if not surely and "" in shown:
        shown.add(ENTERPRISE)
    found: list[Change] = []
    for change in action.changes:
        if change.path == "active":
            have = live.attributes.get(change.path)
            if have is not None and have != change.after:
                found.append(Change(change.path, have, change.after))
        elif change.path != MANAGER and _schema(change.path) in shown:
            have = live_value(change.path, live.attributes)
            found += diff_value(action.type, change.path, (change.after, have), NO_RULES)
    return tuple(found)


def find_stored(outcomes: Iterable[Outcome], rules: Equivalences) -> Iterator[Stored]:
    """What was stored otherwise than it was sent, but for what the tenant's rules say already."""
    for outcome in outcomes:
        if outcome.live is None or outcome.status is not OutcomeStatus.DONE:
            continue
        action = outcome.action
        before = {change.path: change.before for change in action.changes}
        for each in compare_answer(action, outcome.live):
            if not _is_known(action.type, each, rules):
                was = value_at(each.path, before)
                yield Stored(action.type, action.key, each.path, was, each.after, each.before)


def _is_known(resource: ResourceType, change: Change, rules: Equivalences) -> bool:
    return bool(rules) and not diff_value(resource, change.path, (change.after, change.before), rules)


def value_at(path: str, values: dict[str, Value]) -> Value:
    """A path's value among attributes that may hold it as part of a whole; None where there is none."""
    return values[path] if path in values else live_value(path, values)


def _schema(path: str) -> str:
    return CUSTOM_FIELDS if path.startswith(CUSTOM_FIELDS) else parse_path(path).schema
