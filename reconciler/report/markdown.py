"""A review as a Markdown comment: nothing that a name contains can break it, and it fits wherever comments go.

A ladder of sizes keeps it below what GitHub takes in a comment: everything; long lists and values shortened; changes
summed up by attribute and by group; counts. A table is never cut: it is whole or says how much more there is, and the
end of the comment says where the rest is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.links import Links, is_https
from reconciler.report.markdown_tables import Depth, count_table, row_table, sum_table
from reconciler.report.markdown_text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.report.impact import Fact
    from reconciler.report.review import Review, Row, Section

LIMIT = 65_000
"""Bytes of UTF-8, which are at least as many as characters by any count. GitHub takes 65,536 characters."""

LADDER = (
    Depth("", text=2000),
    Depth(
        "long values and lists, and warnings after the first 50",
        members=10,
        lines=8,
        text=120,
        notes=50,
        sums=("membership",),
    ),
    Depth("values of what changes, and tables after 200 rows", 200, 0, 0, 100, 20, sums=("membership", "update")),
    Depth("values of what changes, and tables after 25 rows", 25, 0, 0, 60, 10, sums=("membership", "update")),
    Depth("who and what changes", 0, 0, 0, 60, 5),
)


def render_markdown(review: Review, links: Links | None = None) -> str:
    """Impact first, then a table per kind of change, folded; as much of it as fits into `LIMIT`."""
    links = links or Links()
    texts = (_fitting(_lines(review, depth, links)) for depth in LADDER[:-1])
    return next(filter(None, texts), None) or render_whole(review, LADDER[-1], links)


def render_whole(review: Review, depth: Depth, links: Links) -> str:
    """The comment at this depth, whether it fits or not. The last of `LADDER` always does."""
    return "\n".join(_lines(review, depth, links)) + "\n"


def _fitting(lines: Iterable[str]) -> str | None:
    """The lines as text; None as soon as they do not fit."""
    taken: list[str] = []
    size = 0
    for line in lines:
        taken.append(line)
        size += len(line.encode()) + 1
        if size >= LIMIT:
            return None
    return "\n".join(taken) + "\n"


def _lines(review: Review, depth: Depth, links: Links) -> Iterator[str]:
    yield from (f"### {review.heading} {escape(review.subject, depth.text)}", "")
    yield ", ".join(map(_fact, review.facts)) + "." if review.facts else review.calm
    for text, way_out in review.refusals[: depth.notes]:
        yield from ("", f"**Refused:** {escape(text, 300)}. {escape(way_out, 300)}")
    yield from _warnings(review, depth)
    sections = review.by_section()
    if sections and depth.rows == 0:
        yield from ("", *count_table(sections))
    else:
        for section, rows in sections:
            yield from _section(section, rows, depth, links)
    yield from _end(review, depth, links)


def _fact(fact: Fact) -> str:
    return f"**{fact}**" if fact.tone == "danger" else str(fact)


def _warnings(review: Review, depth: Depth) -> Iterator[str]:
    shown = review.warnings[: depth.notes]
    if shown:
        yield ""
    for warning in shown:
        yield f"- Warning: {escape(warning, depth.text)}"
    if len(shown) < len(review.warnings):
        yield f"- and {len(review.warnings) - len(shown):,} more warnings"


def _section(section: Section, rows: Sequence[Row], depth: Depth, links: Links) -> Iterator[str]:
    state = " open" if section.tone == "danger" else ""
    yield from ("", f"<details{state}><summary>{section.title} ({len(rows):,})</summary>", "")
    if section.kind in depth.sums:
        yield from sum_table(section, rows, depth)
    else:
        yield from row_table(section, rows, depth, links)
    yield from ("", "</details>")


def _end(review: Review, depth: Depth, links: Links) -> Iterator[str]:
    whole = ""
    if is_https(links.artifact):
        whole = f"[the whole report]({links.artifact})"
    elif links.artifact:
        whole = f"the whole report: {escape(links.artifact, 500)}"
    if review.rows and depth.left_out:
        yield from ("", f"**Left out here:** {depth.left_out}. All of it: {whole or _again(review)}.")
    elif whole:
        yield from ("", f"{whole[0].upper()}{whole[1:]}")
    if review.rows:
        yield from ("", f"<sub>{review.legend}</sub>")
    facts = [f"{label.lower()} {escape(text, 200)}" for label, text in review.about]
    yield from ("", f"<sub>{review.numbers}; {'; '.join(facts)}</sub>")


def _again(review: Review) -> str:
    return f"`{review.again} --format html`"
