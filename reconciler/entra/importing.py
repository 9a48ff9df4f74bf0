"""An export of Entra's to YAML that validates: what does not is taken out, and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reconciler.entra.convert import convert_rules
from reconciler.entra.places import SchemaProblem
from reconciler.entra.render import comment, render_draft
from reconciler.entra.schema import read_schema
from reconciler.entra.scope import drop_clauses, drop_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.entra.draft import Draft, Note

Path = tuple[str | int, ...]
HEAD = (
    "Imported from Entra ID's synchronizationSchema. The lines named are those of its JSON.",
    "What differs from Entra: docs/moving-from-entra.md.",
)


class Finding(NamedTuple):
    """What the check of a document finds at a path in it; a warning is told and no more."""

    path: Path
    message: str
    is_warning: bool = False


Check: TypeAlias = "Callable[[str], Sequence[Finding]]"
"""Reads the YAML of one Mapping document, and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The Mapping documents, everything that is to be told, and how many attribute mappings were carried over."""

    text: str
    notes: tuple[Note, ...]
    carried: int
    total: int


class NothingImported(SchemaProblem):
    """An export in which there is no mapping that can be carried over; `notes` say why."""

    def __init__(self, notes: tuple[Note, ...]) -> None:
        super().__init__("no mapping of users or groups can be carried over")
        self.notes = notes


class _Settled(NamedTuple):
    """A draft as far as it can be used, and its YAML: empty where it cannot be used at all."""

    draft: Draft
    text: str


def import_schema(data: bytes, check: Check) -> Imported:
    """The Mapping documents that a synchronizationSchema comes to. Raises SchemaProblem where it comes to none."""
    converted = convert_rules(read_schema(data))
    settled = [_settle(draft, check) for draft in converted.drafts]
    used = [each for each in settled if each.text]
    notes = (*converted.notes, *(note for each in settled for note in each.draft.all_notes()))
    if not used:
        raise NothingImported(notes)
    head = [line for told in (*HEAD, *(note.told() for note in converted.notes)) for line in comment(told)]
    left = [each.draft for each in settled if not each.text]
    head += [f"# {line}".rstrip() for draft in left for line in render_draft(draft).splitlines()]
    return Imported(
        "\n".join([*head, "---\n".join(each.text for each in used)]),
        tuple(sorted(notes)),
        sum(not row.is_lost for each in used for row in each.draft.rows),
        sum(len(each.draft.rows) for each in settled),
    )


def _settle(draft: Draft, check: Check) -> _Settled:
    """The draft without what is wrong with it; each round takes something out."""
    while True:
        text = render_draft(draft)
        found = check(text)
        wrong = [each for each in found if not each.is_warning]
        if not wrong:
            return _tell_warnings(draft, found)
        better = _without(draft, wrong)
        if better == draft:
            told = "; ".join(each.message for each in wrong)
            return _Settled(draft.tell(f"this mapping of {draft.resource.value}s is left out: {told}", lost=True), "")
        draft = better


def _without(draft: Draft, findings: Sequence[Finding]) -> Draft:
    """The draft without the rules and clauses that something is found at."""
    rules = {each.path[1]: each.message for each in findings if each.path[0] == "attributes" and len(each.path) > 1}
    scope = [each for each in findings if each.path[0] == "scope"]
    rows = [row.lose(rules[row.target]) if row.rule is not None and row.target in rules else row for row in draft.rows]
    draft = draft.with_rows(rows)
    clauses = {(int(path[1]), int(path[3])): message for path, message, _ in scope if path[2:3] == ("clauses",)}
    if len(clauses) == len(scope):
        return drop_clauses(draft, clauses)
    return drop_scope(draft, draft.line, "; ".join(each.message for each in scope))


def _tell_warnings(draft: Draft, warnings: Sequence[Finding]) -> _Settled:
    rows = list(draft.rows)
    for path, message, _ in warnings:
        at = next(
            (place for place, row in enumerate(rows) if row.rule is not None and path[1:2] == (row.target,)), None
        )
        if at is None:
            draft = draft.tell(message)
        else:
            rows[at] = rows[at].tell(message)
    draft = draft.with_rows(rows)
    return _Settled(draft, render_draft(draft))
