"""Which attributes of one user or group differ between two sides that both declare it, or that one declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.access import AttributeChange
from reconciler.core.normalise import fold, instant, is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.core.access import Managed
    from reconciler.core.model import Desired, Value

    Numbers = Mapping[str, int]


def given_attributes(declared: Desired) -> tuple[AttributeChange, ...]:
    """All that a new user or group gets, but its key and whether it is active."""
    return tuple(
        AttributeChange(path, None, _shown(declared, path), "no", _managed(declared, path))
        for path, value in declared.attributes.items()
        if path not in ("active", KEY_ATTRIBUTE[declared.type]) and not is_empty(value)
    )


def attribute_changes(before: Desired, after: Desired, people: tuple[Numbers, Numbers]) -> tuple[AttributeChange, ...]:
    """What differs, in the order of the mapping, but the key and whether it is active.

    `people`: numbers by key on both sides; managers of the same number are the same.
    """
    if _is_written_alike(before, after) and before.attributes == after.attributes:
        boss = after.attributes.get(MANAGER)
        if not isinstance(boss, str) or people[0].get(boss) == people[1].get(boss):
            return ()
    paths = dict.fromkeys((*after.attributes, *before.attributes))
    return tuple(_changes((path for path in paths if path != "active"), before, after, people))


def _is_written_alike(before: Desired, after: Desired) -> bool:
    return (before.create_only, before.only_empty, before.choices) == (
        after.create_only,
        after.only_empty,
        after.choices,
    )


def _changes(
    paths: Iterable[str], before: Desired, after: Desired, people: tuple[Numbers, Numbers]
) -> Iterable[AttributeChange]:
    key = KEY_ATTRIBUTE[after.type]
    for path in paths:
        one, other = _shown(before, path), _shown(after, path)
        managed = _managed(before, path), _managed(after, path)
        if path == key:
            equal = True
        elif path == MANAGER and not is_empty(one) and not is_empty(other):
            equal = people[0].get(str(one)) == people[1].get(str(other))
        else:
            equal = _same(path, one, other)
        if not equal or managed[0] != managed[1]:
            yield AttributeChange(path, one, other, *managed)


def _managed(declared: Desired, path: str) -> Managed:
    if path not in declared.attributes:
        return "no"
    if path in declared.create_only:
        return "create"
    return "empty" if path in declared.only_empty else "always"


def _shown(declared: Desired, path: str) -> Value:
    """The value; where it is to be chosen at creation, all that it can be."""
    for chosen, candidates in declared.choices:
        if chosen == path and len(candidates) > 1:
            return list(candidates)
    value = declared.attributes.get(path)
    return None if is_empty(value) else value


def _same(path: str, one: Value, other: Value) -> bool:
    if one == other:
        return True
    if isinstance(one, (list, dict)) and isinstance(other, (list, dict)) and not path.startswith(CUSTOM_FIELDS):
        return _canonical(one) == _canonical(other)
    return same(one, other, exact=path.startswith(CUSTOM_FIELDS))


def _canonical(value: Value) -> object:
    """Equal for values that mean the same: order and case do not count, nor do parts without a value."""
    if isinstance(value, list):
        return frozenset(_canonical(each if isinstance(each, dict) else {"value": each}) for each in value)
    if isinstance(value, dict):
        return frozenset((sub, _canonical(part)) for sub, part in value.items() if not is_empty(part))
    return (instant(value) if isinstance(value, str) else None) or fold(value)
