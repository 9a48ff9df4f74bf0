"""The journal as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.report.words import CHANGED, is_hidden, safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.core.model import Value
    from reconciler.journal.reading import RunEntry


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
            f"  {run.started_at} by {safe(run.who)} on {safe(run.tenant)}:"
            f" {run.done} of {run.planned} done, {run.failed} failed, {run.skipped} skipped"
        ),
    ]
    if run.in_flight:
        lines.append(f"  in flight when it stopped: {', '.join(map(safe, run.in_flight))}")
    return lines


def render_run(entries: Sequence[dict[str, Any]]) -> str:
    """Each action of one run with its outcome, before and after."""
    told = {"outcome": _outcome_lines, "canary": _canary_lines}
    return "\n".join(line for entry in entries if entry["entry"] in told for line in told[entry["entry"]](entry))


def _canary_lines(entry: dict[str, Any]) -> list[str]:
    became = safe(entry["reason"]) or "read back, all as asked for"
    return [
        f"{entry['at']}  canary of {entry['actions']} of {entry['total']}: {became}",
        *(
            f"    {each['resource']} {safe(each['key'])}: {show_path(each['path'])}:"
            f" asked for {show_value(each.get('asked'))}, 4me has {show_value(each.get('got'))}"
            for each in entry["differences"]
        ),
    ]


def _values(before: Value, after: Value) -> str:
    return show_value(CHANGED) if is_hidden(before, after) else f"{show_value(before)} → {show_value(after)}"


def _outcome_lines(entry: dict[str, Any]) -> list[str]:
    detail = f": {safe(entry['detail'])}" if entry["detail"] else ""
    changes = [f"    {show_path(each['path'])}: {_values(each['before'], each['after'])}" for each in entry["changes"]]
    members = [
        f"    {sign} {safe(name)}" for sign, side in (("+", "add"), ("-", "remove")) for name in entry["members"][side]
    ]
    return [
        f"{entry['at']}  {entry['status']}  {entry['action']} {entry['resource']} {safe(entry['key'])}{detail}",
        *changes,
        *members,
    ]
