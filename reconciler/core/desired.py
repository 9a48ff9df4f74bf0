"""Mapped records to desired state: keys, references resolved, and every contradiction between records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.model import Desired, DesiredState, Member, Record, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.model import MappedRecord

MAX_HINTS = 20
"""A set with thousands of unknown names needs no thousands of guesses, each of which looks at every name."""
RecordProblem = tuple[Record, tuple[str | int, ...], str]


@dataclass(slots=True)
class _Names:
    """Declared resources of one type by each name that a reference may use, without case, best name first."""

    by_attribute: dict[str, dict[str, list[MappedRecord]]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Sequence[MappedRecord], attributes: Sequence[str]) -> _Names:
        names = cls()
        for attribute in attributes:
            index: dict[str, list[MappedRecord]] = defaultdict(list)
            for each in records:
                value = fold(each.attributes.get(attribute))
                if value:
                    index[value].append(each)
            names.by_attribute[attribute] = index
        return names

    def find(self, name: str) -> list[MappedRecord]:
        for index in self.by_attribute.values():
            if fold(name) in index:
                return index[fold(name)]
        return []

    def known(self) -> Iterator[str]:
        for attribute, index in self.by_attribute.items():
            for found in index.values():
                yield str(found[0].attributes[attribute])


def build_desired(
    users: Sequence[MappedRecord], groups: Sequence[MappedRecord]
) -> tuple[DesiredState, list[RecordProblem]]:
    """Desired state, and everything that is wrong between the records (then the state is not to be used)."""
    return _Builder(users, groups).build()


class _Builder:
    """Resolves names once for all records; collects problems."""

    def __init__(self, users: Sequence[MappedRecord], groups: Sequence[MappedRecord]) -> None:
        self.hints = 0
        self.users = [each for each in users if self._has_key(each)]
        self.groups = [each for each in groups if self._has_key(each)]
        self.problems: list[RecordProblem] = [
            (each.record, (), f"{each.record.type.value.lower()} without {KEY_ATTRIBUTE[each.record.type]}")
            for each in (*users, *groups)
            if not self._has_key(each)
        ]
        self.user_names = _Names.of(self.users, ("userName", "externalId", "displayName"))
        self.managers = _Names.of(self.users, ("userName", "externalId"))
        self.group_names = _Names.of(self.groups, ("displayName", "externalId"))

    def build(self) -> tuple[DesiredState, list[RecordProblem]]:
        self._check_duplicates(self.users, ("userName", "externalId"))
        self._check_duplicates(self.groups, ("displayName", "externalId"))
        bosses = {_key(each): boss for each in self.users if (boss := self._manager(each))}
        memberships = self._memberships()
        nested = {
            key: [member.name for member in sorted(members) if member.type is ResourceType.GROUP]
            for key, members in memberships.items()
        }
        self._check_cycles(self.users, {key: [boss] for key, boss in bosses.items()}, ("manager", "managers"))
        self._check_cycles(self.groups, nested, ("members", "nested groups"))
        return (
            DesiredState(
                tuple(_desired_user(each, bosses.get(_key(each))) for each in self.users),
                tuple(_desired_group(each, memberships.get(_key(each))) for each in self.groups),
            ),
            self.problems,
        )

    @staticmethod
    def _has_key(each: MappedRecord) -> bool:
        return bool(fold(each.attributes.get(KEY_ATTRIBUTE[each.record.type])))

    def _check_duplicates(self, records: Sequence[MappedRecord], attributes: Sequence[str]) -> None:
        for attribute in attributes:
            first: dict[str, MappedRecord] = {}
            for each in records:
                value = fold(each.attributes.get(attribute))
                if not value:
                    continue
                earlier = first.setdefault(value, each)
                if earlier is not each:
                    noun = each.record.type.value.lower()
                    message = (
                        f"two {noun}s with {attribute} `{each.attributes[attribute]}`: also at {earlier.record.source}"
                    )
                    self.problems.append((each.record, (attribute,), message))

    def _hint(self, name: str, names: _Names) -> str:
        self.hints += 1
        return did_you_mean(name, names.known()) if self.hints <= MAX_HINTS else ""

    def _manager(self, each: MappedRecord) -> str | None:
        name = each.attributes.get(MANAGER)
        if not isinstance(name, str):
            return None
        found = self.managers.find(name)
        if not found:
            hint = self._hint(name, self.managers)
            message = f"manager `{name}` is no declared user's userName or externalId{hint}"
            self.problems.append((each.record, ("manager",), message))
            return None
        return _key(found[0])

    def _memberships(self) -> dict[str, set[Member]]:
        """Members by group, for the groups whose membership is managed."""
        members: dict[str, set[Member]] = {}
        for group in self.groups:
            if group.record.members is not None or group.record.membership is not None:
                members[_key(group)] = set()
            for index, member in enumerate(group.record.members or ()):
                found = self._member(group, member, index)
                if found:
                    members[_key(group)].add(found)
        for user in self.users:
            for index, name in enumerate(user.record.groups or ()):
                groups = self.group_names.find(name)
                if groups:
                    members.setdefault(_key(groups[0]), set()).add(Member(ResourceType.USER, _key(user)))
                else:
                    hint = self._hint(name, self.group_names)
                    self.problems.append((user.record, ("groups", index), f"group `{name}` is not declared{hint}"))
        return members

    def _member(self, group: MappedRecord, member: Member, index: int) -> Member | None:
        names = self.user_names if member.type is ResourceType.USER else self.group_names
        found = names.find(member.name)
        if len(found) == 1:
            return Member(member.type, _key(found[0]))
        self.problems.append((group.record, ("members", index), self._member_problem(member, found, names)))
        return None

    def _member_problem(self, member: Member, found: Sequence[MappedRecord], names: _Names) -> str:
        if found:
            places = ", ".join(str(each.record.source) for each in found)
            return f"member `{member.name}` could be any of {len(found)}: {places}; write the userName"
        if member.type is ResourceType.GROUP:
            return f"group `{member.name}` is not declared{self._hint(member.name, names)}"
        if self.group_names.find(member.name):
            return f"member `{member.name}` is a group: write {{group: {member.name}}}"
        return f"member `{member.name}` is no declared user{self._hint(member.name, names)}"

    def _check_cycles(
        self, records: Sequence[MappedRecord], edges: dict[str, list[str]], words: tuple[str, str]
    ) -> None:
        by_key = {_key(each): each for each in records}
        attribute, noun = words
        for cycle in _cycles(edges):
            chain = " → ".join((*cycle, cycle[0]))
            self.problems.append((by_key[cycle[0]].record, (attribute,), f"cycle of {noun}: {chain}"))


def _key(each: MappedRecord) -> str:
    return str(each.attributes[KEY_ATTRIBUTE[each.record.type]])


def _desired_user(each: MappedRecord, manager: str | None) -> Desired:
    attributes = {**each.attributes, MANAGER: manager} if MANAGER in each.attributes else each.attributes
    return Desired(
        ResourceType.USER,
        _key(each),
        attributes,
        each.record.source,
        active=attributes.get("active", True) is not False,
        create_only=each.create_only,
        adopt=each.record.adopt,
    )


def _desired_group(each: MappedRecord, members: Iterable[Member] | None) -> Desired:
    return Desired(
        ResourceType.GROUP,
        _key(each),
        each.attributes,
        each.record.source,
        create_only=each.create_only,
        members=None if members is None else frozenset(members),
        membership=each.record.membership or "authoritative",
        adopt=each.record.adopt,
    )


def _cycles(edges: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """Each cycle that a walk over the edges closes, once, starting at its first key."""
    done: set[str] = set()
    for start in edges:
        trail: list[tuple[str, Iterator[str]]] = [] if start in done else [(start, iter(edges.get(start, ())))]
        on_trail = {start}
        while trail:
            key, following = trail[-1]
            step = next(following, None)
            if step is None:
                trail.pop()
                on_trail.discard(key)
                done.add(key)
            elif step in on_trail:
                names = [each for each, _ in trail]
                cycle = names[names.index(step) :]
                first = cycle.index(min(cycle))
                yield (*cycle[first:], *cycle[:first])
            elif step not in done:
                trail.append((step, iter(edges.get(step, ()))))
                on_trail.add(step)
