"""The journal: evidence of each apply, as JSON Lines in the state directory, one file a run.

Touches `<state directory>/journal/<run>.jsonl` only (directory 0700, files 0600). Each entry is flushed to disk before
the next request is sent. Entries: `run` (who, when, tenant, fingerprint, approval), `attempt`, `outcome`, `end`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS
from reconciler.core.plan_model import OutcomeStatus
from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.core.model import Attributes
    from reconciler.core.plan_model import Action, Outcome, Plan, TenantIdentity

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What is known of one apply. `status`: done, partial, or interrupted (it never wrote its end)."""

    run: str
    started_at: str
    who: str
    tenant: str
    fingerprint: str
    status: str
    planned: int
    done: int
    failed: int
    skipped: int
    in_flight: tuple[str, ...] = ()


class Approved(NamedTuple):
    """An approved plan: the fingerprint of its actions, and the digest of all of it, by which it is known again."""

    fingerprint: str
    digest: str


class Spent(NamedTuple):
    """The run that left nothing of an approved plan to do, and when it ended (RFC 3339)."""

    run: str
    at: str


class Journal:
    """Writes one run's file. Safe to use from several threads."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self._now = now
        self._lock = Lock()
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def begin(self, plan: Plan, *, who: str, approved: Approved | None) -> None:
        """Who applies what, and the approved plan that it is an apply of."""
        self._write(
            "run",
            formatVersion=FORMAT_VERSION,
            tool=plan.tool_version,
            who=who,
            tenant={"name": plan.tenant.name, "endpoint": plan.tenant.endpoint, "account": plan.tenant.account},
            fingerprint=plan.fingerprint,
            approved=approved.fingerprint if approved else None,
            approvedDigest=approved.digest if approved else None,
            manifests=plan.manifests.digest,
            planned=len(plan.actions),
        )

    def record_attempt(self, action: Action) -> None:
        """About to send this action's request."""
        self._write("attempt", action=action.kind.value, resource=action.type.value, key=action.key, id=action.id)

    def record_outcome(self, outcome: Outcome) -> None:
        """What became of an action, with the values before and after."""
        action = outcome.action
        self._write(
            "outcome",
            action=action.kind.value,
            resource=action.type.value,
            key=action.key,
            id=outcome.id,
            status=outcome.status.value,
            detail=outcome.detail,
            reason=action.reason,
            changes=[{"path": each.path, "before": each.before, "after": each.after} for each in action.changes],
            members={
                "add": [member.name for member in action.members.add],
                "remove": [member.name for member in action.members.remove],
            },
        )

    def end(self, outcomes: tuple[Outcome, ...], *, spent: bool = False) -> None:
        """The run is over. `spent`: nothing of the approved plan is left to do."""
        counts = {status.value: sum(1 for each in outcomes if each.status is status) for status in OutcomeStatus}
        self._write("end", **counts, spent=spent)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, entry: str, **values: object) -> None:
        line = json.dumps({"entry": entry, "at": self._now(), **values}, ensure_ascii=False) + "\n"
        with self._lock:
            try:
                os.write(self._descriptor, line.encode("utf-8", "surrogatepass"))
                os.fsync(self._descriptor)
            except OSError as error:
                message = f"the journal cannot be written: {error.strerror}"
                raise OperatorError(message, hint="free or fix the state directory, then run again") from error


def open_journal(state: Path, fingerprint: str, now: Callable[[], str]) -> Journal:
    """A new run's journal below the state directory; runs sort by `now`, so it is to be fine enough.

    Raises OperatorError where it cannot be written.
    """
    stamp = now().replace(":", "").replace("-", "")
    for attempt in range(100):
        suffix = f"-{attempt}" if attempt else ""
        path = state / "journal" / f"{stamp}-{fingerprint.removeprefix('sha256:')[:8]}{suffix}.jsonl"
        try:
            return Journal(path, now)
        except FileExistsError:
            continue
        except OSError as error:
            message = f"the journal cannot be written: {path}: {error.strerror}"
            raise OperatorError(message, hint="choose another place with --state-dir") from error
    message = f"the journal cannot be written: too many runs of one plan at {stamp}"
    raise OperatorError(message)


def read_runs(state: Path) -> tuple[RunEntry, ...]:
    """All runs in the state directory, oldest first; unreadable lines (a power cut) are passed over."""
    return tuple(
        _summarise(path.stem, entries)
        for path in sorted((state / "journal").glob("*.jsonl"))
        if (entries := tuple(_entries(path)))
    )


def read_run(state: Path, run: str) -> tuple[dict[str, Any], ...]:
    """Every entry of one run. Raises OperatorError where there is no such run."""
    path = state / "journal" / f"{run}.jsonl"
    if path.parent != state / "journal" or not path.is_file():
        message = f"no run {run} in {state}"
        raise OperatorError(message, hint="`reconciler history` lists the runs")
    return tuple(_entries(path))


def find_spent(state: Path, plan_digest: str) -> Spent | None:
    """The apply that carried the approved plan of this digest out to its end, if one did."""
    for path in sorted((state / "journal").glob("*.jsonl")):
        entries = _entries(path)
        first = next(entries, {})
        if first.get("approvedDigest") == plan_digest:
            *_, last = (first, *entries)
            if last.get("spent") is True:
                return Spent(path.stem, str(last.get("at")))
    return None


def last_written_fields(state: Path, tenant: TenantIdentity) -> dict[str, Attributes]:
    """By user id, the custom fields that applies to this tenant wrote last (what the service never gives back)."""
    written: dict[str, Attributes] = {}
    for path in sorted((state / "journal").glob("*.jsonl")):
        entries = list(_entries(path))
        if not entries or not _is_of(entries[0], tenant):
            continue
        for entry in entries:
            if _is_done_user(entry):
                fields = {
                    each["path"]: each["after"] for each in entry["changes"] if each["path"].startswith(CUSTOM_FIELDS)
                }
                written.setdefault(entry["id"], {}).update(fields)
    return written


def _is_of(first: dict[str, Any], tenant: TenantIdentity) -> bool:
    run_tenant = first.get("tenant", {})
    return (run_tenant.get("endpoint"), run_tenant.get("account")) == (tenant.endpoint, tenant.account)


def _is_done_user(entry: dict[str, Any]) -> bool:
    return bool(
        entry["entry"] == "outcome"
        and entry["status"] == OutcomeStatus.DONE.value
        and entry["resource"] == ResourceType.USER.value
        and entry["id"]
    )


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "entry" in entry:
            yield entry


def _summarise(run: str, entries: tuple[dict[str, Any], ...]) -> RunEntry:
    first = entries[0]
    outcomes = [entry for entry in entries if entry["entry"] == "outcome"]
    counts = {status: sum(1 for each in outcomes if each["status"] == status.value) for status in OutcomeStatus}
    planned = first.get("planned", 0)
    ended = entries[-1]["entry"] == "end"
    settled = {(each["resource"], each["key"]) for each in outcomes}
    attempts = [(each["resource"], each["key"]) for each in entries if each["entry"] == "attempt"]
    return RunEntry(
        run=run,
        started_at=first["at"],
        who=first.get("who", ""),
        tenant=first.get("tenant", {}).get("name", ""),
        fingerprint=first.get("fingerprint", ""),
        status=("done" if counts[OutcomeStatus.DONE] == planned else "partial") if ended else "interrupted",
        planned=planned,
        done=counts[OutcomeStatus.DONE],
        failed=counts[OutcomeStatus.FAILED],
        skipped=planned - counts[OutcomeStatus.DONE] - counts[OutcomeStatus.FAILED],
        in_flight=tuple(key for resource, key in attempts if (resource, key) not in settled),
    )
