"""4me's side of differences brought into the records: what each has to say instead, and what cannot be adopted."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import Member, ResourceType, Source
from reconciler.core.normalise import fold
from reconciler.core.paths import MANAGER, short_path
from reconciler.core.plan_model import Action, Change, MemberChanges
from reconciler.mapping.adopted_values import CannotAdopt, adopt_change
from reconciler.mapping.reverse import Reverser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.core.model import Attributes, Desired, Live, Record, Value
    from reconciler.mapping.rules import Mapping as AttributeMapping

NAMED_BY = {
    ResourceType.USER: ("userName", "externalId", "displayName"),
    ResourceType.GROUP: ("displayName", "externalId"),
}

NOWHERE = {
    ResourceType.USER: "declared nowhere, and no record in a list of users would come to just this: write one",
    ResourceType.GROUP: "declared nowhere: write a record (`reconciler import` makes one of what 4me has)",
}


class Written(NamedTuple):
    """A record's attributes as its author wrote them, those of its list's defaults included, and what they came to."""

    given: Attributes
    record: Record


class Refusal(NamedTuple):
    """What of a resource cannot be adopted, and why. `source`: where the record is."""

    type: ResourceType
    key: str
    what: str
    why: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class Adoption:
    """By the place of a record, the attributes that it has to set; the differences that this takes in; and the rest.

    `added`: the records of users that are declared nowhere yet.
    """

    edits: Mapping[Source, Attributes]
    added: tuple[Attributes, ...]
    adopted: tuple[Action, ...]
    refused: tuple[Refusal, ...]


def concerned(actions: Iterable[Action]) -> frozenset[Member]:
    """Whose records adopting these differences may change."""
    found: set[Member] = set()
    for action in actions:
        found |= {Member(action.type, action.key), *action.members.add, *action.members.remove}
    return frozenset(found)


def plan_adoption(
    actions: Iterable[Action],
    written: Mapping[Member, Written],
    declared: Mapping[Member, Desired],
    mappings: Mapping[ResourceType, AttributeMapping],
    undeclared: Mapping[str, tuple[Live, str | None]],
) -> Adoption:
    """How the records take in what 4me has. `written`: at least the records in `concerned`, by type and key.

    `undeclared`: the live users that may get a record, by key, each with its manager's key.
    """
    adopter = _Adopter(written, declared, mappings, undeclared)
    first = sorted(actions, key=lambda action: action.type is not ResourceType.USER)  # so that they can be members
    adopted = [taken for action in first if (taken := adopter.adopt(action))]
    return Adoption(adopter.edits, tuple(adopter.added.values()), tuple(adopted), tuple(adopter.refused))


@dataclass(slots=True)
class _Adopter:
    written: Mapping[Member, Written]
    declared: Mapping[Member, Desired]
    mappings: Mapping[ResourceType, AttributeMapping]
    undeclared: Mapping[str, tuple[Live, str | None]]
    edits: dict[Source, Attributes] = field(default_factory=dict)
    added: dict[Member, Attributes] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def adopt(self, action: Action) -> Action | None:
        """The part of an action's differences that its records can take in."""
        try:
            if action.type is ResourceType.USER and action.key in self.undeclared:
                self._declare(action.key, *self.undeclared[action.key])
                return action
            me = self._check(action)
        except CannotAdopt as reason:
            self._refuse(action, "", reason)
            return None
        changes = tuple(change for change in action.changes if self._adopt_change(action, me, change))
        add = tuple(member for member in action.members.add if self._adopt_member(action, me, member, present=False))
        remove = tuple(
            member for member in action.members.remove if self._adopt_member(action, me, member, present=True)
        )
        if not (changes or add or remove):
            return None
        return replace(action, changes=changes, members=MemberChanges(add, remove))

    def _declare(self, key: str, live: Live, manager: str | None) -> None:
        reverser = Reverser(self.mappings[ResourceType.USER])
        if not reverser.names_key:
            raise CannotAdopt("no record could say its userName: the mapping computes it")
        known = manager if manager and Member(ResourceType.USER, manager) in self.declared else None
        self.added[Member(ResourceType.USER, key)] = reverser.reverse(live, known).given

    def _check(self, action: Action) -> Member:
        me = Member(action.type, action.key)
        if me not in self.written:
            raise CannotAdopt(NOWHERE[action.type])
        if self.written[me].record.outside is not None:
            raise CannotAdopt("its record is out of the mapping's scope: change the record, or the scope")
        if action.id is None:
            raise CannotAdopt("not in 4me: remove the record, or let apply create it")
        return me

    def _adopt_change(self, action: Action, me: Member, change: Change) -> bool:
        try:
            self._check_editable(me)
            if change.path == MANAGER and isinstance(change.before, str):
                self._check_declared(Member(ResourceType.USER, change.before))
            given = self._given(me)
            name, value = adopt_change(self.mappings[me.type], given, change, action.changes)
            self._set(me, name, value)
        except CannotAdopt as reason:
            self._refuse(action, short_path(change.path), reason)
            return False
        return True

    def _adopt_member(self, action: Action, group: Member, member: Member, *, present: bool) -> bool:
        """Whether a member that 4me has in a group, or lacks there, could be written so."""
        try:
            if present:
                self._add_member(group, member)
            else:
                self._remove_member(group, member)
        except CannotAdopt as reason:
            self._refuse(action, f"{'member' if present else 'no member'} {member.name}", reason)
            return False
        return True

    def _add_member(self, group: Member, member: Member) -> None:
        self._check_declared(member)
        entry: Value = member.name if member.type is ResourceType.USER else {"group": member.name}
        listed = self._given(group).get("members")
        if isinstance(listed, list) or member.type is ResourceType.GROUP:
            self._set(group, "members", _with(listed if isinstance(listed, list) else [], entry))
            return
        groups = self._given(member).get("groups")
        self._set(member, "groups", _with(groups if isinstance(groups, list) else [], group.name))

    def _remove_member(self, group: Member, member: Member) -> None:
        """Wherever it is written: in the group, or in the user's own record."""
        members = self._given(group).get("members")
        kept = [each for each in members if not self._names(each, member)] if isinstance(members, list) else None
        groups = self._given(member).get("groups") if member.type is ResourceType.USER else None
        others = [each for each in groups if not self._is_called(group, each)] if isinstance(groups, list) else None
        if kept is not None and kept != members:
            self._check_editable(group)
        if others is not None and others != groups:
            self._check_editable(member)
            self._set(member, "groups", others)
        if kept is not None and kept != members:
            self._set(group, "members", kept)

    def _names(self, entry: Value, member: Member) -> bool:
        """Whether an entry of `members` is this member."""
        if isinstance(entry, dict):
            key = "user" if member.type is ResourceType.USER else "group"
            return key in entry and self._is_called(member, entry[key])
        return member.type is ResourceType.USER and self._is_called(member, entry)

    def _is_called(self, who: Member, name: Value) -> bool:
        desired = self.declared.get(who)
        attributes = desired.attributes if desired else {}
        return fold(name) in {fold(attributes.get(each)) for each in NAMED_BY[who.type]} | {fold(who.name)}

    def _check_declared(self, who: Member) -> None:
        if who not in self.declared and who not in self.added:
            raise CannotAdopt(f"{who.name} is declared nowhere: declare it first")

    def _check_editable(self, who: Member) -> None:
        file = self.written[who].record.source.file
        if not file.endswith((".yaml", ".yml")):
            raise CannotAdopt(f"the record comes from the data file {file}: change it there")

    def _given(self, who: Member) -> Attributes:
        """A record's attributes, with what was adopted so far."""
        if who in self.added:
            return self.added[who]
        given, record = self.written[who]
        edits = self.edits.get(record.source)
        return {**given, **edits} if edits else given

    def _set(self, who: Member, name: str, value: Value) -> None:
        if who in self.added:
            self.added[who][name] = value
            return
        self._check_editable(who)
        self.edits.setdefault(self.written[who].record.source, {})[name] = value

    def _refuse(self, action: Action, what: str, reason: CannotAdopt) -> None:
        me = self.written.get(Member(action.type, action.key))
        source = me.record.source if me else action.source
        self.refused.append(Refusal(action.type, action.key, what, str(reason), source))


def _with(entries: list[Value], entry: Value) -> list[Value]:
    """A list with one more: in its place where the list is in order, else at the end."""
    names = [each.casefold() for each in entries if isinstance(each, str)]
    if isinstance(entry, str) and len(names) == len(entries) > 1 and names == sorted(names):
        place = bisect(names, entry.casefold())
        return [*entries[:place], entry, *entries[place:]]
    return [*entries, entry]
