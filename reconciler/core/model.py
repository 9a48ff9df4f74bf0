"""The nouns of the flow: records, resources, states, actions and plans. Data only, immutable, comparable.

Attributes are keyed by *attribute path* (RFC 7644 §3.10), see `reconciler.core.paths`:

- `title`, `name.givenName`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`
- a multi-valued attribute under its own name (`emails`), its value a list of objects (`[{"value": ..., "type": ...}]`)
- desired attributes may also name one value of it: `emails[type eq "work"].value`
- a reference (`...:User:manager`) holds a *key* (userName) on the desired side and an *id* on the live side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from reconciler.core.members import Members

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
"""A JSON value. None, "" and [] all mean: no value (RFC 7643 §2.5)."""

Attributes: TypeAlias = dict[str, Value]
"""Attribute path -> value. Treated as immutable once it is part of a resource."""

Choices: TypeAlias = "tuple[tuple[str, tuple[str, ...]], ...]"
"""Attribute paths that get, when a resource is created, the first of several values that nobody has yet."""

MembershipMode = Literal["authoritative", "additive"]
Unlisted = Literal["deactivate", "report"]


Resource = TypeVar("Resource")


@dataclass_transform(frozen_default=True)
def resource(made: type[Resource]) -> type[Resource]:
    """A dataclass that the type checker keeps frozen: at run time too, it would take three times as long to make."""
    return dataclass(slots=True)(made)


class ResourceType(StrEnum):
    """SCIM resource types that 4me serves."""

    USER = "User"
    GROUP = "Group"

    __hash__ = str.__hash__  # enum's own runs in Python, for every member of every group


class Source(NamedTuple):
    """Where something was written: path below the manifests folder, line and column from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Member(NamedTuple):
    """A member of a group. `name` is a key (desired side, plans) or a SCIM id (live side)."""

    type: ResourceType
    name: str


class Record(NamedTuple):
    """One declared user or group, after mapping.

    `attributes`: SCIM attribute path -> value, references as the author wrote them. `groups` (users) and `members`
    (groups) are names as written, None where the author wrote nothing; a member is `(ResourceType.GROUP, name)` where
    written `{group: name}`. `create_only`: the paths that are written at creation only and not compared afterwards;
    `only_empty`: those that are written where 4me has no value; `choices`: see `Choices`. `outside`: why it is out of
    the mapping's scope, so that it counts as not declared; `attributes` then are those that it can be found by.
    """

    type: ResourceType
    source: Source
    attributes: Attributes
    create_only: frozenset[str] = frozenset()
    groups: tuple[str, ...] | None = None
    members: tuple[Member, ...] | None = None
    membership: MembershipMode | None = None
    adopt: bool = False
    only_empty: frozenset[str] = frozenset()
    choices: Choices = ()
    outside: str | None = None


@resource
class Desired:
    """One resource as the manifests say it should be.

    `key` is the userName or displayName; references in `attributes` and `members` hold keys of declared resources.
    `members` is None where membership is not managed.
    """

    type: ResourceType
    key: str
    attributes: Attributes
    source: Source
    active: bool = True
    create_only: frozenset[str] = frozenset()
    members: frozenset[Member] | None = None
    membership: MembershipMode = "authoritative"
    adopt: bool = False
    only_empty: frozenset[str] = frozenset()
    choices: Choices = ()


@resource
class Live:
    """One resource as 4me has it.

    `members` holds SCIM ids and is None where they were not read. `owned`: inside the tenant's ownership scope.
    """

    type: ResourceType
    id: str
    key: str
    attributes: Attributes
    active: bool = True
    members: Members | None = None
    owned: bool = True


class Outside(NamedTuple):
    """A record out of its mapping's scope: what it can be found by, where it stands, and which clauses put it out."""

    type: ResourceType
    attributes: Attributes
    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything that the manifests declare and that is in scope, in the order of its places.

    `outside`: the records that are not in scope; `notes` are warnings about references to them.
    """

    users: tuple[Desired, ...] = ()
    groups: tuple[Desired, ...] = ()
    outside: tuple[Outside, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """How live state was read: the way, its requests, whether everything was provably seen, when (RFC 3339)."""

    strategy: str = "none"
    requests: int = 0
    complete: bool = True
    read_at: str = ""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What 4me has, as far as it was read.

    `member_names` names members (id -> display) that are not among `users` and `groups`.
    `notes` are warnings about the reading itself. `unread_users`: inactive ones that were counted, but not read, since
    nothing declares them. `shows_fields`: an earlier read of more users saw that the service gives custom fields back.
    """

    users: tuple[Live, ...] = ()
    groups: tuple[Live, ...] = ()
    member_names: dict[Member, str] = field(default_factory=dict)
    summary: ReadSummary = ReadSummary()
    notes: tuple[str, ...] = ()
    unread_users: int = 0
    shows_fields: bool = False
