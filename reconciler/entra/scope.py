"""Entra's scoping filters. What cannot be carried over makes the scope wider, never narrower.

A record that falls out of scope is deactivated: that must not come from a clause that could not be read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.entra.draft import DraftClause, DraftFilter, Note
from reconciler.mapping.scope import UNARY, Clause, Operator, check_clause, find_operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.entra.draft import Draft
    from reconciler.entra.schema import ObjectMapping, ScopeClause

SEVERAL = frozenset(
    ("manager", "members", "memberof", "ismemberof", "approleassignments", "proxyaddresses", "othermails")
)
"""Source attributes, in lower case, that hold several values or refer to others, where an export does not say so."""


def add_scope(draft: Draft, mapping: ObjectMapping) -> Draft:
    """The draft with the scoping filters of an object mapping, as far as they can be carried over."""
    filters = tuple(
        DraftFilter(group.line, group.name.strip() or f"filter {number}", tuple(map(_draft_clause, group.clauses)))
        for number, group in enumerate(mapping.groups, 1)
    )
    several = mapping.several | SEVERAL
    problems = {
        (number, place): problem
        for number, group in enumerate(mapping.groups)
        for place, clause in enumerate(group.clauses)
        if (problem := _find_problem(clause, several))
    }
    return drop_clauses(replace(draft, scope=filters), problems)


def drop_clauses(draft: Draft, problems: Mapping[tuple[int, int], str]) -> Draft:
    """The draft without the clauses that have problems, by the number of their filter and their own."""
    notes = list(draft.notes)
    scope = []
    for number, each in enumerate(draft.scope):
        for place, clause in enumerate(each.clauses):
            if (number, place) in problems:
                told = f"`{' '.join(clause.keys.values())}`: {problems[number, place]}; more records are in scope"
                notes.append(Note(clause.line, f"filter `{each.name}`", told, lost=True))
        rest = tuple(clause for place, clause in enumerate(each.clauses) if (number, place) not in problems)
        scope.append(each._replace(clauses=rest))
    draft = replace(draft, scope=tuple(scope), notes=tuple(notes))
    empty = next((each for each in scope if not each.clauses), None)
    return drop_scope(draft, empty.line, f"no clause is left in the filter `{empty.name}`") if empty else draft


def drop_scope(draft: Draft, line: int, reason: str) -> Draft:
    """The draft for all records: one filter that holds for all of them makes the others pointless."""
    note = Note(line, "scope", f"{reason}: every record is in scope", lost=True)
    return replace(draft, scope=(), notes=(*draft.notes, note))


def _draft_clause(clause: ScopeClause) -> DraftClause:
    operator = find_operator(clause.operator)
    keys = {"attribute": clause.attribute, "operator": operator.value if operator else clause.operator}
    return DraftClause(clause.line, keys if operator in UNARY else keys | {"value": ", ".join(clause.values)})


def _find_problem(clause: ScopeClause, several: frozenset[str]) -> str | None:
    operator = find_operator(clause.operator)
    if operator is None:
        return "there is no such operator here"
    if clause.attribute.lower() in several and operator not in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        return "several values and references cannot be tested"
    if operator in UNARY:
        return check_clause(Clause(clause.attribute, operator))
    if len(clause.values) > 1:
        return "a clause has one value"
    return check_clause(Clause(clause.attribute, operator, "".join(clause.values)))
