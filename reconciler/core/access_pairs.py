"""Who is who on the two sides of a diff: by the mapping's matching attributes in their order, then by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reconciler.core.access import Who
from reconciler.core.model import Desired, Outside
from reconciler.core.normalise import fold
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import ResourceType

_Found = TypeVar("_Found", Desired, Outside)


class Pair(NamedTuple):
    """The same user or group on both sides, None where it is not declared.

    `outside_before`, `outside_after`: the record that would declare it there, were it in scope.
    """

    who: Who
    before: Desired | None
    after: Desired | None
    outside_before: Outside | None = None
    outside_after: Outside | None = None


class Sided(NamedTuple):
    """The resources of one type on one side."""

    declared: Sequence[Desired]
    outside: Sequence[Outside]


def pair_sides(resource: ResourceType, before: Sided, after: Sided, match: Iterable[str]) -> list[Pair]:
    """Everything that either side declares, sorted by key without case.

    `match`: in order of precedence. Of each attribute, those pair that no attribute before it has paired, so that the
    pairs are the same whichever side comes first.
    """
    attributes = tuple(dict.fromkeys((*match, KEY_ATTRIBUTE[resource])))
    counterparts = _counterparts(before.declared, after.declared, attributes)
    taken = {id(each) for each in counterparts.values()}
    gone = [each for each in before.declared if id(each) not in taken]
    come = [each for each in after.declared if id(each) not in counterparts]
    outside_after = _counterparts(after.outside, gone, attributes) if gone else {}
    outside_before = _counterparts(before.outside, come, attributes) if come else {}
    pairs = [
        *[_pair(counterparts[id(each)], each) for each in after.declared if id(each) in counterparts],
        *[Pair(Who(resource, each.key), None, each, outside_before.get(id(each))) for each in come],
        *[Pair(Who(resource, each.key), each, None, None, outside_after.get(id(each))) for each in gone],
    ]
    return sorted(pairs, key=_order)


def _pair(before: Desired, after: Desired) -> Pair:
    was = before.key if fold(before.key) != fold(after.key) else None
    return Pair(Who(after.type, after.key, was), before, after)


def _order(pair: Pair) -> tuple[str, str, str]:
    return fold(pair.who.key), pair.who.key, pair.who.was or ""


def _counterparts(
    candidates: Sequence[_Found], wanting: Sequence[Desired], attributes: Iterable[str]
) -> dict[int, _Found]:
    """The candidate that each is, by the object's identity, as far as there is one."""
    found: dict[int, _Found] = {}
    free = candidates
    for attribute in attributes:
        by_value = {fold(each.attributes.get(attribute)): each for each in free}
        by_value.pop("", None)
        for each in wanting:
            candidate = by_value.pop(fold(each.attributes.get(attribute)), None)
            if candidate is not None:
                found[id(each)] = candidate
        if len(found) == len(candidates):
            break
        taken = {id(each) for each in found.values()}
        free = [each for each in free if id(each) not in taken]
        wanting = [each for each in wanting if id(each) not in found]
    return found
