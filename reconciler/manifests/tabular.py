"""CSV (RFC 4180 and its dialects) to rows of text, each with the line that it starts at."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.counts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.manifests.data_text import Lines, Report

_TOO_LARGE = "field larger"


class Dialect(NamedTuple):
    """How cells are told apart: one character each, `quote` and `escape` may be None."""

    delimiter: str
    quote: str | None
    escape: str | None


class Table(NamedTuple):
    """Names of the columns, and the rows, which have one cell for each: line and cells."""

    columns: Sequence[str]
    rows: Iterator[tuple[int, list[str]]]


def read_csv(lines: Lines, dialect: Dialect, header: Sequence[str] | None, report: Report) -> Table | None:
    """The rows below the header, blank lines left out; None where there is no usable header.

    `header` names the columns of a file that has none. `report` also takes what is wrong with rows.
    """
    rows = _read_rows(lines, dialect, report)
    if header is None:
        line, names = next(rows, (1, None))
        if names is None:
            return None
        problems = _check_header(names)
        for problem in problems:
            report((line, 1), problem)
        if problems:
            return None
        header = names
    return Table(header, _whole_rows(rows, len(header), report))


def _check_header(names: list[str]) -> list[str]:
    problems = [f"column {number} has no name" for number, name in enumerate(names, 1) if not name.strip()]
    first: dict[str, int] = {}
    again = {name: number for number, name in enumerate(names, 1) if first.setdefault(name, number) < number}
    return problems + [f"two columns named `{name}`: {first[name]} and {again[name]}" for name in again if name.strip()]


def _whole_rows(
    rows: Iterator[tuple[int, list[str] | None]], width: int, report: Report
) -> Iterator[tuple[int, list[str]]]:
    for line, row in rows:
        if row is None:
            continue
        if len(row) == width:
            yield line, row
        else:
            report((line, 1), f"{counted(len(row), 'cell')} where the header has {counted(width, 'column')}")


def _read_rows(lines: Lines, dialect: Dialect, report: Report) -> Iterator[tuple[int, list[str] | None]]:
    """None stands for a row whose problem is told."""
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
        strict=True,
    )
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.broken < line:
                report((line, 1), _explain(str(error), line, reader.line_num, dialect))
            yield line, None
            if str(error).startswith(_TOO_LARGE):  # where it ends is not known
                return
            continue
        if lines.broken >= line:
            yield line, None
        elif row:
            yield line, row


def _explain(error: str, line: int, end: int, dialect: Dialect) -> str:
    if "expected after" in error:
        found = f" (at line {end})" if end > line else ""
        return (
            f"a quote is closed inside a cell{found}: after it, `{dialect.delimiter}` or the end of the row is expected"
        )
    if error == "unexpected end of data":
        return "a quote that is opened in this row is not closed"
    if error.startswith(_TOO_LARGE):
        return f"a cell of more than {csv.field_size_limit()} characters: is a quote not closed?"
    return f"not CSV: {error}"
