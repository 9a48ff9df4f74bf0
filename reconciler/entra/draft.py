"""A Mapping document in the making: its rows, its scope, and what is to be told about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.model import ResourceType


class Note(NamedTuple):
    """What is to be told about something at a line of the export; `lost`: it is not carried over."""

    line: int
    about: str
    text: str
    lost: bool = False

    def told(self) -> str:
        """As a comment says it."""
        return f"{'not carried over: ' if self.lost else ''}{self}"

    def __str__(self) -> str:
        return f"line {self.line}: {self.about}: {self.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """A target and its rule: the record's attribute, or the keys of a rule; None where there is none.

    `written` is what the export has for it, to be kept as a comment; `reads`: the record's attributes that it reads.
    """

    line: int
    target: str
    rule: str | dict[str, str] | None
    notes: tuple[Note, ...] = ()
    written: str = ""
    reads: tuple[str, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether what Entra does here is not done here."""
        return any(note.lost for note in self.notes)

    def lose(self, reason: str) -> Row:
        """The row as it is told where it cannot be carried over."""
        return replace(self, rule=None, notes=(*self.notes, Note(self.line, self.target, reason, lost=True)))

    def tell(self, text: str) -> Row:
        """The row with something more to be told about it."""
        return replace(self, notes=(*self.notes, Note(self.line, self.target, text)))


class DraftClause(NamedTuple):
    """A clause of a scoping filter, as the keys that it is written with."""

    line: int
    keys: dict[str, str]


class DraftFilter(NamedTuple):
    """A scoping filter."""

    line: int
    name: str
    clauses: tuple[DraftClause, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A Mapping document, as far as it is known by now; `name` and `line` are those of Entra's mapping."""

    resource: ResourceType
    match: tuple[str, ...]
    rows: tuple[Row, ...]
    scope: tuple[DraftFilter, ...]
    notes: tuple[Note, ...]
    name: str
    line: int

    def tell(self, text: str, *, lost: bool = False) -> Draft:
        """The draft with something more to be told about all of it."""
        return replace(self, notes=(*self.notes, Note(self.line, self.name, text, lost)))

    def reads(self) -> tuple[str, ...]:
        """The attributes of records that its rules and filters read, each once, in their order."""
        names = [name for row in self.rows if row.rule is not None for name in row.reads]
        names += [clause.keys["attribute"] for each in self.scope for clause in each.clauses]
        return tuple(dict.fromkeys(names))

    def all_notes(self) -> tuple[Note, ...]:
        """Everything that is to be told, in the order of the export."""
        return tuple(sorted((*self.notes, *(note for row in self.rows for note in row.notes))))

    def with_rows(self, rows: Iterable[Row]) -> Draft:
        """The draft with other rows, matching by those of them that have a rule."""
        rows = tuple(rows)
        produced = {row.target for row in rows if row.rule is not None}
        match = tuple(name for name in self.match if name in produced)
        return replace(self, rows=rows, match=match or (KEY_ATTRIBUTE[self.resource],))
