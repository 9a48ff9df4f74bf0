"""One 4me account as its Tenant document declares it (ARCHITECTURE.md has the glossary)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.core.equivalence import Equivalences
from reconciler.core.guards import Limit
from reconciler.core.model import Source, Unlisted

if TYPE_CHECKING:
    from datetime import date

    from reconciler.core.notifications import Notifications
    from reconciler.core.tolerance import Tolerance

Dialect = Literal["auto", "4me", "rfc7644"]


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where the bearer token comes from: exactly one of `env`, `file` and `command`; never the token itself.

    `lifetime_days` counts from `issued`; together they tell when it expires.
    """

    env: str | None = None
    file: str | None = None
    command: tuple[str, ...] = ()
    issued: date | None = None
    lifetime_days: int = 30


@dataclass(frozen=True, slots=True)
class Scope:
    """Which live resources this repository is responsible for, and what becomes of the undeclared among them.

    `filter` is a SCIM filter, None for all.
    """

    filter: str | None = None
    unlisted: Unlisted = "deactivate"


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast and how wide to work; `timeout` in seconds. `requests_per_hour` None: as the service says."""

    requests_per_hour: int | None = None
    requests_per_two_seconds: int = 20
    concurrency: int = 8
    members_per_request: int = 500
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether `apply` needs an approved plan. `verify_key`: the file of those who may sign it, from the manifests."""

    required: bool = False
    verify_key: str | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A Tenant document.

    `membership_touches_group`: whether a membership change moves the group's lastModified. `refresh_every`: seconds
    after which everything is read anew. `default_domain`: what the expression function DefaultDomain() gives.
    """

    name: str
    endpoint: str
    default: bool = False
    account: str | None = None
    dialect: Dialect = "auto"
    token: TokenSource | None = None
    users: Scope = Scope()
    groups: Scope = Scope()
    protected: tuple[str, ...] = ()
    deactivations: Limit = Limit(percent=10)
    membership_removals: Limit = Limit(percent=25)
    limits: Limits = Limits()
    membership_touches_group: bool | None = None
    refresh_every: float = 7 * 86400.0
    default_domain: str | None = None
    tolerate: tuple[Tolerance, ...] = ()
    equivalences: Equivalences = Equivalences()
    approval: Approval = Approval()
    notify: Notifications | None = None
    source: Source = Source("", 1)
