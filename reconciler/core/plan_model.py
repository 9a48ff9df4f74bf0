"""The nouns of a plan: actions with their changes, guards, numbers and outcomes. Data only, immutable, comparable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.model import Live, Member, ReadSummary, ResourceType, Source, Value


class ActionKind(StrEnum):
    """What is done to one resource. There is no deletion."""

    CREATE = "create"
    UPDATE = "update"
    REACTIVATE = "reactivate"
    DEACTIVATE = "deactivate"


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute's before and after; references as keys. None: no value."""

    path: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class MemberChanges:
    """Memberships added to and removed from one group, as keys, sorted."""

    add: tuple[Member, ...] = ()
    remove: tuple[Member, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done to one resource.

    `id` is None for a create. `digest` covers the live values that it was computed from. `source` is None for what
    is declared nowhere.
    """

    kind: ActionKind
    type: ResourceType
    key: str
    id: str | None
    reason: str
    changes: tuple[Change, ...] = ()
    members: MemberChanges = MemberChanges()
    digest: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard's verdict: it refuses the plan where `breached`."""

    name: str
    count: int
    limit: int
    breached: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many resources of one type each kind of action touches; `unmanaged`: live ones that are left alone."""

    create: int = 0
    update: int = 0
    reactivate: int = 0
    deactivate: int = 0
    unchanged: int = 0
    unmanaged: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The plan in numbers."""

    users: Counts = Counts()
    groups: Counts = Counts()
    memberships_added: int = 0
    memberships_removed: int = 0


@dataclass(frozen=True, slots=True)
class TenantIdentity:
    """Which 4me account a plan is for."""

    name: str
    endpoint: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class ManifestSummary:
    """The manifest set a plan was made from: digest of its files, declared users and groups."""

    digest: str
    users: int
    groups: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All actions in the order in which they are carried out, and what they rest on.

    `created_at`, when the run that made it began, is RFC 3339 in UTC. `fingerprint` identifies tenant and actions,
    whenever they were computed. `at`: what Now() gave, None for `created_at`. `targets`: what it is limited to.
    `undoes`: the run that it is the reverse of, None where it makes 4me what the manifests say.
    `public`: people are pseudonyms in it and values are hidden, so that it can be shown and never applied.
    """

    tool_version: str
    created_at: str
    fingerprint: str
    tenant: TenantIdentity
    manifests: ManifestSummary
    live: LiveCounts
    summary: Summary
    actions: tuple[Action, ...] = ()
    guards: tuple[Guard, ...] = ()
    warnings: tuple[str, ...] = ()
    at: str | None = None
    targets: tuple[str, ...] = ()
    undoes: str | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """What was read for a plan."""

    users: int
    groups: int
    summary: ReadSummary


class OutcomeStatus(StrEnum):
    """How carrying out one action ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


DONE_WITHOUT = "done, but without"
"""How the detail begins of what failed only as to some members, who were not there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action; `detail`: the service's words or why it was skipped; `id` as known afterwards.

    `live`: the resource as it then was, where the service showed it. `http_status`: of the answer that it failed with.
    """

    action: Action
    status: OutcomeStatus
    detail: str = ""
    id: str | None = None
    requests: int = 0
    live: Live | None = None
    http_status: int | None = None
