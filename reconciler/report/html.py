"""A review as one self-contained HTML page that loads nothing from anywhere and runs no script but its own."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reconciler.report.links import Links
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Template

    from reconciler.report.review import Membership, Review, Row

TOP = 10
FOLDED_ABOVE = 20
_WORDS = (("+", "gained"), ("-", "lost"), ("~", "changed"))


class _Page(NamedTuple):
    template: Template
    style: Markup
    script: Markup


@cache
def _page() -> _Page:
    loader = PackageLoader("reconciler.report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["safe_text"] = safe
    style, script = (Markup(loader.get_source(environment, name)[0]) for name in ("report.css", "report.js"))  # noqa: S704 - own files
    return _Page(environment.get_template("report.html.j2"), style, script)


def render_html(review: Review, links: Links | None = None) -> str:
    """Impact and charts, guards, warnings, and all changes, to be filtered by kind, resource, group and text.

    Filters are in the URL's fragment, so that a view can be sent to somebody: `#kind=deactivate&q=jane`. Without
    JavaScript all is there but the filters.
    """
    page = _page()
    links = links or Links()
    sections = review.by_section()
    groups = _busiest(review)
    return page.template.render(
        review=review,
        sections=sections,
        most=max((len(rows) for _, rows in sections), default=1),
        busiest=groups,
        widest=max((max(gains, losses) for _, gains, losses in groups), default=1),
        attributes=Counter(safe(line.label) for row in review.rows for line in row.lines).most_common(TOP),
        kinds=dict.fromkeys((section.kind, section.label) for section, _ in sections),
        types=dict.fromkeys(section.type for section, _ in sections),
        verdicts=dict.fromkeys(section.verdict for section, _ in sections if section.verdict),
        memberships=_memberships,
        place=lambda row: _place(row, links),
        folded=FOLDED_ABOVE,
        style=page.style,
        style_hash=_hash(page.style),
        script=page.script,
        script_hash=_hash(page.script),
    )


def _busiest(review: Review) -> list[tuple[str, int, int]]:
    """The groups that gain and lose most, with how many; in drift one may have several rows."""
    gains, losses = Counter[str](), Counter[str]()
    for row in review.rows:
        if row.section.type == "Group":
            gains[row.key] += row.count("+")
            losses[row.key] += row.count("-")
    moved = [(key, gains[key], losses[key]) for key in gains if gains[key] or losses[key]]
    return sorted(moved, key=lambda each: (-each[1] - each[2], each[0]))[:TOP]


def _memberships(row: Row) -> Iterator[tuple[str, str, Sequence[Membership]]]:
    for sign, word in _WORDS:
        members = [each for each in row.memberships if each.sign == sign]
        if members:
            yield ("−" if sign == "-" else sign), word, members


def _place(row: Row, links: Links) -> Markup | str:
    shown = safe(str(row.source))
    url = links.to(row.source, row.revision)
    return Markup('<a href="{}">{}</a>').format(url, shown) if url else shown


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
