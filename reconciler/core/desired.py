"""Records to desired state: keys, references resolved, and every contradiction between records."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from reconciler.core.model import Desired, DesiredState, Member, Outside, Record, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_HINTS = 20
"""A set with thousands of unknown names needs no thousands of guesses, each of which looks at every name."""
LISTED = 5
NAMES = {
    ResourceType.USER: ("userName", "externalId", "displayName"),
    ResourceType.GROUP: ("displayName", "externalId"),
}
RecordProblem = tuple[Record, tuple[str | int, ...], str]
"""A record, the path inside it (attribute name first), and what is wrong there."""


class _Index:
    """Records by one attribute without case: the first of each value, and the others that have the same."""

    def __init__(self, records: Sequence[Record], attribute: str) -> None:
        self.attribute = attribute
        self.first: dict[str, Record] = {}
        self.others: dict[str, list[Record]] = {}
        for each in records:
            value = each.attributes.get(attribute)
            folded = fold(value)
            if folded:
                name = value if isinstance(value, str) and value == folded else folded  # one text less to keep
                if self.first.setdefault(name, each) is not each:
                    self.others.setdefault(name, []).append(each)


def build_desired(users: Sequence[Record], groups: Sequence[Record]) -> tuple[DesiredState, list[RecordProblem]]:
    """Desired state, and everything that is wrong between the records (then the state is not to be used).

    Records out of scope count as not declared, but may be referred to: such references are left out and noted.
    """
    return _Builder(users, groups).build()


class _Builder:
    """Resolves names once for all records; collects problems."""

    def __init__(self, users: Sequence[Record], groups: Sequence[Record]) -> None:
        self.hints = 0
        self.problems: list[RecordProblem] = []
        self.outside = [each for records in (users, groups) for each in records if each.outside is not None]
        self.left_out: dict[str, None] = {}
        """References to records out of scope, as they were written."""
        self.users = self._with_key(_in_scope(users))
        self.groups = self._with_key(_in_scope(groups))
        self.managers = (_Index(self.users, "userName"), _Index(self.users, "externalId"))
        self.group_names = (_Index(self.groups, "displayName"), _Index(self.groups, "externalId"))
        self.members: dict[Member, Member] = {}
        """What a member as written is found to be."""

    @cached_property
    def display_names(self) -> _Index:
        """Only members may be named so, and few are."""
        return _Index(self.users, "displayName")

    def build(self) -> tuple[DesiredState, list[RecordProblem]]:
        for index in (*self.managers, *self.group_names):
            self._check_duplicates(index)
        bosses = self._bosses()
        memberships = self._memberships()
        nested = {
            key: sorted(name for resource, name in members if resource is ResourceType.GROUP)
            for key, members in memberships.items()
        }
        if _goes_round(bosses):
            self._check_cycles(self.users, {key: [boss] for key, boss in bosses.items()}, ("manager", "managers"))
        self._check_cycles(self.groups, nested, ("members", "nested groups"))
        return (
            DesiredState(
                tuple([_desired_user(each, bosses) for each in self.users]),
                tuple([_desired_group(each, memberships.get(_key(each))) for each in self.groups]),
                tuple([Outside(each.type, each.attributes, each.source, each.outside or "") for each in self.outside]),
                self._notes(),
            ),
            self.problems,
        )

    def _notes(self) -> tuple[str, ...]:
        if not self.left_out:
            return ()
        names = ", ".join(list(self.left_out)[:LISTED])
        more = f" and {len(self.left_out) - LISTED} more" if len(self.left_out) > LISTED else ""
        return (f"left out, since they refer to records out of scope: {names}{more}",)

    @cached_property
    def outside_names(self) -> dict[ResourceType, frozenset[str]]:
        """By what records out of scope may be called; few manifests have any."""
        return {
            kind: frozenset(
                fold(each.attributes.get(name)) for each in self.outside if each.type is kind for name in NAMES[kind]
            )
            - {""}
            for kind in ResourceType
        }

    def _is_outside(self, kind: ResourceType, name: str, role: str) -> bool:
        """Whether a name, of no record in scope, is that of one out of scope."""
        found = fold(name) in self.outside_names[kind]
        if found:
            self.left_out[f"{role} {name}"] = None
        return found

    def _with_key(self, records: Sequence[Record]) -> Sequence[Record]:
        without = [each for each in records if not each.attributes.get(KEY_ATTRIBUTE[each.type])]
        if not without:
            return records
        for each in without:
            self.problems.append((each, (), f"{each.type.value.lower()} without {KEY_ATTRIBUTE[each.type]}"))
        return [each for each in records if each.attributes.get(KEY_ATTRIBUTE[each.type])]

    def _check_duplicates(self, index: _Index) -> None:
        for name, others in index.others.items():
            earlier = index.first[name]
            for each in others:
                value = each.attributes[index.attribute]
                message = f"two {each.type.value.lower()}s with {index.attribute} `{value}`: also at {earlier.source}"
                self.problems.append((each, (index.attribute,), message))

    def _hint(self, name: str, indexes: Iterable[_Index]) -> str:
        self.hints += 1
        return did_you_mean(name, _known(indexes)) if self.hints <= MAX_HINTS else ""

    def _bosses(self) -> dict[str, str]:
        """Users' keys and those of their managers."""
        bosses: dict[str, str] = {}
        resolved: dict[str, str] = {}
        for each in self.users:
            name = each.attributes.get(MANAGER)
            if isinstance(name, str) and (boss := resolved.get(name) or self._boss(each, name)):
                bosses[each.attributes["userName"]] = resolved[name] = boss  # type: ignore[index]
        return bosses

    def _boss(self, each: Record, name: str) -> str | None:
        found = _find(name, self.managers)
        if found:
            return _key(found[0])
        if self._is_outside(ResourceType.USER, name, "manager"):
            return None
        hint = self._hint(name, self.managers)
        message = f"manager `{name}` is no declared user's userName or externalId{hint}"
        self.problems.append((each, ("manager",), message))
        return None

    def _memberships(self) -> dict[str, set[Member]]:
        """Members by group, for the groups whose membership is managed."""
        members: dict[str, set[Member]] = {}
        for group in self.groups:
            if group.members is not None or group.membership is not None:
                members[_key(group)] = set()
            for index, member in enumerate(group.members or ()):
                found = self.members.get(member) or self._member(group, member, index)
                if found:
                    members[_key(group)].add(found)
        for user in self.users:
            if user.groups:
                for key in self._groups_of(user, user.groups):
                    members.setdefault(key, set()).add(Member(ResourceType.USER, _key(user)))
        return members

    def _groups_of(self, user: Record, names: Sequence[str]) -> Iterator[str]:
        for index, name in enumerate(names):
            groups = _find(name, self.group_names)
            if groups:
                yield _key(groups[0])
            elif not self._is_outside(ResourceType.GROUP, name, "group"):
                hint = self._hint(name, self.group_names)
                self.problems.append((user, ("groups", index), f"group `{name}` is not declared{hint}"))

    def _member(self, group: Record, member: Member, index: int) -> Member | None:
        if member.type is ResourceType.USER:
            found = _find(member.name, self.managers) or _find(member.name, (self.display_names,))
        else:
            found = _find(member.name, self.group_names)
        if len(found) == 1:
            self.members[member] = resolved = Member(member.type, _key(found[0]))
            return resolved
        if not found and self._is_outside(member.type, member.name, "member"):
            return None
        self.problems.append((group, ("members", index), self._member_problem(member, found)))
        return None

    def _member_problem(self, member: Member, found: Sequence[Record]) -> str:
        if found:
            places = ", ".join(str(each.source) for each in found)
            return f"member `{member.name}` could be any of {len(found)}: {places}; write the userName"
        if member.type is ResourceType.GROUP:
            return f"group `{member.name}` is not declared{self._hint(member.name, self.group_names)}"
        if _find(member.name, self.group_names):
            return f"member `{member.name}` is a group: write {{group: {member.name}}}"
        hint = self._hint(member.name, (*self.managers, self.display_names))
        return f"member `{member.name}` is no declared user{hint}"

    def _check_cycles(self, records: Sequence[Record], edges: dict[str, list[str]], words: tuple[str, str]) -> None:
        by_key = {_key(each): each for each in records}
        attribute, noun = words
        for cycle in find_cycles(edges):
            chain = " → ".join((*cycle, cycle[0]))
            self.problems.append((by_key[cycle[0]], (attribute,), f"cycle of {noun}: {chain}"))


def _in_scope(records: Sequence[Record]) -> Sequence[Record]:
    if all(each.outside is None for each in records):
        return records
    return [each for each in records if each.outside is None]


def _find(name: str, indexes: Iterable[_Index]) -> list[Record]:
    """The records that a reference names, by the best name first."""
    folded = fold(name)
    for index in indexes:
        first = index.first.get(folded)
        if first is not None:
            return [first, *index.others.get(folded, ())] if index.others else [first]
    return []


def _known(indexes: Iterable[_Index]) -> Iterator[str]:
    for index in indexes:
        for found in index.first.values():
            yield str(found.attributes[index.attribute])


def _key(each: Record) -> str:
    return str(each.attributes[KEY_ATTRIBUTE[each.type]])


def _desired_user(each: Record, bosses: dict[str, str]) -> Desired:
    resource, source, attributes, create_only, _, _, _, adopt, only_empty, choices, _ = each
    key = str(attributes["userName"])
    manager = attributes.get(MANAGER)
    if manager is not None and manager != bosses.get(key):
        attributes = {**attributes, MANAGER: bosses.get(key)}
        if key not in bosses:
            del attributes[MANAGER]
    active = attributes.get("active", True) is not False
    return Desired(
        resource, key, attributes, source, active, create_only, None, "authoritative", adopt, only_empty, choices
    )


def _desired_group(each: Record, members: Iterable[Member] | None) -> Desired:
    return Desired(
        ResourceType.GROUP,
        _key(each),
        each.attributes,
        each.source,
        create_only=each.create_only,
        members=None if members is None else frozenset(members),
        membership=each.membership or "authoritative",
        adopt=each.adopt,
        only_empty=each.only_empty,
        choices=each.choices,
    )


def _goes_round(bosses: dict[str, str]) -> bool:
    """Whether someone is a manager above himself. Everybody has one manager at most, so this is quick to tell."""
    reached_from: dict[str, str] = {}
    for start in bosses:
        key: str | None = start
        while key is not None and key not in reached_from:
            reached_from[key] = start
            key = bosses.get(key)
        if key is not None and reached_from[key] == start:
            return True
    return False


def find_cycles(edges: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
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
