"""What the journal says: its runs, one run's entries, and what later runs have to know.

Lines that hold no entry (a power cut, or somebody's edit) are passed over and counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS
from reconciler.core.plan_model import OutcomeStatus
from reconciler.core.suggest import did_you_mean
from reconciler.errors import OperatorError
from reconciler.journal.entries import begins_older, parse_entry, sealed_hash
from reconciler.journal.files import read_file, run_files, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from reconciler.core.model import Attributes
    from reconciler.core.plan_model import TenantIdentity

OUTCOME = b'"outcome"'
LAST = "last"
LISTED = 5
LISTS = "`reconciler history` lists the runs; the journal is in the state directory of the run (--state-dir)"
_ID = re.compile(rb'"id": ?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What is known of one apply. `status`: done, partial, or interrupted (it never wrote its end).

    `unreadable`: lines that hold no entry.
    """

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
    unreadable: int = 0


class RunEntries(NamedTuple):
    """One run's entries in their order, and how many of its lines hold none."""

    run: str
    entries: tuple[dict[str, Any], ...]
    unreadable: int


class LookBack(NamedTuple):
    """The last apply to a tenant, where it never wrote its end; the name of the last run, where its file is damaged."""

    interrupted: RunEntry | None
    damaged: str | None


class Spent(NamedTuple):
    """The run that left nothing of an approved plan to do, and when it ended (RFC 3339)."""

    run: str
    at: str


def read_runs(state: Path) -> tuple[RunEntry, ...]:
    """All runs in the state directory that wrote an entry, oldest first."""
    return tuple(summarise(run) for run in read_all(state) if run.entries)


def read_all(state: Path) -> Iterator[RunEntries]:
    """Every run's entries, oldest first. Raises OperatorError where a file cannot be read."""
    return map(_read, run_files(state))


def read_run(state: Path, name: str, tenant: str | None = None) -> RunEntries:
    """Every entry of the run that is meant; `last`: the newest one, of the tenant of this name if one is given.

    Raises OperatorError where there is no such run, or several.
    """
    paths = {path.stem: path for path in run_files(state)}
    if name != LAST:
        return _read(paths[find_name(tuple(paths), name, state)])
    runs = (run for run in map(_read, reversed(paths.values())) if run.entries)
    last = next((run for run in runs if tenant in (None, run.entries[0].get("tenant", {}).get("name"))), None)
    if last is None:
        raise OperatorError(f"no apply{f' to {tenant}' if tenant else ''} has been recorded in {state}", hint=LISTS)
    return last


def find_name(runs: Sequence[str], name: str, state: Path) -> str:
    """The run of this name, or the only one whose name begins so. Raises OperatorError where it is none, or several."""
    named = [name] if name in runs else [run for run in runs if name and run.startswith(name)]
    if not named:
        raise OperatorError(f"no run {name or '(no name)'} in {state}{did_you_mean(name, runs)}", hint=LISTS)
    if len(named) > 1:
        listed = ", ".join(named[-LISTED:])
        raise OperatorError(f"{len(named)} runs begin with {name}, such as {listed}", hint="write more of its name")
    return named[0]


def find_spent(state: Path, plan_digest: str) -> Spent | None:
    """The apply that carried the approved plan of this digest out to its end, if one did."""
    for path in run_files(state):
        lines, _ = split_lines(read_file(path))
        first = _first(lines, plan_digest.encode())
        if plan_digest in (first.get("plan"), first.get("approvedDigest")):
            last = next(filter(None, map(parse_entry, reversed(lines))), first)
            if last.get("spent") is True:
                return Spent(path.stem, last["at"])
    return None


def look_back(state: Path, tenant: TenantIdentity) -> LookBack:
    """What earlier applies left for the next to know. Raises OperatorError where a file cannot be read."""
    paths, damaged = run_files(state), None
    for path in reversed(paths):
        lines, tail = split_lines(read_file(path))
        if path is paths[-1] and _is_damaged(lines):
            damaged = path.stem
        if _is_of(_first(lines), tenant):
            last = parse_entry(tail) or parse_entry(lines[-1])
            ended = last is not None and last["entry"] == "end"
            return LookBack(None if ended else summarise(_read(path)), damaged)
    return LookBack(None, damaged)


def _is_damaged(lines: list[bytes]) -> bool:
    """Whether a run's file holds what was not written so; a last entry that was not written to its end is no damage."""
    if not lines:
        return False
    return not begins_older(parse_entry(lines[0])) and not all(map(sealed_hash, lines))


def last_written_fields(
    state: Path, tenant: TenantIdentity, others: frozenset[str] = frozenset()
) -> dict[str, Attributes]:
    """By user id, the custom fields that applies to this tenant wrote last (what the service never gives back).

    `others`: more paths of which it matters what was sent.
    """
    written: dict[str, Attributes] = {}
    for entry in read_outcomes(state, tenant, any_of(CUSTOM_FIELDS, *sorted(others))):
        if _is_done_user(entry):
            fields = {
                each["path"]: each["after"]
                for each in entry["changes"]
                if each["path"].startswith(CUSTOM_FIELDS) or each["path"] in others
            }
            written.setdefault(entry["id"], {}).update(fields)
    return written


Telling: TypeAlias = "Callable[[bytes], object]"
"""Whether bytes of the journal have in them what is looked for, or might; what surely has not is not parsed."""


def any_of(*texts: str) -> Telling:
    """Bytes that contain one of these texts, as JSON writes them."""
    return re.compile(
        b"|".join(re.escape(json.dumps(each, ensure_ascii=False)[1:-1].encode()) for each in texts)
    ).search


def about(ids: Collection[str]) -> Telling:
    """Bytes that are about resources with these ids."""
    return lambda data: any(found[1].decode(errors="replace") in ids for found in _ID.finditer(data))


def read_outcomes(
    state: Path, tenant: TenantIdentity, containing: Telling, newest: int | None = None
) -> Iterator[dict[str, Any]]:
    """The outcomes of applies to this tenant whose lines this tells of, oldest first; the others cost little.

    Each has its run's name as `run`. `newest`: bytes of the journal that are looked at, at most, the newest.
    """
    for path in _newest(run_files(state), newest):
        data = read_file(path)
        if not containing(data):
            continue
        lines, tail = split_lines(data)
        if not _is_of(_first(lines), tenant):
            continue
        for line in (*lines, tail):
            entry = parse_entry(line) if OUTCOME in line and containing(line) else None
            if entry and entry["entry"] == "outcome":
                yield {**entry, "run": path.stem}


def _newest(paths: Sequence[Path], limit: int | None) -> Sequence[Path]:
    """The last files that together are no larger than that, but at least one."""
    if limit is None:
        return paths
    sizes = accumulate(path.stat().st_size for path in reversed(paths))
    fitting = sum(1 for size in sizes if size <= limit)
    return paths[-max(fitting, 1) :]


def _first(lines: list[bytes], containing: bytes = b"") -> dict[str, Any]:
    """The entry that a run begins with, if its line contains these bytes."""
    entry = parse_entry(lines[0]) if lines and containing in lines[0] else None
    return entry or {}


def _is_of(first: dict[str, Any], tenant: TenantIdentity) -> bool:
    run_tenant = first.get("tenant", {})
    return (run_tenant.get("endpoint"), run_tenant.get("account")) == (tenant.endpoint, tenant.account)


def _is_done_user(entry: dict[str, Any]) -> bool:
    return bool(
        entry["status"] == OutcomeStatus.DONE.value and entry["resource"] == ResourceType.USER.value and entry["id"]
    )


def _read(path: Path) -> RunEntries:
    lines, tail = split_lines(read_file(path))
    parsed = [parse_entry(line) for line in (*lines, *((tail,) if tail else ()))]
    entries = tuple(entry for entry in parsed if entry is not None)
    return RunEntries(path.stem, entries, len(parsed) - len(entries))


def summarise(run: RunEntries) -> RunEntry:
    """What a run came to, of which there is an entry. What a canary found to be different has failed."""
    entries = run.entries
    first = entries[0]
    outcomes = [entry for entry in entries if entry["entry"] == "outcome"]
    ended = {(each["resource"], each["key"]): each["status"] for each in outcomes}
    different = [each for entry in entries if entry["entry"] == "canary" for each in entry["differences"]]
    ended |= {(each["resource"], each["key"]): OutcomeStatus.FAILED.value for each in different}
    counts = Counter(ended.values())
    done, failed = (counts[status.value] for status in (OutcomeStatus.DONE, OutcomeStatus.FAILED))
    planned = first.get("planned", 0)
    has_end = entries[-1]["entry"] == "end"
    attempts = [(each["resource"], each["key"]) for each in entries if each["entry"] == "attempt"]
    in_flight = tuple(key for resource, key in attempts if (resource, key) not in ended)
    return RunEntry(
        run=run.run,
        started_at=first["at"],
        who=first.get("who", ""),
        tenant=first.get("tenant", {}).get("name", ""),
        fingerprint=first.get("fingerprint", ""),
        status=("done" if done == planned else "partial") if has_end else "interrupted",
        planned=planned,
        done=done,
        failed=failed,
        skipped=planned - done - failed - len(in_flight),
        in_flight=in_flight,
        unreadable=run.unreadable,
    )
