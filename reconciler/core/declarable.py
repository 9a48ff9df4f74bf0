"""Live state to what manifests can declare of it: who can be named, by which manager, in which groups.

What cannot be declared comes with the reason, so that nothing is dropped silently.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.desired import find_cycles
from reconciler.core.keys import find_control
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.core.model import Live, LiveState

EXTERNAL_ID = "externalId"
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP


class Undeclared(NamedTuple):
    """A reference that a record cannot have: what it names, and why not."""

    name: str
    reason: str


class Declared(NamedTuple):
    """A live resource that a record can declare.

    `ambiguous`: others have the same externalId, so that the record cannot have it. `manager`: his userName, or why
    there is none in the record. `members` is None where they were not read; `others`: members that cannot be named.
    """

    live: Live
    ambiguous: bool = False
    manager: str | Undeclared | None = None
    members: tuple[Member, ...] | None = None
    others: tuple[Undeclared, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What manifests can declare, sorted by name.

    `undeclarable`: owned resources that no record can declare, and why. `inactive`: how many owned users were left
    out for that; `foreign`: how many users and groups, since they are not owned.
    """

    users: tuple[Declared, ...]
    groups: tuple[Declared, ...]
    undeclarable: tuple[tuple[Live, str], ...]
    inactive: int
    foreign: int


def take_inventory(
    live: LiveState, match: Mapping[ResourceType, Sequence[str]], *, include_inactive: bool
) -> Inventory:
    """What of live state can be declared, if records are matched by these attributes."""
    return _Taker(live, match, include_inactive=include_inactive).take()


class _Names:
    """Of one resource type: how often each key and externalId occurs, among all that there are."""

    def __init__(self, lives: Iterable[Live], kind: ResourceType) -> None:
        everyone = tuple(lives)
        self.counts = {
            name: Counter(fold(each.attributes.get(name)) for each in everyone)
            for name in (KEY_ATTRIBUTE[kind], EXTERNAL_ID)
        }

    def is_unique(self, live: Live, attribute: str) -> bool:
        value = fold(live.attributes.get(attribute))
        return bool(value) and self.counts[attribute][value] == 1

    def problem(self, live: Live, match: Sequence[str]) -> str | None:
        """Why a record cannot declare this one."""
        key = KEY_ATTRIBUTE[live.type]
        if not fold(live.attributes.get(key)):
            return f"it has no {key}"
        if not self.is_unique(live, key):
            return f"several have this {key}"
        if find_control(live.key) is not None:
            return f"its {key} has a control character"
        if not any(self.is_unique(live, name) for name in match):
            return f"nothing that it is matched by ({', '.join(match)}) is its own"
        return None


class _Taker:
    """Decides who is in first, then what they refer to."""

    def __init__(self, live: LiveState, match: Mapping[ResourceType, Sequence[str]], *, include_inactive: bool) -> None:
        self._live = live
        self._include_inactive = include_inactive
        self._names = {_USER: _Names(live.users, _USER), _GROUP: _Names(live.groups, _GROUP)}
        self._everyone = {Member(each.type, each.id): each for each in (*live.users, *live.groups)}
        owned = [each for each in self._everyone.values() if each.owned and self._is_wanted(each)]
        problems = {
            Member(each.type, each.id): problem
            for each in owned
            if (problem := self._names[each.type].problem(each, match[each.type]))
        }
        self._problems = problems
        self._declared = {
            Member(each.type, each.id): each
            for each in sorted(owned, key=_order)
            if (each.type, each.id) not in problems
        }

    def take(self) -> Inventory:
        return Inventory(
            tuple(self._user(each) for each in self._declared.values() if each.type is _USER),
            tuple(self._group(each) for each in self._declared.values() if each.type is _GROUP),
            tuple((self._everyone[member], reason) for member, reason in self._problems.items()),
            sum(1 for each in self._live.users if each.owned and not self._is_wanted(each)),
            sum(1 for each in self._everyone.values() if not each.owned),
        )

    def _is_wanted(self, live: Live) -> bool:
        return live.active or self._include_inactive or live.type is _GROUP

    def _user(self, live: Live) -> Declared:
        manager = live.attributes.get(MANAGER)
        ambiguous = self._is_ambiguous(live)
        if not isinstance(manager, str):
            return Declared(live, ambiguous)
        member = Member(_USER, manager)
        if (live.id, manager) in self._circular[_USER]:
            return Declared(live, ambiguous, Undeclared(self._name(member), "a cycle of managers"))
        if member in self._declared:
            return Declared(live, ambiguous, self._declared[member].key)
        return Declared(live, ambiguous, Undeclared(self._name(member), self._reason(member)))

    def _group(self, live: Live) -> Declared:
        ambiguous = self._is_ambiguous(live)
        if live.members is None:
            return Declared(live, ambiguous)
        members: list[Member] = []
        others: list[Undeclared] = []
        for each in live.members:
            if each.type is _GROUP and (live.id, each.name) in self._circular[_GROUP]:
                others.append(Undeclared(self._name(each), "a cycle of groups"))
            elif each in self._declared:
                members.append(Member(each.type, self._declared[each].key))
            else:
                others.append(Undeclared(self._name(each), self._reason(each)))
        members.sort(key=lambda each: (each.type is _GROUP, fold(each.name), each.name))
        return Declared(live, ambiguous, None, tuple(members), tuple(sorted(others)))

    def _is_ambiguous(self, live: Live) -> bool:
        has_one = bool(fold(live.attributes.get(EXTERNAL_ID)))
        return has_one and not self._names[live.type].is_unique(live, EXTERNAL_ID)

    @cached_property
    def _circular(self) -> dict[ResourceType, set[tuple[str, str]]]:
        """References (from id to id) to leave out, so that nobody is his own manager and no group its own member."""
        managers: dict[str, list[str]] = {}
        nested: dict[str, list[str]] = {}
        for (kind, identity), live in self._declared.items():
            boss = live.attributes.get(MANAGER)
            if kind is _USER and isinstance(boss, str) and Member(_USER, boss) in self._declared:
                managers[identity] = [boss]
            elif kind is _GROUP and live.members:
                nested[identity] = sorted(
                    name for name in live.members.groups if Member(_GROUP, name) in self._declared
                )
        return {_USER: _break_cycles(managers), _GROUP: _break_cycles(nested)}

    def _name(self, member: Member) -> str:
        live = self._everyone.get(member)
        return live.key if live else self._live.member_names.get(member, f"id {member.name}")

    def _reason(self, member: Member) -> str:
        live = self._everyone.get(member)
        if live is None:
            return "not among what could be read"
        if not live.owned:
            return "not owned by these manifests"
        return self._problems.get(member) or "inactive"


def _order(live: Live) -> tuple[str, str, str]:
    return fold(live.key), live.key, live.id


def _break_cycles(edges: dict[str, list[str]]) -> set[tuple[str, str]]:
    """The edges to leave out: of each cycle the one that closes it."""
    left_out: set[tuple[str, str]] = set()
    while cycles := list(find_cycles(edges)):
        left_out.update((cycle[-1], cycle[0]) for cycle in cycles)
        edges = {start: [end for end in ends if (start, end) not in left_out] for start, ends in edges.items()}
    return left_out
