"""What a change to the manifests does to people's access: the difference of two desired states, as data.

Two sides are compared, BASE (before) and HEAD (after). Direct memberships are those that the manifests declare.
Effective ones are what people have from them: an active person is effectively in a group as its member, or as one of
a group that is a member of it, and so on. Who is not active is effectively in no group.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from reconciler.core.paths import MANAGER

if TYPE_CHECKING:
    from reconciler.core.model import ResourceType, Source, Value

Via: TypeAlias = "tuple[str, ...]"
"""How someone is in a group: () directly, else through these groups, the one that has the person as member first."""

Managed = Literal["always", "create", "empty", "no"]
"""When an attribute is written: always, at creation only, where 4me has no value, or not at all (not declared)."""

MembershipOf = Literal["authoritative", "additive", "unmanaged", "undeclared"]
"""Of a group's members: the declared ones and no others, the declared ones and perhaps others, whoever 4me has (they
are not declared, so nothing is known of them), or none (the group itself is not declared)."""


class Who(NamedTuple):
    """A user or group. `key`: the userName or displayName in HEAD, or in BASE where HEAD does not declare it.

    `was`: the key in BASE where it is another one. No two of one diff are equal.
    """

    type: ResourceType
    key: str
    was: str | None = None


class Transition(StrEnum):
    """What becomes of somebody or of a group.

    People JOIN (were not declared), RETURN (were declared inactive), LEAVE (are not declared any more, or out of scope,
    or inactive) or STAY. INACTIVE: declared inactive now and not declared before; DROPPED: declared inactive before and
    not declared now; neither has, or had, access. Groups JOIN, LEAVE or STAY.
    """

    JOIN = "join"
    RETURN = "return"
    LEAVE = "leave"
    STAY = "stay"
    INACTIVE = "inactive"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute's value and when it is written, on both sides. The value of what is not declared is None.

    `path` as in the mapping. A manager is given as key; one who is renamed is no change.
    """

    path: str
    before: Value
    after: Value
    managed_before: Managed = "always"
    managed_after: Managed = "always"

    @property
    def no_longer_managed(self) -> bool:
        """Whether it is not declared any more, so that 4me keeps what it has."""
        return self.managed_after == "no"


class MembershipChange(NamedTuple):
    """Somebody's membership in one group, as it is effectively; None: not a member.

    Both given: the person stays in the group, but directly before and through another group now, or the reverse.
    `sure` is False for a gain where the members of a group were not managed before (the person may be one of them
    already), and for a loss that takes nothing away in 4me, since the group is additive or its members are not managed
    any more.
    """

    person: Who
    group: Who
    before: Via | None
    after: Via | None
    sure: bool = True

    @property
    def gained(self) -> bool:
        """Whether the person is in the group now and was not before."""
        return self.before is None

    @property
    def lost(self) -> bool:
        """Whether the person was in the group and is not now."""
        return self.after is None


@dataclass(frozen=True, slots=True)
class PersonChange:
    """All that changes for one person.

    `reason`: why somebody joins, returns or leaves (with the scope's clause), "" for who stays. `attributes`: of who
    is declared only now, all that have a value; of who is not declared any more, none. `memberships`: effective ones,
    by group. `groups_before`, `groups_after`: how many groups the person is effectively in. `reports`: people who are
    active in HEAD and still have this person, who leaves, as manager. `adopts`: the record says `adopt: true`, and did
    not before. `before`, `after`: where it is declared.
    """

    who: Who
    transition: Transition = Transition.STAY
    reason: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    memberships: tuple[MembershipChange, ...] = ()
    groups_before: int = 0
    groups_after: int = 0
    reports: tuple[Who, ...] = ()
    adopts: bool = False
    before: Source | None = None
    after: Source | None = None

    @property
    def left_without_group(self) -> bool:
        """Whether someone who stays was in a group and now surely is in none that the manifests know of."""
        stays = self.transition is Transition.STAY
        gone = all(each.sure for each in self.memberships)
        return stays and self.groups_before > 0 and self.groups_after == 0 and gone

    @property
    def new_identity(self) -> bool:
        """Whether the same name goes with another externalId, perhaps that of somebody else.

        A plan blocks it, unless the record says `adopt: true`.
        """
        return any(each.path == "externalId" and each.before and each.after for each in self.attributes)

    @property
    def new_manager(self) -> bool:
        """Whether someone who stays or returns has another manager, or none, by the manifests."""
        known = self.transition in (Transition.STAY, Transition.RETURN)
        return known and any(each.path == MANAGER and not each.no_longer_managed for each in self.attributes)


@dataclass(frozen=True, slots=True)
class GroupChange:
    """All that changes for one group.

    `reason`: why it joins or leaves. `add`, `remove`: declared direct members (people whether active or not, and
    groups), sorted; where the members are unmanaged on a side, those of the other side. `memberships`: effective ones,
    by person. `people_before`, `people_after`: how many active people are effectively in it, as far as that is
    declared. `known_before`, `known_after`: whether that is all of them, since neither its members nor those of a
    group in it are unmanaged. `before`, `after`: where it is declared.
    """

    who: Who
    transition: Transition = Transition.STAY
    reason: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    membership_before: MembershipOf = "authoritative"
    membership_after: MembershipOf = "authoritative"
    add: tuple[Who, ...] = ()
    remove: tuple[Who, ...] = ()
    memberships: tuple[MembershipChange, ...] = ()
    people_before: int = 0
    people_after: int = 0
    known_before: bool = True
    known_after: bool = True
    adopts: bool = False
    before: Source | None = None
    after: Source | None = None

    @property
    def emptied(self) -> bool:
        """Whether it is still declared, had people in it, and now surely has none (they may have left themselves)."""
        stays = self.transition is Transition.STAY
        gone = self.known_after and all(each.sure for each in self.memberships)
        return stays and self.people_before > 0 and self.people_after == 0 and gone


class PolicyChange(NamedTuple):
    """A rule that is not about one person or group: `subject` is `tenant production` or `mapping of users`.

    `before` and `after` are shown as they are, None where the subject is not declared.
    """

    subject: str
    name: str
    before: str | None
    after: str | None


class Side(NamedTuple):
    """One of the two manifest sets: what it was asked for by, its commit (None: files of the working tree), numbers.

    `folder`: the manifests folder, a posix path from the root of the repository; places are paths below it.
    """

    name: str
    commit: str | None
    folder: str = "manifests"
    users: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class AccessSummary:
    """The diff in numbers. Memberships are effective ones; direct ones are said to be so.

    `unsure_gains` and `unsure_losses` are among `gains` and `losses`. `attributes`: people who stay or return and some
    of whose attributes change.
    """

    joins: int = 0
    returns: int = 0
    leaves: int = 0
    renamed: int = 0
    attributes: int = 0
    new_managers: int = 0
    new_identities: int = 0
    left_without_group: int = 0
    leaving_managers: int = 0
    gains: int = 0
    losses: int = 0
    unsure_gains: int = 0
    unsure_losses: int = 0
    gaining_people: int = 0
    losing_people: int = 0
    direct_added: int = 0
    direct_removed: int = 0
    groups_join: int = 0
    groups_leave: int = 0
    groups_renamed: int = 0
    groups_emptied: int = 0
    groups_changed: int = 0


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """All that changes between two manifest sets; `people` and `groups` have only what changes, sorted by key.

    `notes` are about the reading of the two sides. `public`: people are pseudonyms in it and values are hidden. The
    same said in other words, files or order is no change.
    """

    base: Side
    head: Side
    people: tuple[PersonChange, ...] = ()
    groups: tuple[GroupChange, ...] = ()
    policies: tuple[PolicyChange, ...] = ()
    notes: tuple[str, ...] = ()
    summary: AccessSummary = AccessSummary()
    public: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes effectively."""
        return bool(self.people or self.groups or self.policies)
