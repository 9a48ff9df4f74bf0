"""The use cases: each is the pipeline from top to bottom.

read manifests -> build desired -> map -> read live -> match -> diff -> guard -> plan -> (approve) -> apply -> report.
Rooms that cost start-up time (`scim`, `sandbox`) are loaded when a use case needs them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.apply import Applier, Known
from reconciler.core.directory import Identity, Question
from reconciler.core.guards import Policy, explain_breach
from reconciler.core.model import LiveCounts, ManifestSummary, Member, Plan, ResourceType, TenantIdentity
from reconciler.core.paths import MANAGER
from reconciler.core.plan import PlanRequest, fingerprint, make_plan, same_action
from reconciler.core.suggest import did_you_mean
from reconciler.errors import GuardRefusal, ManifestError, OperatorError, Problem, UsageError
from reconciler.journal import last_written_fields, open_journal
from reconciler.manifests.read import read_manifests
from reconciler.settings import choose_tenant, expiry_warning, is_sandbox, read_token, sandbox_database, who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from reconciler.core.model import Action, Desired, Guard, LiveState, Outcome
    from reconciler.core.plan import Changeset
    from reconciler.core.tenant import Scope, Tenant
    from reconciler.manifests.read import Manifests
    from reconciler.scim.directory import Directory, Probe
    from reconciler.scim.filters import Filter


def _silent(_done: int, _total: int | None) -> None:
    return


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What to plan: `targets` are keys, `allow` lets guards pass up to a count.

    `on_read` hears of users read and their total, `on_talk` of waits and warnings that are not the plan's.
    """

    manifests: Path
    state: Path
    tenant: str | None = None
    targets: tuple[str, ...] = ()
    full: bool = False
    allow: dict[str, int] = field(default_factory=dict)
    on_read: Callable[[int, int | None], None] = _silent
    on_talk: Callable[[str], None] = print


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what it was computed from."""

    plan: Plan
    live: LiveState
    changeset: Changeset

    @property
    def breached(self) -> tuple[Guard, ...]:
        """The guards that refuse it."""
        return tuple(guard for guard in self.plan.guards if guard.breached)


class Refused(GuardRefusal):
    """A guard refuses this plan; `planned` is all of it, to be shown."""

    def __init__(self, message: str, planned: Planned, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.planned = planned


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to apply: `approved` is the plan that was reviewed; `confirm` is asked otherwise."""

    approved: Plan | None = None
    confirm: Callable[[Planned], bool] = lambda _planned: False
    on_outcome: Callable[[Outcome, int], None] = lambda _outcome, _total: None
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did. `unapproved`: needed now, but not approved; `outdated`: approved, but no longer the same."""

    outcomes: tuple[Outcome, ...] = ()
    unapproved: tuple[Action, ...] = ()
    outdated: tuple[Action, ...] = ()
    confirmed: bool = True


def validate(folder: Path) -> Manifests:
    """Everything that needs no network. Raises ManifestError with every problem."""
    manifests = read_manifests(folder)
    for tenant in manifests.tenants:
        _scopes(tenant)
    return manifests


def plan(options: PlanOptions) -> Planned:
    """What apply would do; only reads."""
    manifests = read_manifests(options.manifests)
    tenant = choose_tenant(manifests.tenants, options.tenant)
    with open_tenant(tenant, options) as directory:
        return _plan(manifests, tenant, directory, options)


def apply(options: PlanOptions, how: ApplyOptions) -> Applied:
    """Plan again and carry it out: all of it once confirmed, or exactly what was approved and is still the same.

    Raises Refused before anything is written.
    """
    manifests = read_manifests(options.manifests)
    tenant = choose_tenant(manifests.tenants, options.tenant)
    if how.approved:
        _check_approved(how.approved, tenant)
        options = replace(options, allow=_approved_counts(how.approved) | options.allow)
    with open_tenant(tenant, options) as directory:
        planned = _plan(manifests, tenant, directory, options)
        if not how.approved and planned.plan.actions and not planned.breached and not how.confirm(planned):
            return Applied(confirmed=False)
        refuse_breached(planned)
        selected = _select(planned, how.approved)
        outcomes = _carry_out(planned, selected, (directory, tenant, options), how)
        return replace(_leftovers(planned, how.approved), outcomes=outcomes)


def check(options: PlanOptions) -> tuple[Tenant, Probe]:
    """Whether the tenant answers, and what it can do."""
    tenant = choose_tenant(read_manifests(options.manifests).tenants, options.tenant)
    with open_tenant(tenant, options) as directory:
        return tenant, directory.probe()


def refuse_breached(planned: Planned) -> None:
    """Raise Refused where a guard refuses the plan: every number, and the way out."""
    if planned.breached:
        texts = [explain_breach(guard) for guard in planned.breached]
        message = "refused: " + "; ".join(text for text, _ in texts)
        raise Refused(message, planned, hint="; ".join(way_out for _, way_out in texts))


@contextmanager
def open_tenant(tenant: Tenant, options: PlanOptions) -> Iterator[Directory]:
    """The tenant's directory, connected. Raises OperatorError and ServiceError."""
    from reconciler.scim.connection import Connection
    from reconciler.scim.directory import open_directory

    notice = expiry_warning(tenant.token, datetime.now(UTC).date())
    if notice:
        options.on_talk(f"warning: {notice}")
    users_scope, groups_scope = _scopes(tenant)
    connection = Connection(
        endpoint=tenant.endpoint,
        token=read_token(tenant.token),
        account=tenant.account,
        dialect=tenant.dialect,
        requests_per_hour=tenant.limits.requests_per_hour,
        requests_per_two_seconds=tenant.limits.requests_per_two_seconds,
        concurrency=tenant.limits.concurrency,
        members_per_request=tenant.limits.members_per_request,
        timeout=tenant.limits.timeout,
    )
    with (
        _sandbox(tenant, options.state) as application,
        open_directory(
            connection,
            scopes=(users_scope, groups_scope),
            application=application,
            on_progress=options.on_read,
            on_talk=options.on_talk,
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
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox = open_sandbox(SandboxOptions(database=database, account=tenant.account))
    try:
        yield wsgi_application(sandbox)
    finally:
        sandbox.close()


def _scopes(tenant: Tenant) -> tuple[Filter | None, Filter | None]:
    return _scope(tenant, tenant.users), _scope(tenant, tenant.groups)


def _scope(tenant: Tenant, scope: Scope) -> Filter | None:
    if scope.filter is None:
        return None
    from reconciler.scim.filters import parse_filter

    try:
        return parse_filter(scope.filter)
    except ValueError as error:
        raise ManifestError([Problem(*tenant.source, f"ownership of tenant `{tenant.name}`: {error}")]) from None


def _plan(manifests: Manifests, tenant: Tenant, directory: Directory, options: PlanOptions) -> Planned:
    identity = TenantIdentity(tenant.name, tenant.endpoint, tenant.account)
    request = PlanRequest(
        match_users=manifests.user_mapping.match,
        match_groups=manifests.group_mapping.match,
        policy=_policy(tenant, options.allow),
        targets=_targets(manifests, options.targets),
        applied=last_written_fields(options.state, identity),
    )
    live = directory.reader.read(_question(manifests, request, full=options.full))
    changeset = make_plan(manifests.desired, live, request)
    return Planned(
        Plan(
            tool_version=__version__,
            created_at=_now(),
            fingerprint=fingerprint(identity, changeset.actions),
            tenant=identity,
            manifests=ManifestSummary(manifests.digest, len(manifests.desired.users), len(manifests.desired.groups)),
            live=LiveCounts(len(live.users), len(live.groups), live.summary),
            summary=changeset.summary,
            actions=changeset.actions,
            guards=changeset.guards,
            warnings=changeset.warnings,
        ),
        live,
        changeset,
    )


def _now(timespec: str = "seconds") -> str:
    return datetime.now(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _policy(tenant: Tenant, allow: dict[str, int]) -> Policy:
    return Policy(
        unlisted_users=tenant.users.unlisted,
        unlisted_groups=tenant.groups.unlisted,
        protected=tenant.protected,
        deactivations=tenant.deactivations,
        membership_removals=tenant.membership_removals,
        allow=allow,
    )


def _targets(manifests: Manifests, targets: Sequence[str]) -> frozenset[str]:
    keys = {each.key.casefold(): each.key for each in (*manifests.desired.users, *manifests.desired.groups)}
    for target in targets:
        if target.casefold() not in keys:
            raise UsageError(f"--target {target}: no declared user or group{did_you_mean(target, keys.values())}")
    return frozenset(target.casefold() for target in targets)


def _question(manifests: Manifests, request: PlanRequest, *, full: bool) -> Question:
    desired = manifests.desired
    if request.everything:
        return Question(tuple(_identities((*desired.users, *desired.groups), request, ())), full=full)
    everyone = {Member(each.type, each.key): each for each in (*desired.users, *desired.groups)}
    chosen = [each for each in everyone.values() if each.key.casefold() in request.targets]
    needed = [everyone[need] for each in chosen for need in _references(each) if need in everyone]
    declared = {Member(each.type, each.key): each for each in (*chosen, *needed)}
    return Question(tuple(_identities(declared.values(), request, chosen)), everything=False, full=full)


def _references(desired: Desired) -> Iterator[Member]:
    manager = desired.attributes.get(MANAGER)
    if isinstance(manager, str):
        yield Member(ResourceType.USER, manager)
    yield from sorted(desired.members or ())


def _identities(desired: Iterable[Desired], request: PlanRequest, chosen: Sequence[Desired]) -> Iterator[Identity]:
    for each in desired:
        attributes = request.match_users if each.type is ResourceType.USER else request.match_groups
        matching = tuple((name, str(each.attributes[name])) for name in attributes if each.attributes.get(name))
        wanted = each.members is not None and (request.everything or each in chosen)
        yield Identity(each.type, matching, needs_members=wanted)


def _check_approved(approved: Plan, tenant: Tenant) -> None:
    have = (approved.tenant.endpoint, approved.tenant.account)
    if have != (tenant.endpoint, tenant.account):
        raise OperatorError(
            f"the plan was made for {approved.tenant.name} ({approved.tenant.endpoint}), not for {tenant.name}",
            hint="plan again for this tenant, or choose the plan's with --tenant",
        )


def _approved_counts(approved: Plan) -> dict[str, int]:
    """What the reviewer saw and let through."""
    return {guard.name: guard.count for guard in approved.guards if not guard.breached}


def _select(planned: Planned, approved: Plan | None) -> tuple[Action, ...]:
    if approved is None:
        return planned.plan.actions
    return _shared(planned.plan.actions, approved.actions)


def _leftovers(planned: Planned, approved: Plan | None) -> Applied:
    if approved is None:
        return Applied()
    return Applied(
        unapproved=_missing(planned.plan.actions, approved.actions),
        outdated=_missing(approved.actions, planned.plan.actions),
    )


def _shared(actions: Sequence[Action], others: Sequence[Action]) -> tuple[Action, ...]:
    by_key = {(other.type, other.key): other for other in others}
    return tuple(
        action
        for action in actions
        if (other := by_key.get((action.type, action.key))) is not None and same_action(action, other)
    )


def _missing(actions: Sequence[Action], others: Sequence[Action]) -> tuple[Action, ...]:
    shared = {(action.type, action.key) for action in _shared(actions, others)}
    return tuple(action for action in actions if (action.type, action.key) not in shared)


def _carry_out(
    planned: Planned, actions: tuple[Action, ...], where: tuple[Directory, Tenant, PlanOptions], how: ApplyOptions
) -> tuple[Outcome, ...]:
    directory, tenant, options = where
    if not actions:
        return ()
    known = Known(
        dict(planned.changeset.ids),
        {Member(each.type, each.id): each for each in (*planned.live.users, *planned.live.groups)},
    )
    journal = open_journal(options.state, planned.plan.fingerprint, partial(_now, "microseconds"))
    try:
        journal.begin(planned.plan, who=who(), approved=how.approved.fingerprint if how.approved else None)
        applier = Applier(directory.writer, known, journal, tenant.limits.concurrency, how.stop)
        outcomes = applier.apply_plan(actions, lambda outcome: how.on_outcome(outcome, len(actions)))
        journal.end(outcomes)
    finally:
        journal.close()
    return outcomes
