"""The tables of a Markdown report: resources one by one, sums, and counts. Each says what it leaves out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from reconciler.report.markdown_text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.report.links import Links
    from reconciler.report.review import Line, Row, Section

FOLDED_ABOVE = 20


class Depth(NamedTuple):
    """How much is told; None is all of it.

    `left_out`: what is not, in a sentence. `rows` of a section, `members` of a row on each side, `lines` of a row,
    characters of a `text`, `notes` (warnings). `sums`: kinds of changes that are summed up.
    """

    left_out: str
    rows: int | None = None
    members: int | None = None
    lines: int | None = None
    text: int | None = None
    notes: int | None = None
    sums: tuple[str, ...] = ()


def row_table(section: Section, rows: Sequence[Row], depth: Depth, links: Links) -> Iterator[str]:
    """A line for each resource; a column that is empty in all of them is left out."""
    cells = [_cells(row, depth, links) for row in rows[: depth.rows]]
    people = section.type == "User"
    titles = ("who" if people else "what", "what changes", "groups" if people else "members", "where", "why")
    used = [0, *(column for column in range(1, len(titles)) if any(row[column] for row in cells))]
    yield from _table([titles[each] for each in used], ([row[each] for each in used] for row in cells))
    yield from _more(len(rows) - len(cells))


def sum_table(section: Section, rows: Sequence[Row], depth: Depth) -> Iterator[str]:
    """How many people have each attribute changed, or how many members each group gains and loses."""
    titles: tuple[str, ...]
    entries: list[tuple[str, ...]]
    if section.type == "User":
        titles = ("what changes", "people")
        counts = Counter(label for row in rows for label in {line.label for line in row.lines})
        counts["gains groups"] = sum(1 for row in rows if row.count("+"))
        counts["loses groups"] = sum(1 for row in rows if row.count("-"))
        entries = [(escape(label, depth.text), f"{count:,}") for label, count in counts.most_common() if count]
    else:
        titles = ("group", "gains", "loses", "attributes")
        ordered = sorted(rows, key=lambda row: (-row.count("-"), -row.count("+"), row.key))
        entries = [
            (escape(row.key, depth.text), f"{row.count('+'):,}", f"{row.count('-'):,}", f"{len(row.lines):,}")
            for row in ordered
        ]
    yield from _table(titles, entries[: depth.rows])
    yield from _more(len(entries) - len(entries[: depth.rows]))


def count_table(sections: Iterable[tuple[Section, Sequence[Row]]]) -> Iterator[str]:
    """How many resources each section has."""
    return _table(("what", "how many"), ((section.title, f"{len(rows):,}") for section, rows in sections))


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|---" * len(titles) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield from ("", f"and {count:,} more")


def _cells(row: Row, depth: Depth, links: Links) -> tuple[str, ...]:
    place = escape(str(row.source), depth.text) if row.source else ""
    url = links.to(row.source, row.revision)
    return (
        escape(row.key, depth.text),
        "<br>".join(_line_texts(row, depth)),
        "<br>".join(_membership_texts(row, depth)),
        f"[{place}]({url})" if url else place,
        escape(row.why, depth.text),
    )


def _line_texts(row: Row, depth: Depth) -> Iterator[str]:
    for line in row.lines[: depth.lines]:
        yield _line_text(line, depth)
    more = len(row.lines[depth.lines :]) if depth.lines is not None else 0
    if more:
        yield f"and {more:,} more"


def _line_text(line: Line, depth: Depth) -> str:
    before = "" if line.before is None else f"{escape(line.before, depth.text)} → "
    note = f" ({escape(line.note, depth.text)})" if line.note else ""
    return f"{escape(line.label, depth.text)} {before}{escape(line.after, depth.text)}{note}"


def _membership_texts(row: Row, depth: Depth) -> Iterator[str]:
    for sign, shown in (("+", "+"), ("-", "−"), ("~", "~")):
        texts = [
            f"{shown} {escape(each.name, depth.text)}{f' ({escape(each.note, depth.text)})' if each.note else ''}"
            for each in row.memberships
            if each.sign == sign
        ]
        if depth.members is None and len(texts) > FOLDED_ABOVE:
            yield f"<details><summary>{shown} {len(texts):,}</summary>{'<br>'.join(texts)}</details>"
        elif depth.members == 0 and texts:
            yield f"{shown} {len(texts):,}"
        else:
            yield from texts[: depth.members]
            more = len(texts) - len(texts[: depth.members])
            if more:
                yield f"{shown} {more:,} more"
