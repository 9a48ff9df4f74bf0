"""The use cases: each is the pipeline from top to bottom.

read manifests -> build desired -> map -> read live -> match -> diff -> guard -> plan -> (approve) -> apply -> report.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.apply import Applier, Known
from reconciler.approval import PLAN_AGAIN, Terms, accept_plan, plan_clock
from reconciler.core.applied import Settlement
from reconciler.core.directory import Question
from reconciler.core.forecast import count_requests, make_forecast
from reconciler.core.guards import Policy, explain_breach, recount_guards
from reconciler.core.model import LiveCounts, ManifestSummary, Member, OutcomeStatus, Plan
from reconciler.core.plan import PlanRequest, fingerprint, make_plan
from reconciler.core.question import find_targets, identify
from reconciler.core.snapshot import remember_writes
from reconciler.errors import GuardRefusal, NotApproved, UsageError
from reconciler.journal import Approved, last_written_fields, open_journal
from reconciler.leftovers import Sorted, sort_actions
from reconciler.manifests.read import open_manifests
from reconciler.report.words import safe
from reconciler.session import PlanOptions as PlanOptions  # noqa: PLC0414 - the caller's word for what to plan
from reconciler.session import connect, open_session, ownership_filters
from reconciler.settings import who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from reconciler.core.directory import Identity, Reading
    from reconciler.core.forecast import Forecast
    from reconciler.core.model import Action, Guard, LiveState, Outcome, TenantIdentity
    from reconciler.core.plan import Changeset
    from reconciler.core.tenant import Tenant
    from reconciler.leftovers import Leftover
    from reconciler.manifests.read import Manifests
    from reconciler.report.plan_json import SavedPlan
    from reconciler.scim.directory import Directory, Probe
    from reconciler.session import Session

    _Wanted = tuple[Manifests, PlanRequest]

CONTRADICTIONS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
"""Answers to a write that say: what was read is not what there is."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what it was computed from."""

    plan: Plan
    live: LiveState
    changeset: Changeset
    reading: Reading
    forecast: Forecast
    manifests: Manifests
    request: PlanRequest

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
    """How to apply: `approved` is the plan that was reviewed, on these `terms`; `confirm` is asked otherwise.

    `on_start` hears what it will take. Setting `stop` lets requests in flight finish and starts no other.
    """

    approved: SavedPlan | None = None
    terms: Terms = Terms()
    confirm: Callable[[Planned], bool] = lambda _planned: False
    on_start: Callable[[Forecast], None] = lambda _forecast: None
    on_outcome: Callable[[Outcome, int], None] = lambda _outcome, _total: None
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, and of an approved plan what it did not do, and why (see `Sorted`)."""

    outcomes: tuple[Outcome, ...] = ()
    unapproved: tuple[Leftover, ...] = ()
    outdated: tuple[Leftover, ...] = ()
    settled: tuple[Action, ...] = ()
    confirmed: bool = True


def validate(folder: Path, now: datetime | None = None) -> Manifests:
    """Everything that needs no network, the tests of mappings included. Raises ManifestError with every problem.

    `now` is what Now() gives, else the start of the run.
    """
    opened = open_manifests(folder, now)
    manifests = opened.read()
    opened.run_tests()
    for tenant in manifests.tenants:
        ownership_filters(tenant)
    return manifests


def plan(options: PlanOptions) -> Planned:
    """What apply would do; only reads."""
    return plan_session(open_session(options), options)


def plan_session(session: Session, options: PlanOptions) -> Planned:
    """What apply would do to an opened tenant; only reads."""
    with connect(session, options) as directory:
        planned = _plan(session, directory, options)
    if not planned.plan.actions:
        _settle(session, planned, ())
    return planned


def look_up(options: PlanOptions, identity: Identity) -> LiveState:
    """What 4me has of one resource, whether or not it is declared; only reads."""
    session = open_session(options)
    with connect(session, options) as directory:
        question = Question(lambda: (identity,), everything=False, full=options.full)
        return directory.reader.read(question, session.snapshot).live


def apply(options: PlanOptions, how: ApplyOptions) -> Applied:
    """Plan again and carry it out: all of it once confirmed, or exactly what was approved and is still the same.

    Raises NotApproved where the approved plan is not accepted, before anything is read, and Refused before anything
    is written.
    """
    options = replace(options, stop=how.stop)
    approved = how.approved.plan if how.approved else None
    if approved:
        counts = _approved_counts(approved) | options.allow
        at = options.at or plan_clock(approved)
        options = replace(options, allow=counts, recent_members=True, at=at, targets=approved.targets)
    session = open_session(options)
    _check_approval(session, options, how)
    with connect(session, options) as directory:
        planned = (_replan if options.targets else _plan)(session, directory, options)
        if approved is None:
            if planned.plan.actions and not planned.breached and not how.confirm(planned):
                return Applied(confirmed=False)
            found = Sorted(planned.plan.actions)
        else:
            found = sort_actions(approved, planned.plan, planned.live, planned.changeset.names)
            guards = recount_guards(planned.plan.guards, found.same)
            planned = replace(planned, plan=replace(planned.plan, guards=guards))
        refuse_breached(planned)
        outcomes = _carry_out(planned, found, (directory, session.tenant, options), how)
    _remember(session, planned, outcomes)
    _settle(session, planned, outcomes)
    return Applied(outcomes, found.unapproved, found.outdated, found.settled)


def _replan(session: Session, directory: Directory, options: PlanOptions) -> Planned:
    """A plan that is limited to what an approved one was limited to."""
    try:
        return _plan(session, directory, options)
    except UsageError as gone:
        message = f"the approved plan is refused: the manifests changed since, {gone.message}"
        raise NotApproved(message, hint=PLAN_AGAIN) from None


def _check_approval(session: Session, options: PlanOptions, how: ApplyOptions) -> None:
    demands, terms = session.tenant.approval, how.terms
    if how.approved:
        if demands.verify_key:
            terms = replace(terms, keys=(*terms.keys, options.manifests / demands.verify_key))
        accept_plan(how.approved, terms, session.identity, options.state)
    elif demands.required:
        raise NotApproved(
            f"the tenant {session.tenant.name} takes approved plans only (`approval` in {session.tenant.source})",
            hint="reconciler plan --out FILE, have it approved, then reconciler apply --plan FILE",
        )


def check(options: PlanOptions) -> tuple[Tenant, Probe]:
    """Whether the tenant answers, and what it can do."""
    session = replace(open_session(options), snapshot=None)
    with connect(session, options) as directory:
        return session.tenant, directory.probe()


def refuse_breached(planned: Planned) -> None:
    """Raise Refused where a guard refuses the plan: every number, and the way out."""
    if planned.breached:
        texts = [explain_breach(guard) for guard in planned.breached]
        message = "refused: " + "; ".join(text for text, _ in texts)
        raise Refused(message, planned, hint="; ".join(way_out for _, way_out in texts))


def _plan(session: Session, directory: Directory, options: PlanOptions) -> Planned:
    identity = session.identity
    reading, (manifests, request) = _read(session, directory, options)
    if reading.snapshot:
        session.store.save(reading.snapshot, reading.relied_on)
    live = reading.live
    changeset = make_plan(manifests.desired, live, request)
    return Planned(
        Plan(
            tool_version=__version__,
            created_at=_written(session.started),
            fingerprint=fingerprint(identity, changeset.actions),
            tenant=identity,
            manifests=ManifestSummary(manifests.digest, len(manifests.desired.users), len(manifests.desired.groups)),
            live=LiveCounts(len(live.users) + live.unread_users, len(live.groups), live.summary),
            summary=changeset.summary,
            actions=changeset.actions,
            guards=changeset.guards,
            warnings=changeset.warnings,
            at=_written(options.at) if options.at else None,
            targets=options.targets,
        ),
        live,
        changeset,
        reading,
        _forecast(changeset.actions, directory, session.tenant),
        manifests,
        request,
    )


def _forecast(actions: Iterable[Action], directory: Directory, tenant: Tenant) -> Forecast:
    return make_forecast(count_requests(actions, tenant.limits.members_per_request), directory.client.pacer.budget())


def _read(session: Session, directory: Directory, options: PlanOptions) -> tuple[Reading, _Wanted]:
    """Live state and what the manifests say. Large sets are parsed while live state is read: neither needs the other.

    Manifests that are wrong end the reading.
    """
    wanted: Future[_Wanted] = Future()
    question = Question(
        lambda: identify(wanted.result()[0].desired, wanted.result()[1]),
        everything=not options.targets,
        full=options.full,
        recent_members=options.recent_members,
    )
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(directory.reader.read, question, session.snapshot)
        try:
            manifests = session.manifests()
            for warning in manifests.warnings:
                options.on_talk(safe(f"warning: {warning}"))
            wanted.set_result((manifests, plan_request(session.tenant, manifests, options, session.identity)))
            return reading.result(), wanted.result()
        except BaseException as error:
            options.stop.set()
            if not wanted.done():
                wanted.set_exception(error)
            raise


def plan_request(tenant: Tenant, manifests: Manifests, options: PlanOptions, identity: TenantIdentity) -> PlanRequest:
    """How these manifests are planned for a tenant. Raises UsageError where a target is not declared."""
    return PlanRequest(
        match_users=manifests.user_mapping.match,
        match_groups=manifests.group_mapping.match,
        policy=_policy(tenant, options.allow),
        targets=find_targets(manifests.desired, options.targets),
        applied=last_written_fields(options.state, identity),
    )


def _written(moment: datetime, timespec: str = "auto") -> str:
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _now() -> str:
    return _written(datetime.now(UTC), "microseconds")


def _policy(tenant: Tenant, allow: dict[str, int]) -> Policy:
    return Policy(
        unlisted_users=tenant.users.unlisted,
        unlisted_groups=tenant.groups.unlisted,
        protected=tenant.protected,
        deactivations=tenant.deactivations,
        membership_removals=tenant.membership_removals,
        allow=allow,
    )


def _approved_counts(approved: Plan) -> dict[str, int]:
    """What the reviewer saw and let through."""
    return {guard.name: guard.count for guard in approved.guards if not guard.breached}


def _carry_out(
    planned: Planned, found: Sorted, where: tuple[Directory, Tenant, PlanOptions], how: ApplyOptions
) -> tuple[Outcome, ...]:
    directory, tenant, options = where
    actions = found.same
    if not actions and (found.outdated or not found.settled):
        return ()
    how.on_start(_forecast(actions, directory, tenant))
    known = Known(
        dict(planned.changeset.ids),
        {Member(each.type, each.id): each for each in (*planned.live.users, *planned.live.groups)},
    )
    journal = open_journal(options.state, planned.plan.fingerprint, _now)
    approved = Approved(how.approved.plan.fingerprint, how.approved.digest) if how.approved else None
    try:
        journal.begin(planned.plan, who=who(), approved=approved)
        applier = Applier(directory.writer, known, journal, tenant.limits.concurrency, how.stop)
        outcomes = applier.apply_plan(actions, lambda outcome: how.on_outcome(outcome, len(actions)))
        done = all(outcome.status is OutcomeStatus.DONE for outcome in outcomes)
        journal.end(outcomes, spent=bool(approved) and done and not found.outdated)
    finally:
        journal.close()
    return outcomes


def _remember(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Let the snapshot follow this tool's own writes; where one contradicts it, it is not to be relied on."""
    before = planned.reading.snapshot
    if any(outcome.http_status in CONTRADICTIONS for outcome in outcomes):
        session.store.forget()
    elif before and any(outcome.live for outcome in outcomes):
        written = (outcome.live for outcome in outcomes if outcome.live)
        session.store.save(remember_writes(before, written), before)


def _settle(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Keep what was applied, or what turned out to be so already: what later differs from it can be told apart."""
    plan, known = planned.plan, session.applied
    if planned.breached and not outcomes:
        return
    everything = planned.request.everything and plan.live.summary.complete
    if plan.actions or (everything and not known.is_of(plan.manifests.digest)):
        settlement = Settlement(planned.changeset.pairs, planned.changeset.names, plan.actions, outcomes)
        at = _written(datetime.now(UTC).replace(microsecond=0))
        known.save(settlement, at=at, manifests=plan.manifests.digest, everything=everything)
