"""Who is effectively in which group on one side of a diff. People and groups are numbers: those of their pairs."""

from __future__ import annotations

from collections import Counter, deque
from graphlib import TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import ResourceType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.core.access import Via
    from reconciler.core.model import Desired

_NOBODY: frozenset[int] = frozenset()


class Numbers(NamedTuple):
    """The numbers of all people and groups that one side declares, by key."""

    people: Mapping[str, int]
    groups: Mapping[str, int]


class SideGroups:
    """The groups of one side, by number, None for those it does not declare; `active`: the people who have access.

    `direct`: the people who are declared members, active or not; `nested`: the groups that are, sorted. `known`:
    whether members are managed in the group and in all that are nested in it. `people`: who is effectively in it.
    """

    def __init__(self, groups: Sequence[Desired | None], numbers: Numbers, active: frozenset[int]) -> None:
        self.groups = groups
        self.active = active
        self.direct: list[frozenset[int]] = []
        self.nested: list[tuple[int, ...]] = []
        for each in groups:
            people, nested = _members(each, numbers)
            self.direct.append(people)
            self.nested.append(nested)
        self.known = [each is None or each.members is not None for each in groups]
        self.people = [each if each <= active else each & active for each in self.direct]
        inner = {number: nested for number, nested in enumerate(self.nested) if nested}
        for number in TopologicalSorter(inner).static_order():
            nested = self.nested[number]
            if nested:
                self.people[number] = self.people[number].union(*[self.people[each] for each in nested])
                self.known[number] &= all(self.known[each] for each in nested)

    def count_groups(self, people: Iterable[int]) -> Counter[int]:
        """In how many groups each of these people effectively is."""
        wanted = frozenset(people)
        return Counter(chain.from_iterable([each & wanted for each in self.people] if wanted else ()))

    def find_ways(self, group: int, people: Collection[int]) -> dict[int, Via]:
        """The shortest way by which each of these people is in a group; of equally short ones the first by name."""
        found: dict[int, Via] = {}
        rest = set(people)
        trail: deque[tuple[int, Via]] = deque([(group, ())])
        seen = {group}
        while trail and rest:
            number, via = trail.popleft()
            here = rest & self.direct[number]
            rest -= here
            found.update(dict.fromkeys(here, via))
            for inner in self.nested[number]:
                declared = self.groups[inner]
                if inner not in seen and declared is not None:
                    seen.add(inner)
                    trail.append((inner, (declared.key, *via)))
        return found


def _members(group: Desired | None, numbers: Numbers) -> tuple[frozenset[int], tuple[int, ...]]:
    members = group.members if group else None
    if not members:
        return _NOBODY, ()
    user, people = ResourceType.USER, numbers.people
    direct = frozenset([people[name] for kind, name in members if kind is user])
    if len(direct) == len(members):
        return direct, ()
    return direct, tuple(sorted([numbers.groups[name] for kind, name in members if kind is not user]))


class Kept:
    """Who may be in a group on `side` although it does not say so, since it leaves some groups as `other` has them.

    `loose`: the numbers of those groups.
    """

    def __init__(self, side: SideGroups, other: SideGroups, loose: Iterable[int]) -> None:
        self._side, self._other = side, other
        self._loose = frozenset(loose)

    def find(self, group: int, people: frozenset[int]) -> frozenset[int]:
        """Those among these people who may be in this group."""
        people &= self._side.active
        if not self._loose or not people:
            return _NOBODY
        found: set[int] = set()
        trail, seen = [group], {group}
        while trail:
            number = trail.pop()
            found |= people & self._side.direct[number]
            inner = self._side.nested[number]
            if number in self._loose:
                found |= people & self._other.direct[number]
                inner = (*inner, *self._other.nested[number])
            trail += [each for each in inner if each not in seen]
            seen.update(inner)
        return frozenset(found)
