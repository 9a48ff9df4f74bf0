"""What earlier runs found: one JSON line a run, to compare a change with."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.rows import Result

Entry = dict[str, Any]


def read_history(path: Path) -> list[Entry]:
    """All earlier runs, the oldest first."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def append_entry(path: Path, entry: Entry) -> None:
    """Remember this run."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def make_entry(results: Mapping[str, Result], note: str) -> Entry:
    """This run, as it is remembered."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": _python(),
        "cores": os.cpu_count(),
        "note": note,
        "rows": {name: _remembered(result) for name, result in results.items()},
    }


def compare(name: str, result: Result, history: Sequence[Entry]) -> str:
    """The score against that of the last run with this Python (major.minor) that has the row: `-12%`, or nothing."""
    before = next((score for entry in reversed(history) if (score := _score(entry, name)) is not None), None)
    if before is None or result.score is None:
        return ""
    return f"{(result.score - before) / before:+.0%}" if before else f"{result.score - before:+.2f}"


def _score(entry: Entry, name: str) -> float | None:
    if entry["python"].rpartition(".")[0] != _python().rpartition(".")[0]:
        return None
    score: float | None = entry["rows"].get(name, {}).get("score")
    return score


def _remembered(result: Result) -> dict[str, object]:
    return {
        "product": result.product,
        "floor": result.floor,
        "peer": result.peer,
        "score": None if result.score is None else round(result.score, 3),
        "peak": result.peak,
        "met": result.met,
    }


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
