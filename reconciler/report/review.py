"""What a reviewer is told, whatever it is told of: one shape for plan, drift and diff, and for Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from reconciler.core.model import Source
    from reconciler.core.plan_model import Guard
    from reconciler.report.impact import Fact, Tone

RowType = Literal["User", "Group", "Policy"]
Sign = Literal["+", "-", "~"]


class Section(NamedTuple):
    """Rows of one kind and type. `kind`: what they are filtered by; `label`: a word or two; `title`: a heading.

    `verdict`: of drift, what it is.
    """

    kind: str
    type: RowType
    symbol: str
    label: str
    title: str
    tone: Tone = "plain"
    verdict: str = ""


class Line(NamedTuple):
    """One attribute as people read it. `before` None: there was nothing to compare with."""

    label: str
    before: str | None
    after: str
    note: str = ""


class Membership(NamedTuple):
    """One membership that is gained (`+`), lost (`-`) or had otherwise (`~`): a person's group, or a group's member."""

    sign: Sign
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """All that is told of one resource. Texts are as they come: each format escapes them.

    `revision`: the commit that `source` is a place in, where it is another than the report's.
    """

    section: Section
    key: str
    lines: tuple[Line, ...] = ()
    memberships: tuple[Membership, ...] = ()
    source: Source | None = None
    why: str = ""
    revision: str | None = None

    def count(self, sign: Sign) -> int:
        """How many memberships it gains, loses or has otherwise."""
        return sum(1 for each in self.memberships if each.sign == sign)


@dataclass(frozen=True, slots=True)
class Review:
    """A report for people who decide.

    `heading` and `subject`: what it is, of what. `facts`: the blast radius, worst first. `numbers`: all in a line.
    `nothing`: what is said where there are no rows. `legend`: how changes are to be read. `again`: the command that
    prints it. `refusals`: what a breached guard says, and the way out. `about`: what it rests on.
    """

    heading: str
    facts: tuple[Fact, ...]
    nothing: str
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    legend: str
    again: str
    subject: str = ""
    numbers: str = ""
    refusals: tuple[tuple[str, str], ...] = ()
    guards: tuple[Guard, ...] = ()
    warnings: tuple[str, ...] = ()
    about: tuple[tuple[str, str], ...] = ()

    @property
    def calm(self) -> str:
        """What is said where there are no facts."""
        return "Nobody gains or loses access." if self.rows else self.nothing

    def by_section(self) -> list[tuple[Section, list[Row]]]:
        """The rows by section, without sections that have none."""
        found: dict[Section, list[Row]] = {section: [] for section in self.sections}
        for row in self.rows:
            found[row.section].append(row)
        return [(section, rows) for section, rows in found.items() if rows]
