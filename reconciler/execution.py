"""An apply, from a plan that may be carried out to what is kept of it: journal, snapshot, what was applied."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING

from reconciler.apply import Applier, Known
from reconciler.approval import Terms
from reconciler.core.applied import Settlement
from reconciler.core.canary import count_read_backs, split_stages
from reconciler.core.forecast import count_requests, make_forecast, with_more
from reconciler.core.model import Member
from reconciler.core.plan_model import OutcomeStatus
from reconciler.core.snapshot import remember_writes
from reconciler.core.times import format_time
from reconciler.journal.writing import open_journal
from reconciler.planning import forecast_requests
from reconciler.provenance import trace_origin
from reconciler.readback import judge_canary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.core.canary import Canary, Stage
    from reconciler.core.forecast import Budget, Forecast
    from reconciler.core.plan_model import Action, Outcome
    from reconciler.core.stored import Stored
    from reconciler.core.tenant import Tenant
    from reconciler.journal.writing import Journal
    from reconciler.leftovers import Leftover, Sorted
    from reconciler.planning import Planned
    from reconciler.readback import Verdict
    from reconciler.report.plan_json import SavedPlan
    from reconciler.scim.directory import Directory
    from reconciler.session import PlanOptions, Session

CONTRADICTIONS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
"""Answers to a write that say: what was read is not what there is."""


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to apply: `approved` is the plan that was reviewed, on these `terms`; `confirm` is asked otherwise.

    `canary`: how many actions go ahead and are read back; `on_verdict` hears what became of them. `on_start` hears what
    it will take, `on_pace` with each outcome how to ask what the rest will, `on_journal` the run's name and the hash
    of its last entry. Setting `stop` lets requests in flight finish and starts no other.
    """

    approved: SavedPlan | None = None
    terms: Terms = Terms()
    confirm: Callable[[Planned], bool] = lambda _planned: False
    canary: Canary | None = None
    on_start: Callable[[Forecast, Sequence[Stage]], None] = lambda _forecast, _stages: None
    on_pace: Callable[[Callable[[], Forecast]], None] = lambda _foretell: None
    on_verdict: Callable[[Verdict], None] = lambda _verdict: None
    on_outcome: Callable[[Outcome, int], None] = lambda _outcome, _total: None
    on_journal: Callable[[str, str], None] = lambda _run, _head: None
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, and of an approved plan what it did not do, and why (see `Sorted`).

    `stored`: what the service stored otherwise than it was sent.
    """

    outcomes: tuple[Outcome, ...] = ()
    unapproved: tuple[Leftover, ...] = ()
    outdated: tuple[Leftover, ...] = ()
    settled: tuple[Action, ...] = ()
    stored: tuple[Stored, ...] = ()
    confirmed: bool = True


def carry_out(
    planned: Planned, found: Sorted, where: tuple[Directory, Tenant, PlanOptions], how: ApplyOptions
) -> tuple[Outcome, ...]:
    """Carry out what was found to be the same, or all of a confirmed plan; the journal says what became of it."""
    directory, tenant, options = where
    actions = found.same
    if not actions and (found.outdated or not found.settled):
        return ()
    stages = split_stages(actions, how.canary)
    how.on_start(with_more(forecast_requests(actions, directory, tenant), count_read_backs(stages)), stages)
    known = Known(
        dict(planned.changeset.ids),
        {Member(each.type, each.id): each for each in (*planned.live.users, *planned.live.groups)},
    )
    origin = trace_origin(options.manifests, how.approved, vouched=bool(how.terms.keys))
    journal = open_journal(options.state, planned.plan.fingerprint, _now)
    try:
        journal.begin(planned.plan, origin, known.ids)
        applier = Applier(directory.writer, known, journal, tenant.limits.concurrency, how.stop)
        run = _Run(planned, where, how, applier, journal)
        outcomes = run.carry_out(stages)
        done = all(outcome.status is OutcomeStatus.DONE for outcome in outcomes)
        journal.end(outcomes, spent=bool(how.approved) and done and not found.outdated, halted=run.halted)
    finally:
        journal.close()
        if journal.head:
            how.on_journal(journal.run, journal.head)
    return outcomes


@dataclass(slots=True)
class _Pace:
    """What the rest of an apply will take: `left` requests, by what the service still allows."""

    how: ApplyOptions
    budget: Callable[[], Budget]
    batch: int
    total: int
    left: int

    def hear(self, outcome: Outcome) -> None:
        """One action less."""
        self.left -= count_requests([outcome.action], self.batch)
        self.how.on_pace(self.foretell)
        self.how.on_outcome(outcome, self.total)

    def foretell(self) -> Forecast:
        """What the rest takes, as it looks now."""
        return make_forecast(self.left, self.budget())


@dataclass(frozen=True, slots=True)
class _Run:
    """An apply that has begun."""

    planned: Planned
    where: tuple[Directory, Tenant, PlanOptions]
    how: ApplyOptions
    applier: Applier
    journal: Journal

    @property
    def halted(self) -> str | None:
        """Why it does not go on, if it does not."""
        if self.how.stop.is_set():
            return "stopped"
        return self.applier.halted[0] if self.applier.halted else None

    def carry_out(self, stages: Sequence[Stage]) -> tuple[Outcome, ...]:
        """One outcome for each action; where a canary is not as was asked for, no stage after it is begun."""
        directory, tenant, _ = self.where
        actions, batch = [action for stage in stages for action in stage.actions], tenant.limits.members_per_request
        requests = count_requests(actions, batch) + count_read_backs(stages)
        pace = _Pace(self.how, directory.client.pacer.budget, batch, len(actions), requests)
        outcomes: list[Outcome] = []
        for stage in stages:
            ended = self.applier.apply_plan(stage.actions, pace.hear)
            if stage.checked:
                ended = ended if self.halted else self._judge(ended, pace.total)
                pace.left -= len(stage.actions)
            outcomes += ended
        return tuple(outcomes)

    def _judge(self, outcomes: Sequence[Outcome], total: int) -> tuple[Outcome, ...]:
        verdict = judge_canary(self.planned, self.where[0].reader, self.where[2].state, outcomes, total)
        self.journal.record_canary(len(outcomes), total, verdict.reason, verdict.differences)
        if verdict.reason:
            self.applier.halted.append(verdict.reason)
        self.how.on_verdict(verdict)
        return verdict.outcomes


def remember(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Let the snapshot follow this tool's own writes; where one contradicts it, it is not to be relied on.

    Where only what was named was read, the snapshot is older, and what moves a time stamp is not learned from it.
    """
    read, before = planned.reading.snapshot, planned.reading.snapshot or session.snapshot
    if any(outcome.http_status in CONTRADICTIONS for outcome in outcomes):
        session.store.forget()
    elif before and any(outcome.live for outcome in outcomes):
        written = (outcome.live for outcome in outcomes if outcome.live)
        after = remember_writes(before, written)
        session.store.save(after if read else replace(after, touches=before.touches), before)


def settle(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Keep what was applied, or what turned out to be so already: what later differs from it can be told apart.

    An undo leaves something else than the manifests say: what they said when they were applied stays known.
    """
    plan, known = planned.plan, session.applied
    if plan.undoes or (planned.breached and not outcomes):
        return
    everything = planned.request.everything and plan.live.summary.complete
    if plan.actions or (everything and (session.interrupted or not known.is_of(plan.manifests.digest))):
        settlement = Settlement(planned.changeset.pairs, planned.changeset.names, plan.actions, outcomes)
        known.save(settlement, at=_now(), manifests=plan.manifests.digest, everything=everything)


def _now() -> str:
    return format_time(datetime.now(UTC), "microseconds")
