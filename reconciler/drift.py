"""The use case `drift`: where 4me differs from the manifests, told apart by what was last applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.core.applied import base_of_revision
from reconciler.core.match import match_resources
from reconciler.core.model import Member
from reconciler.core.names import build_names
from reconciler.core.tolerance import Tolerances
from reconciler.core.verdicts import Sides, tell_apart
from reconciler.errors import OperatorError
from reconciler.manifests.read import read_manifests
from reconciler.revisions import open_repository
from reconciler.run import plan_session
from reconciler.session import open_session
from reconciler.settings import git_environment

if TYPE_CHECKING:
    from datetime import date

    from reconciler.core.drift import Base, Drift
    from reconciler.manifests.read import Manifests
    from reconciler.planning import Planned
    from reconciler.session import PlanOptions, Session


@dataclass(frozen=True, slots=True)
class Drifted:
    """A plan, its differences told apart, and what Now() in mappings gave."""

    planned: Planned
    drift: Drift
    now: datetime


def find_drift(options: PlanOptions, revision: str | None = None, today: date | None = None) -> Drifted:
    """Plan, and tell its differences apart; only reads.

    `revision`: the git revision that was last applied, for where the state directory knows of no apply. `today`: the
    day that tolerances are judged by, else the run's in UTC. Raises OperatorError where the revision cannot be read.
    """
    with open_session(options) as session:
        planned = plan_session(session, options)
        base = _base(session, planned, options, revision)
    names = {
        each.resource: {rule.target: rule.source for rule in each.rules if rule.source}
        for each in (planned.manifests.user_mapping, planned.manifests.group_mapping)
    }
    tolerances = Tolerances(session.tenant.tolerate, today or datetime.now(UTC).date(), names)
    drift = tell_apart(planned.plan.actions, _sides(planned), base, tolerances)
    return Drifted(planned, drift, options.at or session.started)


def _sides(planned: Planned) -> Sides:
    """Both sides of the resources that something is to be done to."""
    keys = {Member(each.type, each.key) for each in planned.plan.actions}
    pairs = [pair for pair in planned.changeset.pairs if Member(pair[0].type, pair[0].key) in keys]
    return Sides(
        {Member(desired.type, desired.key): desired for desired, _ in pairs},
        {Member(live.type, live.id): live for _, live in pairs if live},
        planned.changeset.names,
        planned.request.equivalences,
    )


def _base(session: Session, planned: Planned, options: PlanOptions, revision: str | None) -> Base | None:
    """From the state directory, else from the revision; None where neither tells."""
    actions = planned.plan.actions
    ids = {Member(each.type, each.id) for each in actions if each.id is not None}
    keys = {Member(each.type, each.key.casefold()) for each in actions if each.id is None}
    kept = session.applied.load(ids, keys)
    if kept or revision is None or not actions:
        return kept
    manifests = _manifests_of(options, revision, options.at or session.started)
    live = planned.live
    pairs = (
        *match_resources(manifests.desired.users, live.users, manifests.user_mapping.match).pairs,
        *match_resources(manifests.desired.groups, live.groups, manifests.group_mapping.match).pairs,
    )
    return base_of_revision(revision, pairs, build_names(pairs, live))


def _manifests_of(options: PlanOptions, revision: str, now: datetime) -> Manifests:
    """The manifests folder as it was in a revision. Raises OperatorError."""
    folder = options.manifests.resolve()
    repository = open_repository(folder, git_environment())
    root = repository.root.resolve()
    commit = repository.find_commit(revision)
    with repository.extract(commit, folder.relative_to(root).as_posix()) as extracted:
        if extracted is None:
            raise OperatorError(
                f"{revision} has no folder {options.manifests}", hint="name a revision that was applied"
            )
        return read_manifests(extracted, now)
