"""The journal as JSON values, and as CSV (RFC 4180) for spreadsheets, where no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from reconciler.journal.changes import Changed, RunFacts
from reconciler.journal.reading import RunEntry
from reconciler.journal.verifying import Fault
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.journal.changes import Answer
    from reconciler.journal.verifying import Verdict

RUNS = tuple(field.name for field in fields(RunEntry))
CHANGES = (
    *(field.name for field in fields(Changed) if field.name != "run"),
    *(field.name for field in fields(RunFacts)),
)
FAULTS = Fault._fields
_FORMULA = re.compile(r"(?:^|(?<=[;\t]))(?=[ \"']*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""Where a formula begins (OWASP, CSV injection): signs of full width too, and behind what parts cells elsewhere."""


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A header and a line for each row."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return file.getvalue()


def history_document(runs: Sequence[RunEntry]) -> list[dict[str, Any]]:
    """All runs as JSON values, oldest first."""
    return [asdict(run) for run in runs]


def run_row(run: RunEntry) -> dict[str, Any]:
    """A run as a row."""
    return {**asdict(run), "in_flight": ", ".join(run.in_flight)}


def changes_document(answer: Answer) -> dict[str, Any]:
    """What was asked of the journal, as JSON values, oldest first."""
    unreadable = [{"run": run, "lines": lines} for run, lines in answer.unreadable]
    return {"changes": [asdict(change) for change in answer.changes], "unreadable": unreadable}


def change_row(change: Changed) -> dict[str, Any]:
    """A change as a row, with what it shares with the others of its run."""
    return {**asdict(change), **asdict(change.run), "keys": ", ".join(change.run.keys)}


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """What became of the journal, as JSON values."""
    return {
        "whole": not verdict.faults,
        **asdict(verdict),
        "faults": [fault._asdict() for fault in verdict.faults],
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return safe(_FORMULA.sub("'", text))
