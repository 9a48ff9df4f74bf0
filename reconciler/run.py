"""The use cases: each is the pipeline from top to bottom.

read manifests -> build desired -> map -> read live -> match -> diff -> guard -> plan -> (approve) -> apply -> report.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.approval import PLAN_AGAIN, accept_plan, plan_clock
from reconciler.core.directory import Question
from reconciler.core.guards import recount_guards
from reconciler.core.stored import find_stored
from reconciler.errors import NotApproved, OperatorError, UsageError
from reconciler.execution import Applied, ApplyOptions, carry_out, remember, settle
from reconciler.leftovers import Sorted, sort_actions
from reconciler.manifests.read import open_manifests
from reconciler.planning import Planned, Refused, make_session_plan, refuse_breached
from reconciler.session import PlanOptions, connect, open_session, ownership_filters
from reconciler.undo import plan_reversal

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconciler.core.directory import Identity
    from reconciler.core.model import LiveState
    from reconciler.core.plan_model import Plan
    from reconciler.core.tenant import Tenant
    from reconciler.manifests.read import Manifests
    from reconciler.scim.directory import Directory, Probe
    from reconciler.session import Session

__all__ = [
    "Applied",
    "ApplyOptions",
    "PlanOptions",
    "Planned",
    "Refused",
    "apply",
    "check",
    "look_up",
    "plan",
    "plan_session",
    "refuse_breached",
    "validate",
]


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
    with open_session(options) as session:
        return plan_session(session, options)


def plan_session(session: Session, options: PlanOptions) -> Planned:
    """What apply would do to an opened tenant; only reads."""
    with connect(session, options) as directory:
        planned = make_session_plan(session, directory, options)
    if not planned.plan.actions:
        settle(session, planned, ())
    return planned


def look_up(options: PlanOptions, identity: Identity) -> LiveState:
    """What 4me has of one resource, whether or not it is declared; only reads."""
    with open_session(options) as session, connect(session, options) as directory:
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
    with open_session(options) as session:
        return _apply_session(session, options, how)


def _apply_session(session: Session, options: PlanOptions, how: ApplyOptions) -> Applied:
    if session.unkept:
        raise OperatorError(
            f"an apply keeps a journal, and the state directory {options.state} cannot be used: {session.unkept}",
            hint="nothing was changed in 4me; name a directory that can be written with --state-dir",
        )
    approved = how.approved.plan if how.approved else None
    _check_approval(session, options, how)
    with connect(session, options) as directory:
        planned = _replan(session, directory, options, approved)
        if approved is None:
            if planned.plan.actions and not planned.breached and not how.confirm(planned):
                return Applied(confirmed=False)
            found = Sorted(planned.plan.actions)
        else:
            found = sort_actions(approved, planned.plan, planned.live, planned.changeset.names)
            guards = recount_guards(planned.plan.guards, found.same)
            planned = replace(planned, plan=replace(planned.plan, guards=guards))
        refuse_breached(planned)
        outcomes = carry_out(planned, found, (directory, session.tenant, options), how)
    remember(session, planned, outcomes)
    settle(session, planned, outcomes)
    stored = tuple(find_stored(outcomes, session.tenant.equivalences))
    return Applied(outcomes, found.unapproved, found.outdated, found.settled, stored)


def check(options: PlanOptions) -> tuple[Tenant, Probe]:
    """Whether the tenant answers, and what it can do."""
    with open_session(options) as opened, connect(session := replace(opened, snapshot=None), options) as directory:
        return session.tenant, directory.probe()


def _replan(session: Session, directory: Directory, options: PlanOptions, approved: Plan | None) -> Planned:
    """A plan of the same kind as an approved one, limited to what that was limited to."""
    if approved and approved.undoes:
        return plan_reversal(session, directory, options, approved.undoes)
    try:
        return make_session_plan(session, directory, options)
    except UsageError as gone:
        if not options.targets:
            raise
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


def _approved_counts(approved: Plan) -> dict[str, int]:
    """What the reviewer saw and let through."""
    return {guard.name: guard.count for guard in approved.guards if not guard.breached}
