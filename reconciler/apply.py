"""Carries out an approved plan through the directory: wave by wave, in parallel within a wave.

Touches only the writer and the journal that it is given. One resource's failure never stops the others; what depended
on it is skipped, and a group is changed without the members that could not be created.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Protocol

from reconciler.core.directory import MemberDelta
from reconciler.core.model import Member, ResourceType
from reconciler.core.order import order_actions
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import DONE_WITHOUT, ActionKind, MemberChanges, Outcome, OutcomeStatus
from reconciler.errors import NotSent, ServiceError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.core.directory import Writer, Written
    from reconciler.core.model import Live
    from reconciler.core.plan_model import Action, Change


STOPPED = "stopped before it was started"

GIVE_UP_AFTER = 20
"""Actions in a row that the service failed with, each after several attempts."""


class ApplyJournal(Protocol):
    """Evidence of an apply; both calls return only when the entry is on disk."""

    def record_attempt(self, action: Action) -> None:
        """About to send this action's request."""
        ...

    def record_outcome(self, outcome: Outcome) -> None:
        """This is what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan was computed from: ids by key, and live resources by id. `ids` grows as resources are created."""

    ids: dict[Member, str]
    live: Mapping[Member, Live]


@dataclass(frozen=True, slots=True)
class Applier:
    """One apply. Setting `stop` lets requests in flight finish and starts no other.

    Nor does a wait that is too long, a token that is not accepted, or a service that nobody reaches or that has failed
    all of the last `GIVE_UP_AFTER` actions: why is in `halted`, where others may add why.
    """

    writer: Writer
    known: Known
    journal: ApplyJournal
    concurrency: int = 8
    stop: Event = field(default_factory=Event)
    halted: list[str] = field(default_factory=list, init=False)
    failing: list[Action] = field(default_factory=list, init=False)

    def apply_plan(self, actions: Sequence[Action], on_outcome: Callable[[Outcome], None]) -> tuple[Outcome, ...]:
        """Carry out `actions`; one outcome each, told to `on_outcome` as they end."""
        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(self.concurrency) as pool:
            for wave in order_actions(actions):
                for outcome in self._run_wave(pool, wave):
                    outcomes.append(outcome)
                    on_outcome(outcome)
        return tuple(outcomes)

    def _run_wave(self, pool: ThreadPoolExecutor, wave: Sequence[Action]) -> Iterator[Outcome]:
        futures = [pool.submit(self._apply_action, action) for action in wave]
        for future in as_completed(futures):
            outcome = future.result()
            if outcome.id:
                self.known.ids[Member(outcome.action.type, outcome.action.key)] = outcome.id
            yield outcome

    def _apply_action(self, action: Action) -> Outcome:
        if self.stop.is_set():
            return Outcome(action, OutcomeStatus.SKIPPED, STOPPED, action.id)
        if self.halted:
            return Outcome(action, OutcomeStatus.SKIPPED, self.halted[0], action.id)
        manager = next((change.after for change in action.changes if change.path == MANAGER), None)
        if isinstance(manager, str) and Member(ResourceType.USER, manager) not in self.known.ids:
            return Outcome(action, OutcomeStatus.SKIPPED, f"its manager {manager} is not in 4me", action.id)
        missing = [member for member in action.members.add if member not in self.known.ids]
        self.journal.record_attempt(action)
        outcome = self._send(action, missing)
        self.journal.record_outcome(outcome)
        return outcome

    def _send(self, action: Action, missing: Sequence[Member]) -> Outcome:
        present = tuple(member for member in action.members.add if member not in missing)
        reduced = replace(action, members=MemberChanges(present, action.members.remove))
        try:
            written = self._write(reduced)
        except NotSent as unsent:
            self.halted.append(unsent.message)
            return Outcome(action, OutcomeStatus.SKIPPED, unsent.message, action.id)
        except ServiceError as error:
            self._judge(error, action)
            return Outcome(action, OutcomeStatus.FAILED, error.message, action.id, http_status=error.status)
        self.failing.clear()
        if missing:
            names = ", ".join(member.name for member in missing)
            detail = f"{DONE_WITHOUT} {names}: not in 4me"
            return Outcome(action, OutcomeStatus.FAILED, detail, written.id, written.requests, written.live)
        return Outcome(action, OutcomeStatus.DONE, "", written.id, written.requests, written.live)

    def _judge(self, error: ServiceError, action: Action) -> None:
        """Halt where the next request would fare no better; what the service refuses says nothing of others."""
        if error.status == HTTPStatus.UNAUTHORIZED:
            self.halted.append("not started: the token is not accepted any more (HTTP 401)")
        elif isinstance(error, Unreachable):
            self.halted.append("not started: the service cannot be reached")
        elif error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.failing.append(action)
        else:
            self.failing.clear()
        if len(self.failing) >= GIVE_UP_AFTER:
            self.halted.append(f"not started: the service failed with all of the last {GIVE_UP_AFTER} actions")

    def _write(self, action: Action) -> Written:
        changes = [self._with_id(change) for change in action.changes]
        add = tuple(Member(member.type, self.known.ids[member]) for member in action.members.add)
        if action.kind is ActionKind.CREATE or action.id is None:
            return self.writer.create(action.type, {change.path: change.after for change in changes}, add)
        live = self.known.live[Member(action.type, action.id)]
        remove = self._live_members(action.members.remove)
        return self.writer.update(live, changes, MemberDelta(add, remove))

    def _with_id(self, change: Change) -> Change:
        if change.path != MANAGER or not isinstance(change.after, str):
            return change
        return replace(change, after=self.known.ids[Member(ResourceType.USER, change.after)])

    def _live_members(self, names: Sequence[Member]) -> tuple[Member, ...]:
        """Members to remove, by id; one that no resource read is named for keeps the id it is named by."""
        return tuple(Member(member.type, self.known.ids.get(member, member.name)) for member in names)
