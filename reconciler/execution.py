"""An apply, from a plan that may be carried out to what is kept of it: journal, snapshot, what was applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING

from reconciler.apply import Applier, Known
from reconciler.approval import Terms
from reconciler.core.applied import Settlement
from reconciler.core.model import Member
from reconciler.core.plan_model import OutcomeStatus
from reconciler.core.snapshot import remember_writes
from reconciler.journal.writing import open_journal
from reconciler.planning import forecast_requests, format_time
from reconciler.provenance import trace_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Action, Outcome
    from reconciler.core.tenant import Tenant
    from reconciler.leftovers import Leftover, Sorted
    from reconciler.planning import Planned
    from reconciler.report.plan_json import SavedPlan
    from reconciler.scim.directory import Directory
    from reconciler.session import PlanOptions, Session

CONTRADICTIONS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
"""Answers to a write that say: what was read is not what there is."""


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How to apply: `approved` is the plan that was reviewed, on these `terms`; `confirm` is asked otherwise.

    `on_start` hears what it will take, `on_journal` the run's name and the hash of its last entry. Setting `stop` lets
    requests in flight finish and starts no other.
    """

    approved: SavedPlan | None = None
    terms: Terms = Terms()
    confirm: Callable[[Planned], bool] = lambda _planned: False
    on_start: Callable[[Forecast], None] = lambda _forecast: None
    on_outcome: Callable[[Outcome, int], None] = lambda _outcome, _total: None
    on_journal: Callable[[str, str], None] = lambda _run, _head: None
    stop: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, and of an approved plan what it did not do, and why (see `Sorted`)."""

    outcomes: tuple[Outcome, ...] = ()
    unapproved: tuple[Leftover, ...] = ()
    outdated: tuple[Leftover, ...] = ()
    settled: tuple[Action, ...] = ()
    confirmed: bool = True


def carry_out(
    planned: Planned, found: Sorted, where: tuple[Directory, Tenant, PlanOptions], how: ApplyOptions
) -> tuple[Outcome, ...]:
    """Carry out what was found to be the same, or all of a confirmed plan; the journal says what became of it."""
    directory, tenant, options = where
    actions = found.same
    if not actions and (found.outdated or not found.settled):
        return ()
    how.on_start(forecast_requests(actions, directory, tenant))
    known = Known(
        dict(planned.changeset.ids),
        {Member(each.type, each.id): each for each in (*planned.live.users, *planned.live.groups)},
    )
    origin = trace_origin(options.manifests, how.approved, vouched=bool(how.terms.keys))
    journal = open_journal(options.state, planned.plan.fingerprint, _now)
    try:
        journal.begin(planned.plan, origin, known.ids)
        applier = Applier(directory.writer, known, journal, tenant.limits.concurrency, how.stop)
        outcomes = applier.apply_plan(actions, lambda outcome: how.on_outcome(outcome, len(actions)))
        done = all(outcome.status is OutcomeStatus.DONE for outcome in outcomes)
        journal.end(outcomes, spent=bool(how.approved) and done and not found.outdated)
    finally:
        journal.close()
        if journal.head:
            how.on_journal(journal.run, journal.head)
    return outcomes


def remember(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Let the snapshot follow this tool's own writes; where one contradicts it, it is not to be relied on."""
    before = planned.reading.snapshot
    if any(outcome.http_status in CONTRADICTIONS for outcome in outcomes):
        session.store.forget()
    elif before and any(outcome.live for outcome in outcomes):
        written = (outcome.live for outcome in outcomes if outcome.live)
        session.store.save(remember_writes(before, written), before)


def settle(session: Session, planned: Planned, outcomes: Sequence[Outcome]) -> None:
    """Keep what was applied, or what turned out to be so already: what later differs from it can be told apart."""
    plan, known = planned.plan, session.applied
    if planned.breached and not outcomes:
        return
    everything = planned.request.everything and plan.live.summary.complete
    if plan.actions or (everything and not known.is_of(plan.manifests.digest)):
        settlement = Settlement(planned.changeset.pairs, planned.changeset.names, plan.actions, outcomes)
        at = format_time(datetime.now(UTC).replace(microsecond=0))
        known.save(settlement, at=at, manifests=plan.manifests.digest, everything=everything)


def _now() -> str:
    return format_time(datetime.now(UTC), "microseconds")
