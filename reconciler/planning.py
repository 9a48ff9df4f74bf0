"""What apply would do to an opened tenant: manifests and live state to a plan, with all that it was computed from."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.core.directory import Question
from reconciler.core.forecast import count_requests, make_forecast
from reconciler.core.guards import Policy, explain_breach
from reconciler.core.model import Member
from reconciler.core.plan import PlanRequest, fingerprint, make_plan
from reconciler.core.plan_model import LiveCounts, ManifestSummary, Plan
from reconciler.core.question import find_targets, identify
from reconciler.core.repeats import find_repeats
from reconciler.core.times import format_time
from reconciler.errors import GuardRefusal
from reconciler.journal.past_writes import read_past
from reconciler.journal.reading import last_written_fields
from reconciler.manifests.read import collector_paused
from reconciler.report.repeats import tell_repeats
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconciler.core.directory import Reading
    from reconciler.core.forecast import Forecast
    from reconciler.core.model import LiveState
    from reconciler.core.plan import Changeset
    from reconciler.core.plan_model import Action, Guard, TenantIdentity
    from reconciler.core.repeats import Repeat
    from reconciler.core.tenant import Tenant
    from reconciler.manifests.read import Manifests
    from reconciler.scim.directory import Directory
    from reconciler.session import PlanOptions, Session

    _Wanted = tuple[Manifests, PlanRequest]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what it was computed from. `repeats`: what of it earlier runs have done before."""

    plan: Plan
    live: LiveState
    changeset: Changeset
    reading: Reading
    forecast: Forecast
    manifests: Manifests
    request: PlanRequest
    repeats: tuple[Repeat, ...] = ()

    @property
    def breached(self) -> tuple[Guard, ...]:
        """The guards that refuse it."""
        return tuple(guard for guard in self.plan.guards if guard.breached)


class Refused(GuardRefusal):
    """A guard refuses this plan; `planned` is all of it, to be shown."""

    def __init__(self, message: str, planned: Planned, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.planned = planned


def refuse_breached(planned: Planned) -> None:
    """Raise Refused where a guard refuses the plan: every number, and the way out."""
    if planned.breached:
        texts = [explain_breach(guard) for guard in planned.breached]
        message = "refused: " + "; ".join(text for text, _ in texts)
        raise Refused(message, planned, hint="; ".join(way_out for _, way_out in texts))


def make_session_plan(session: Session, directory: Directory, options: PlanOptions) -> Planned:
    """Read both sides and plan; what was read is kept for the next run. Raises what `open_manifests` and reading do."""
    reading, (manifests, request) = _read(session, directory, options)
    if reading.snapshot:
        session.store.save(reading.snapshot, reading.relied_on)
    options.on_states(manifests.desired, reading.live)
    changeset = make_plan(manifests.desired, reading.live, request)
    return record_plan((session, directory, options), (manifests, reading), request, changeset)


def record_plan(
    where: tuple[Session, Directory, PlanOptions],
    sides: tuple[Manifests, Reading],
    request: PlanRequest,
    changeset: Changeset,
    undoes: str | None = None,
) -> Planned:
    """What planning came to, as a plan, with all that it was computed from."""
    session, directory, options = where
    manifests, reading = sides
    identity, live = session.identity, reading.live
    repeats = () if undoes else _find_repeats(changeset.actions, options.state, identity)
    return Planned(
        Plan(
            tool_version=__version__,
            created_at=format_time(session.started),
            fingerprint=fingerprint(identity, changeset.actions),
            tenant=identity,
            manifests=ManifestSummary(manifests.digest, len(manifests.desired.users), len(manifests.desired.groups)),
            live=LiveCounts(len(live.users) + live.unread_users, len(live.groups), live.summary),
            summary=changeset.summary,
            actions=changeset.actions,
            guards=changeset.guards,
            warnings=(*changeset.warnings, *tell_repeats(repeats)),
            at=format_time(options.at) if options.at else None,
            targets=options.targets,
            undoes=undoes,
        ),
        live,
        changeset,
        reading,
        forecast_requests(changeset.actions, directory, session.tenant),
        manifests,
        request,
        repeats,
    )


def _find_repeats(actions: Iterable[Action], state: Path, identity: TenantIdentity) -> tuple[Repeat, ...]:
    """Of a plan of nothing, or of creations only, the journal is not read."""
    wanted = frozenset(Member(each.type, each.id) for each in actions if each.id is not None)
    if not wanted:
        return ()
    with collector_paused():
        return tuple(find_repeats(actions, read_past(state, identity, wanted)))


def plan_request(tenant: Tenant, manifests: Manifests, options: PlanOptions, identity: TenantIdentity) -> PlanRequest:
    """How these manifests are planned for a tenant. Raises UsageError where a target is not declared."""
    return PlanRequest(
        match_users=manifests.user_mapping.match,
        match_groups=manifests.group_mapping.match,
        policy=_policy(tenant, options.allow),
        targets=find_targets(manifests.desired, options.targets),
        applied=last_written_fields(options.state, identity, tenant.equivalences.dropped()),
        equivalences=tenant.equivalences,
    )


def _policy(tenant: Tenant, allow: dict[str, int]) -> Policy:
    return Policy(
        unlisted_users=tenant.users.unlisted,
        unlisted_groups=tenant.groups.unlisted,
        protected=tenant.protected,
        deactivations=tenant.deactivations,
        membership_removals=tenant.membership_removals,
        allow=allow,
    )


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


def forecast_requests(actions: Iterable[Action], directory: Directory, tenant: Tenant) -> Forecast:
    """How many requests these actions take, and how long they take within the tenant's limits."""
    return make_forecast(count_requests(actions, tenant.limits.members_per_request), directory.client.pacer.budget())
