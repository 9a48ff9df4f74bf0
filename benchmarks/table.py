"""Results as a table of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.rows import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.rows import Result, Row

HEAD = ("row", "product", "floor", "peer", "score", "since", "peak MB", "", "goal")
_VERDICTS = {True: "ok", False: "MISSED", None: "-"}


def render_line(row: Row, result: Result, since: str) -> tuple[str, ...]:
    """One row's cells; `since`: its score against the last comparable run's."""
    return (
        row.name,
        result.product,
        result.floor,
        result.peer,
        "" if result.score is None else f"{result.score:.2f}",
        since,
        "" if result.peak is None else f"{result.peak / MEGABYTE:.0f}",
        _VERDICTS[result.met],
        f"{row.goal} ({result.note})" if result.note else row.goal,
    )


def render_table(lines: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they have to be."""
    table = [HEAD, *lines]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table)
    return "\n".join(row.rstrip() for row in rows)
