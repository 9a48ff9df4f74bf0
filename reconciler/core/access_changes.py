"""The changes for each person and each group, once it is known who is who on both sides."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.core.access import GroupChange, MembershipChange, PersonChange, Transition
from reconciler.core.access_attributes import attribute_changes, given_attributes
from reconciler.core.access_groups import Kept, Numbers, SideGroups
from reconciler.core.paths import MANAGER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reconciler.core.access import AttributeChange, MembershipOf, Who
    from reconciler.core.access_pairs import Pair
    from reconciler.core.model import Desired, Outside, Source

INACTIVE = "declared inactive (active: false)"


class Comparison:
    """Both sides of people and of groups, which count as numbers: those of their pairs, in the order of their names."""

    def __init__(self, people: Sequence[Pair], groups: Sequence[Pair]) -> None:
        self._people, self._groups = people, groups
        befores, afters = [each.before for each in people], [each.after for each in people]
        groups_before, groups_after = [each.before for each in groups], [each.after for each in groups]
        self._numbers = _by_key(befores), _by_key(afters)
        self._before = SideGroups(groups_before, Numbers(self._numbers[0], _by_key(groups_before)), _active(befores))
        self._after = SideGroups(groups_after, Numbers(self._numbers[1], _by_key(groups_after)), _active(afters))
        unknown = [number for number, each in enumerate(groups_before) if _membership(each) == "unmanaged"]
        loose = [number for number, each in enumerate(groups_after) if _membership(each) in ("unmanaged", "additive")]
        self._had_before = Kept(self._before, self._after, unknown)
        self._keep_after = Kept(self._after, self._before, loose)
        self._memberships = [tuple(self._compare_members(number)) for number in range(len(groups))]

    def people(self) -> tuple[PersonChange, ...]:
        """All people for whom something changes."""
        memberships: defaultdict[Who, list[MembershipChange]] = defaultdict(list)
        for each in chain.from_iterable(self._memberships):
            memberships[each.person].append(each)
        told = {
            number: attributes
            for number, pair in enumerate(self._people)
            if (attributes := self._attributes(pair)) or pair.who in memberships or _differs(pair)
        }
        counts = self._before.count_groups(told), self._after.count_groups(told)
        reports = self._reports({number for number in told if _moves(self._people[number])[0] is Transition.LEAVE})
        return tuple(
            PersonChange(
                pair.who,
                *_moves(pair),
                attributes,
                tuple(memberships.get(pair.who, ())),
                counts[0][number],
                counts[1][number],
                tuple(reports.get(number, ())),
                _adopts(pair),
                *_places(pair),
            )
            for number, attributes in told.items()
            for pair in (self._people[number],)
        )

    def groups(self) -> tuple[GroupChange, ...]:
        """All groups for which something changes."""
        return tuple(change for number in range(len(self._groups)) if (change := self._group(number)) is not None)

    def _group(self, number: int) -> GroupChange | None:
        pair = self._groups[number]
        attributes, memberships = self._attributes(pair), self._memberships[number]
        modes = _membership(pair.before), _membership(pair.after)
        add, remove = tuple(self._direct(number, added=True)), tuple(self._direct(number, added=False))
        if not (attributes or memberships or add or remove or modes[0] != modes[1] or _differs(pair)):
            return None
        before, after = self._before, self._after
        return GroupChange(
            pair.who,
            *_moves(pair),
            attributes,
            *modes,
            add,
            remove,
            memberships,
            len(before.people[number]),
            len(after.people[number]),
            before.known[number],
            after.known[number],
            _adopts(pair),
            *_places(pair),
        )

    def _direct(self, number: int, *, added: bool) -> Iterator[Who]:
        here, there = (self._after, self._before) if added else (self._before, self._after)
        for person in sorted(here.direct[number] - there.direct[number]):
            yield self._people[person].who
        for group in here.nested[number]:
            if group not in there.nested[number]:
                yield self._groups[group].who

    def _attributes(self, pair: Pair) -> tuple[AttributeChange, ...]:
        if pair.after is None:
            return ()
        if pair.before is None:
            return given_attributes(pair.after)
        return attribute_changes(pair.before, pair.after, self._numbers)

    def _reports(self, leaving: Collection[int]) -> dict[int, list[Who]]:
        """Active people in HEAD by the number of their manager, as far as that one leaves."""
        found: defaultdict[int, list[Who]] = defaultdict(list)
        for who, before, after, *_ in self._people if leaving else ():
            if after is None or not after.active:
                continue
            boss = self._numbers[1].get(str(after.attributes.get(MANAGER)))
            if MANAGER not in after.attributes and before is not None:
                boss = self._numbers[0].get(str(before.attributes.get(MANAGER)))
            if boss is not None and boss in leaving:
                found[boss].append(who)
        return found

    def _compare_members(self, number: int) -> Iterator[MembershipChange]:
        before, after = self._before, self._after
        had, has = before.people[number], after.people[number]
        gained, lost, moved = has - had, had - has, frozenset[int]()
        if before.nested[number] or after.nested[number]:
            moved = (before.direct[number] ^ after.direct[number]) & had & has
        if not (gained or lost or moved):
            return
        ways_before, ways_after = before.find_ways(number, lost | moved), after.find_ways(number, gained | moved)
        unsure = self._had_before.find(number, gained) | self._keep_after.find(number, lost)
        group = self._groups[number].who
        for person in sorted(gained | lost | moved):
            who = self._people[person].who
            yield MembershipChange(who, group, ways_before.get(person), ways_after.get(person), person not in unsure)


def _by_key(declared: Iterable[Desired | None]) -> dict[str, int]:
    return {each.key: number for number, each in enumerate(declared) if each is not None}


def _active(declared: Iterable[Desired | None]) -> frozenset[int]:
    return frozenset([number for number, each in enumerate(declared) if each is not None and each.active])


def _membership(group: Desired | None) -> MembershipOf:
    if group is None:
        return "undeclared"
    return "unmanaged" if group.members is None else group.membership


def _differs(pair: Pair) -> bool:
    """Whether it is new, renamed, gone, active or inactive now, or may take over another identity now."""
    before, after = pair.before, pair.after
    if before is None or after is None or before.active != after.active:
        return True
    return pair.who.was is not None or _adopts(pair)


def _adopts(pair: Pair) -> bool:
    before, after = pair.before, pair.after
    return after is not None and after.adopt and not (before is not None and before.adopt)


def _places(pair: Pair) -> tuple[Source | None, Source | None]:
    """Where it is declared, or where the record is that is out of scope."""
    before, after = pair.before or pair.outside_before, pair.after or pair.outside_after
    return before.source if before else None, after.source if after else None


def _moves(pair: Pair) -> tuple[Transition, str]:
    """What becomes of it, and why."""
    before, after = pair.before, pair.after
    if before is None:
        reason = _out("in scope now; before, ", pair.outside_before) or "declared now"
        if after is not None and not after.active:
            return Transition.INACTIVE, INACTIVE
        return Transition.JOIN, reason
    if after is None:
        reason = _out("", pair.outside_after) or "no longer declared"
        return Transition.LEAVE if before.active else Transition.DROPPED, reason
    if before.active == after.active:
        return Transition.STAY, ""
    return (Transition.RETURN, "was declared inactive") if after.active else (Transition.LEAVE, INACTIVE)


def _out(prefix: str, outside: Outside | None) -> str:
    return f"{prefix}out of scope: {outside.reason}" if outside else ""
