"""One difference as an author would have to write it.

That is the attribute of the record that a direct rule reads, with the value that makes 4me's the declared one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.normalise import fold, is_empty
from reconciler.core.paths import CUSTOM_FIELDS, parse_path, short_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Attributes, Value
    from reconciler.core.paths import AttributePath
    from reconciler.core.plan_model import Change
    from reconciler.mapping.rules import Mapping, Rule

    Item = dict[str, Value]


class CannotAdopt(Exception):
    """Why a difference cannot be adopted, and what a person would change."""


class Authored(NamedTuple):
    """An attribute under its author's name, and its value."""

    name: str
    value: Value


def adopt_change(mapping: Mapping, given: Attributes, change: Change, others: Iterable[Change]) -> Authored:
    """What a record that says `given` has to say instead, for `change` to be none. Raises CannotAdopt.

    `others`: all that differs of the resource.
    """
    rule = _find_rule(mapping, given, change.path)
    if rule.source is None:
        raise CannotAdopt(_why_computed(rule))
    if rule.default is not None and is_empty(change.before):
        raise CannotAdopt(
            f"4me has no value, where the mapping's default for {short_path(rule.target)} stands in: change the mapping"
        )
    _check_readers(mapping, rule, change, others)
    name = next((each for each in given if each.casefold() == rule.source.casefold()), rule.source)
    return Authored(name, _value(mapping, rule, given.get(name), change))


def _find_rule(mapping: Mapping, given: Attributes, path: str) -> Rule:
    targets = (path, parse_path(path).attribute, CUSTOM_FIELDS if path.startswith(f"{CUSTOM_FIELDS}:") else path)
    rules = [rule for target in targets for rule in mapping.rules if rule.target == target]
    if not rules:
        raise CannotAdopt(f"no rule of the mapping sets {short_path(path)}")
    return next((rule for rule in rules if rule.source in given), rules[0])


def _why_computed(rule: Rule) -> str:
    if rule.expression is not None:
        return (
            f"the mapping computes {short_path(rule.target)} by an expression: change what that reads, or the mapping"
        )
    kind = "a constant" if rule.constant is not None else "its default"
    return f"the mapping sets {short_path(rule.target)} to {kind}: change the mapping"


def _check_readers(mapping: Mapping, rule: Rule, change: Change, others: Iterable[Change]) -> None:
    """What other rules read too can only be changed where 4me has the same value there."""
    live = {each.path: each.before for each in others}
    for other in mapping.rules:
        if other is rule or rule.source not in other.reads():
            continue
        if other.expression is not None or other.target not in live or live[other.target] != change.before:
            raise CannotAdopt(
                f"`{rule.source}` is read for {short_path(other.target)} as well, where 4me has something else"
            )


def _value(mapping: Mapping, rule: Rule, given: Value, change: Change) -> Value:
    path, before = parse_path(change.path), None if is_empty(change.before) else change.before
    if rule.target == change.path:
        schema = ATTRIBUTES[mapping.resource].get(path.attribute)
        multi = schema is not None and schema.kind is AttributeKind.MULTI_VALUED and not path.by
        return _whole_list(given, before) if multi else before
    if rule.target == CUSTOM_FIELDS or not path.by:
        part = path.name if rule.target == CUSTOM_FIELDS else path.sub
        return {**(given if isinstance(given, dict) else {}), part: before}
    return _with_item(given, path, before, ATTRIBUTES[mapping.resource][path.attribute].subs)


def _whole_list(given: Value, before: Value) -> Value:
    """Those that stay, in the author's order, then the new ones."""
    if not isinstance(before, list):
        return before
    written = given if isinstance(given, list) else [given]
    wanted = {fold(_text(each)): each for each in before}
    kept = [each for each in written if fold(_text(each)) in wanted]
    known = {fold(_text(each)) for each in kept}
    return [*kept, *(each for key, each in wanted.items() if key not in known)]


def _text(value: Value) -> Value:
    return value.get("value") if isinstance(value, dict) else value


def _with_item(given: Value, path: AttributePath, before: Value, subs: Sequence[str]) -> Value:
    """A list of values with one of them, or a part of it, as 4me has it."""
    written: list[Value] = list(given) if isinstance(given, list) else [] if is_empty(given) else [given]
    selected = [index for index, each in enumerate(written) if fold(_item(each).get(path.by)) == fold(path.value)]
    if path.sub:
        for index in selected:
            written[index] = {**_item(written[index]), path.sub: before}
    elif before is None:
        written = [each for index, each in enumerate(written) if index not in selected]
    else:
        item = {sub: _item(before)[sub] for sub in subs if _says_something(sub, _item(before).get(sub))}
        written.append(item["value"] if item.keys() == {"value"} else item)
    return written or None


def _says_something(sub: str, value: Value) -> bool:
    return sub != "display" and not is_empty(value) and value is not False


def _item(value: Value) -> Item:
    return value if isinstance(value, dict) else {"value": value}
