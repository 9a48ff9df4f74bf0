"""The journal as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.journal import RunEntry


def history_document(runs: Sequence[RunEntry]) -> list[dict[str, Any]]:
    """All runs as JSON values, oldest first."""
    return [asdict(run) for run in runs]


def render_history(runs: Sequence[RunEntry]) -> str:
    """One block a run, the newest first."""
    if not runs:
        return "No apply has been recorded in this state directory."
    return "\n".join(line for run in reversed(runs) for line in _run_lines(run))


def _run_lines(run: RunEntry) -> list[str]:
    lines = [
        f"{run.run}  {run.status}",
        (
            f"  {run.started_at} by {run.who} on {run.tenant}: {run.done} of {run.planned} done, {run.failed} failed,"
            f" {run.skipped} skipped"
        ),
    ]
    if run.in_flight:
        lines.append(f"  in flight when it stopped: {', '.join(run.in_flight)}")
    return lines


def render_run(entries: Sequence[dict[str, Any]]) -> str:
    """Each action of one run with its outcome, before and after."""
    return "\n".join(line for entry in entries if entry["entry"] == "outcome" for line in _outcome_lines(entry))


def _outcome_lines(entry: dict[str, Any]) -> list[str]:
    detail = f": {entry['detail']}" if entry["detail"] else ""
    changes = [f"    {each['path']}: {each['before']!r} → {each['after']!r}" for each in entry["changes"]]
    members = [
        f"    {sign} {name}" for sign, side in (("+", "add"), ("-", "remove")) for name in entry["members"][side]
    ]
    return [
        f"{entry['at']}  {entry['status']}  {entry['action']} {entry['resource']} {entry['key']}{detail}",
        *changes,
        *members,
    ]
