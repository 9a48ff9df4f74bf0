"""Writes the journal of one run. Each entry is on disk before the next request is sent."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import Member, ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import OutcomeStatus
from reconciler.core.stored import compare_answer
from reconciler.errors import OperatorError
from reconciler.journal.entries import FORMAT_VERSION, seal
from reconciler.journal.files import SUFFIX, find_end, journal_folder, name_run
from reconciler.state_files import make_private, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from reconciler.core.model import Value
    from reconciler.core.plan_model import Action, MemberChanges, Outcome, Plan
    from reconciler.journal.files import ChainEnd

    NamedDifference = tuple[str, Value, Value]

GROUP_PREFIX = "group:"
"""How a group's name is told from a user's among the ids of members."""


class Approval(NamedTuple):
    """The approved plan that is carried out. `plan`: digest of all of it. `keys`: ids of those that vouched for it."""

    fingerprint: str
    plan: str
    planned_at: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an apply comes from: who runs it, from which commit of the manifests, in which pipeline's run (its page).

    `dirty`: the manifests folder differed from the commit; None: not known.
    """

    who: str
    commit: str | None = None
    dirty: bool | None = None
    link: str | None = None
    approval: Approval | None = None


class Journal:
    """Writes one run's file, which is not to exist yet. Safe to use from several threads.

    `head`: the hash of the last entry on disk. `ids`: what is known of members' ids, as it grows.
    """

    def __init__(self, path: Path, now: Callable[[], str], end: ChainEnd) -> None:
        self.run = path.stem
        self.head = end.previous
        self.ids: Mapping[Member, str] = {}
        self._torn, self._now, self._lock = end.torn, now, Lock()
        self._seq = self._size = 0
        self._broken: OperatorError | None = None
        make_private(path.parent)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        sync_folder(path.parent)

    def begin(self, plan: Plan, origin: Origin, ids: Mapping[Member, str]) -> None:
        """What is applied, and where that comes from."""
        self.ids = ids
        approval = origin.approval
        self._write(
            "run",
            formatVersion=FORMAT_VERSION,
            run=self.run,
            tool=plan.tool_version,
            who=origin.who,
            tenant={"name": plan.tenant.name, "endpoint": plan.tenant.endpoint, "account": plan.tenant.account},
            fingerprint=plan.fingerprint,
            manifests=plan.manifests.digest,
            planned=len(plan.actions),
            commit=origin.commit,
            dirty=origin.dirty,
            link=origin.link,
            plan=approval.plan if approval else None,
            approval=_approval(approval) if approval else None,
            undoes=plan.undoes,
            torn=[each._asdict() for each in self._torn],
        )

    def record_attempt(self, action: Action) -> None:
        """About to send this action's request."""
        self._write("attempt", id=action.id, **self._wanted(action))

    def record_outcome(self, outcome: Outcome) -> None:
        """What became of an action, with the values before and after."""
        action = outcome.action
        self._write(
            "outcome",
            id=outcome.id,
            status=outcome.status.value,
            detail=outcome.detail,
            reason=action.reason,
            requests=outcome.requests,
            source={"file": action.source.file, "line": action.source.line} if action.source else None,
            **self._wanted(action),
            stored=_stored(outcome),
        )

    def record_canary(
        self, actions: int, total: int, reason: str, differences: Iterable[tuple[Action, Iterable[NamedDifference]]]
    ) -> None:
        """What became of a canary of so many of so many actions; `reason`: why nothing else is sent, or nothing."""
        self._write(
            "canary",
            actions=actions,
            total=total,
            reason=reason,
            differences=[
                {"resource": action.type.value, "key": action.key, "path": path, "asked": asked, "got": got}
                for action, differing in differences
                for path, asked, got in differing
            ],
        )

    def end(self, outcomes: tuple[Outcome, ...], *, spent: bool = False, halted: str | None = None) -> None:
        """The run is over. `spent`: nothing of the approved plan is left to do. `halted`: why it did not go on."""
        counts = {status.value: sum(1 for each in outcomes if each.status is status) for status in OutcomeStatus}
        self._write("end", **counts, spent=spent, halted=halted)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _wanted(self, action: Action) -> dict[str, object]:
        return {
            "action": action.kind.value,
            "resource": action.type.value,
            "key": action.key,
            "changes": [{"path": each.path, "before": each.before, "after": each.after} for each in action.changes],
            "members": _member_names(action.members),
            "memberIds": self._ids_of_names(action),
        }

    def _ids_of_names(self, action: Action) -> dict[str, str]:
        """Of members to be added and managers those that are there; a member to be removed may be named by its id."""
        members = action.members
        known = {name: self.ids[name] for name in (*members.add, *_managers(action)) if name in self.ids}
        known |= {member: self.ids.get(member, member.name) for member in members.remove}
        return {f"{GROUP_PREFIX if each.type is ResourceType.GROUP else ''}{each.name}": known[each] for each in known}

    def _write(self, entry: str, **values: object) -> None:
        with self._lock:
            if self._broken:
                raise self._broken
            chain = {"entry": entry, "at": self._now(), "seq": self._seq + 1, "previous": self.head}
            line, head = seal({**chain, **values})
            try:
                self._append(line)
            except OSError as error:
                self._broken = self._give_up(error)
                raise self._broken from error
            self._seq, self._size, self.head = self._seq + 1, self._size + len(line), head

    def _append(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)

    def _give_up(self, error: OSError) -> OperatorError:
        """Take back what was written of an entry, if that can be done; nothing is written behind it."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
        message = f"the journal cannot be written: {error.strerror}"
        return OperatorError(message, hint="free or fix the state directory, then run again")


def open_journal(state: Path, fingerprint: str, now: Callable[[], str]) -> Journal:
    """A new run's journal below the state directory, chained to the last run's; `now` is to be fine enough.

    Raises OperatorError where it cannot be written, or where the run before it cannot be read.
    """
    for _ in range(100):
        end = find_end(state)
        path = journal_folder(state) / f"{name_run(now(), fingerprint, end.last_run)}{SUFFIX}"
        try:
            return Journal(path, now, end)
        except FileExistsError:
            continue
        except OSError as error:
            message = f"the journal cannot be written: {path}: {error.strerror}"
            raise OperatorError(message, hint="choose another place with --state-dir") from error
    raise OperatorError(f"the journal cannot be written: {journal_folder(state)} fills with other runs' files")


def _approval(approval: Approval) -> dict[str, object]:
    return {"fingerprint": approval.fingerprint, "plannedAt": approval.planned_at, "keys": list(approval.keys)}


def _managers(action: Action) -> Iterator[Member]:
    """A manager before and after."""
    for change in action.changes:
        if change.path == MANAGER:
            yield from (
                Member(ResourceType.USER, each) for each in (change.before, change.after) if isinstance(each, str)
            )


def _member_names(members: MemberChanges) -> dict[str, list[str]]:
    """As in a saved plan."""
    add, remove = ([member.name for member in side] for side in (members.add, members.remove))
    groups = [each.name for each in (*members.add, *members.remove) if each.type is ResourceType.GROUP]
    return {"add": add, "remove": remove, **({"groups": groups} if groups else {})}


def _stored(outcome: Outcome) -> dict[str, Value] | None:
    """By path, what the answer showed otherwise than it was sent; None where it did not show the resource."""
    if outcome.live is None:
        return None
    return {each.path: each.before for each in compare_answer(outcome.action, outcome.live, surely=False)}
