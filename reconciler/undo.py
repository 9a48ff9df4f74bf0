"""The use case `undo`: plan the reverse of one apply, from its journal. Only reads; `apply --plan` carries it out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.directory import Question
from reconciler.core.redone import find_redone
from reconciler.core.reversal import identify_steps, limit
from reconciler.core.undo import plan_undo
from reconciler.errors import OperatorError
from reconciler.journal.files import SUFFIX
from reconciler.journal.steps import read_recorded
from reconciler.journal.verifying import verify_journal
from reconciler.planning import plan_request, record_plan
from reconciler.session import connect, open_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.plan_model import Action
    from reconciler.journal.steps import Recorded
    from reconciler.planning import Planned
    from reconciler.scim.directory import Directory
    from reconciler.session import PlanOptions, Session

LISTED_NAMES = 5


def undo(options: PlanOptions, name: str) -> Planned:
    """The reverse of a run that was made in this tenant; only reads.

    `name`: the run's, or how it begins, or `last`. Raises OperatorError where there is no such run.
    """
    with open_session(options) as session:
        recorded = _read(session, options, name)
        with connect(session, options) as directory:
            return _plan(session, directory, options, recorded)


def plan_reversal(session: Session, directory: Directory, options: PlanOptions, run: str) -> Planned:
    """The reverse of a run, from what 4me has now: the same as was approved as far as nothing changed since."""
    return _plan(session, directory, options, _read(session, options, run))


def _read(session: Session, options: PlanOptions, name: str) -> Recorded:
    """A run that was found, and that its journal tells of as it was written."""
    recorded = read_recorded(options.state, session.identity, name)
    faults = verify_journal(options.state).faults
    own = [fault for fault in faults if fault.file == f"{recorded.run}{SUFFIX}"]
    if own:
        line = f", line {own[0].line}" if own[0].line else ""
        raise OperatorError(
            f"the run {recorded.run} is not undone: its journal is not as it was written{line}: {own[0].problem}",
            hint="`reconciler history --verify` has all that is wrong; bring the journal back from a copy",
        )
    if faults:
        options.on_talk("warning: the journal of other runs is not as it was written: see reconciler history --verify")
    return recorded


def _plan(session: Session, directory: Directory, options: PlanOptions, recorded: Recorded) -> Planned:
    reversal = limit(recorded.reversal, options.targets)
    identities = identify_steps(reversal.steps)
    reading = directory.reader.read(Question(lambda: identities, everything=False), session.snapshot)
    manifests = session.manifests()
    request = plan_request(session.tenant, manifests, replace(options, targets=()), session.identity)
    options.on_states(manifests.desired, reading.live)
    changeset = plan_undo(reversal, reading.live, request)
    redone = find_redone(changeset.actions, (manifests.desired, reading.live), changeset.names, request)
    told = (*changeset.warnings, *_told(recorded, redone, changeset.actions))
    changeset = replace(changeset, warnings=told)
    return record_plan((session, directory, options), (manifests, reading), request, changeset, recorded.run)


def _told(recorded: Recorded, redone: Sequence[Action], actions: Sequence[Action]) -> Iterator[str]:
    if recorded.unreadable:
        yield f"{recorded.unreadable} line(s) of that run's journal cannot be read: what they told is not undone"
    if redone:
        too = f"revert the commit {recorded.commit} too" if recorded.commit else "take it out of the manifests too"
        yield (
            f"the manifests still say what that run applied, for {len(redone)} of {len(actions)}:"
            f" the next apply would do it again: {too}"
        )
    if 0 < len(redone) < len(actions):
        names = ", ".join(action.key for action in redone[:LISTED_NAMES])
        more = f" and {len(redone) - LISTED_NAMES} more" if len(redone) > LISTED_NAMES else ""
        yield f"what the next apply would do again: {names}{more}"
