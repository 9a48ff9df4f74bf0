"""One tenant of a manifest set, opened: its manifests, its snapshot, its directory.

Rooms that cost start-up time (`scim`, `sandbox`) are loaded when they are needed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from reconciler.applied import open_applied
from reconciler.core.directory import Assumptions
from reconciler.core.plan_model import TenantIdentity
from reconciler.core.times import parse_time
from reconciler.errors import ManifestError, OperatorError, Problem, ReconcilerError
from reconciler.journal.reading import look_back
from reconciler.manifest_cache import open_manifest_cache
from reconciler.manifests.read import collector_paused, open_manifests
from reconciler.report.words import safe
from reconciler.settings import (
    check_pinned,
    choose_tenant,
    expiry_warning,
    is_sandbox,
    pacing_file,
    read_token,
    sandbox_database,
)
from reconciler.snapshot import open_snapshot
from reconciler.state_lock import LOCK_TIMEOUT, LockWait, hold_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from reconciler.applied import AppliedFile
    from reconciler.core.model import DesiredState, LiveState
    from reconciler.core.snapshot import Snapshot
    from reconciler.core.tenant import Scope, Tenant
    from reconciler.journal.reading import RunEntry
    from reconciler.manifests.read import Manifests
    from reconciler.manifests.records import Watch
    from reconciler.scim.directory import Directory
    from reconciler.scim.exchanged import Exchanged
    from reconciler.scim.filters import Filter
    from reconciler.scim.pacing import Timing
    from reconciler.snapshot import StoredSnapshot

_NAMED = 5
"""Keys of actions in flight that are told."""
READ_BESIDE = 1_000_000
"""Bytes of manifests from which on they are parsed while live state is read, and files that did not change are not."""


def _silent(*_heard: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What to plan: `targets` are keys, `allow` lets guards pass up to a count.

    `at` is what Now() in mappings gives, else the start of the run. `recent_members`: see `Question`. `on_read` hears
    of users read and their total, `on_talk` of waits and warnings that are not the plan's, `on_tenant` of the tenant
    once it is known, `on_states` of both sides once they are read, `on_exchange` of each request. Setting `stop` ends
    all reading; a wait longer than `max_wait` seconds ends it too. `command` is what other runs are told while this
    one holds the state directory; it waits `lock_timeout` seconds for theirs. `timing`: where requests take their time
    from, None for the usual clock.
    """

    manifests: Path
    state: Path
    tenant: str | None = None
    targets: tuple[str, ...] = ()
    full: bool = False
    allow: dict[str, int] = field(default_factory=dict)
    at: datetime | None = None
    recent_members: bool = False
    max_wait: float | None = None
    stop: Event = field(default_factory=Event)
    on_read: Callable[[int, int | None], None] = _silent
    on_talk: Callable[[str], None] = print
    on_tenant: Callable[[Tenant], None] = _silent
    on_states: Callable[[DesiredState, LiveState], None] = _silent
    timing: Timing | None = None
    on_exchange: Callable[[Exchanged], None] | None = None
    command: str = "run"
    lock_timeout: float = LOCK_TIMEOUT


@dataclass(frozen=True, slots=True)
class Session:
    """A tenant of a manifest set.

    `manifests` gives all of the set, `snapshot` is what earlier runs know, `applied` what earlier applies left.
    `started`: when it was opened, to the second, which is what Now() gives unless told otherwise. `unkept`: why nothing
    can be kept in the state directory, or None. `interrupted`: the apply that was, if nothing has settled since what
    became of it.
    """

    tenant: Tenant
    identity: TenantIdentity
    manifests: Callable[[], Manifests]
    store: StoredSnapshot
    snapshot: Snapshot | None
    applied: AppliedFile
    started: datetime
    unkept: str | None = None
    interrupted: RunEntry | None = None


@contextmanager
def open_session(options: PlanOptions, watch: Watch | None = None) -> Iterator[Session]:
    """A tenant, and the state directory for as long as the block runs: no other run reads or writes it meanwhile.

    Small sets are read whole before anything is asked of the service; large ones when they are needed. `watch` hears
    of each record. Raises ManifestError, UsageError, and what `hold_state` does.
    """
    started = datetime.now(UTC).replace(microsecond=0)
    folder = open_manifests(options.manifests, options.at or started, watch)
    whole = folder.read() if folder.size < READ_BESIDE else None
    try:
        tenant = choose_tenant(whole.tenants if whole else folder.tenants(), options.tenant)
    except ReconcilerError:
        folder.read()
        raise
    options.on_tenant(tenant)
    wait = LockWait(options.lock_timeout, options.stop, options.on_talk)
    with hold_state(options.state, options.command, wait) as unkept:
        if unkept:
            options.on_talk(f"the state directory {options.state} cannot be used ({unkept}): nothing is kept there")
        identity = TenantIdentity(tenant.name, tenant.endpoint, tenant.account)
        store = open_snapshot(options.state, identity, (tenant.users.filter, tenant.groups.filter), options.on_talk)
        applied = open_applied(options.state, identity, options.on_talk)
        if unkept:
            store, applied = replace(store, keeps=False), replace(applied, keeps=False)
        kept = None if watch or unkept else open_manifest_cache(options.state, options.manifests, options.on_talk)
        manifests = (lambda: whole) if whole else partial(folder.read, kept)
        with collector_paused():
            snapshot = store.load()
        interrupted = _look_back(options, identity, applied)
        yield Session(tenant, identity, manifests, store, snapshot, applied, started, unkept, interrupted)


def _look_back(options: PlanOptions, identity: TenantIdentity, applied: AppliedFile) -> RunEntry | None:
    """The last apply, where it was interrupted; it is told until something has been kept as applied after it."""
    found, damaged = look_back(options.state, identity)
    if damaged:
        options.on_talk(f"the journal of the run {damaged} is damaged: `reconciler history --verify` says where")
    if found is None:
        return None
    begun, kept = parse_time(found.started_at), applied.saved_at()
    if begun and kept and begun < kept:
        return None
    options.on_talk(safe(_describe_interrupted(found)))
    return found


def _describe_interrupted(found: RunEntry) -> str:
    flying = ", ".join(found.in_flight[:_NAMED]) + (" and others" if len(found.in_flight) > _NAMED else "")
    return (
        f"the run {found.run} by {found.who} was interrupted: {found.done} of {found.planned} actions were done,"
        f" {len(found.in_flight)} in flight{f' ({flying})' if flying else ''}; this run starts from what 4me has now"
    )


@contextmanager
def connect(session: Session, options: PlanOptions) -> Iterator[Directory]:
    """The tenant's directory, connected. Raises OperatorError and ServiceError."""
    from reconciler.scim.connection import Connection, Waiting
    from reconciler.scim.directory import Listener, open_directory
    from reconciler.scim.pacing import Timing

    tenant, snapshot = session.tenant, session.snapshot
    notice = expiry_warning(tenant.token, datetime.now(UTC).date())
    if notice:
        options.on_talk(f"warning: {notice}")
    check_pinned(tenant)
    users_scope, groups_scope = ownership_filters(tenant)
    connection = Connection(
        endpoint=tenant.endpoint,
        token=read_token(tenant.token),
        account=tenant.account,
        dialect="4me" if snapshot and not options.full and tenant.dialect == "auto" else tenant.dialect,
        requests_per_hour=tenant.limits.requests_per_hour,
        requests_per_two_seconds=tenant.limits.requests_per_two_seconds,
        concurrency=tenant.limits.concurrency,
        members_per_request=tenant.limits.members_per_request,
        timeout=tenant.limits.timeout,
        waiting=Waiting(
            options.max_wait,
            options.stop,
            None if session.unkept else pacing_file(tenant, options.state),
            options.timing or Timing(),
        ),
    )
    learned = snapshot.touches if snapshot else None
    with (
        _sandbox(tenant, options.state) as application,
        open_directory(
            connection,
            scopes=(users_scope, groups_scope),
            assumptions=Assumptions(tenant.membership_touches_group, learned, tenant.refresh_every),
            application=application,
            listener=Listener(options.on_read, options.on_talk, options.on_exchange),
        ) as directory,
    ):
        yield directory


@contextmanager
def _sandbox(tenant: Tenant, state: Path) -> Iterator[Callable[..., Iterable[bytes]] | None]:
    if not is_sandbox(tenant):
        yield None
        return
    from reconciler.sandbox import SandboxOptions, open_sandbox
    from reconciler.sandbox.wsgi import wsgi_application

    database = sandbox_database(tenant, state)
    try:
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OperatorError(
            f"the sandbox's database cannot be kept in {database.parent}: {error.strerror}",
            hint="name another directory with --state-dir, or the database with `endpoint: sandbox:PATH`",
        ) from None
    sandbox = open_sandbox(SandboxOptions(database=database, account=tenant.account))
    try:
        yield wsgi_application(sandbox)
    finally:
        sandbox.close()


def ownership_filters(tenant: Tenant) -> tuple[Filter | None, Filter | None]:
    """What of users and of groups is owned, None for all. Raises ManifestError for what is no SCIM filter."""
    return _scope(tenant, tenant.users), _scope(tenant, tenant.groups)


def _scope(tenant: Tenant, scope: Scope) -> Filter | None:
    if scope.filter is None:
        return None
    from reconciler.scim.filters import parse_filter

    try:
        return parse_filter(scope.filter)
    except ValueError as error:
        raise ManifestError([Problem(*tenant.source, f"ownership of tenant `{tenant.name}`: {error}")]) from None
