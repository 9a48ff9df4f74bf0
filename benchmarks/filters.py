"""The loopback server's filters: what 4me documents, and no more (`eq ne lt gt`, `and`, `or`)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.store import Collection

_TERM = re.compile(r'\s*([\w.]+)\s+(eq|ne|lt|gt)\s+("(?:[^"\\]|\\.)*")(?:\s+(and|or)(?=\s)|\s*$)', re.IGNORECASE)


class FilterError(ValueError):
    """A filter that 4me would refuse."""


@dataclass(frozen=True, slots=True)
class Term:
    """`attribute operator "value"`; the first two in lower case."""

    attribute: str
    operator: str
    value: str


def parse_filter(text: str) -> list[list[Term]]:
    """The terms: a list of alternatives, each a list of terms that all must hold. Raises FilterError."""
    alternatives: list[list[Term]] = [[]]
    place = 0
    while True:
        found = _TERM.match(text, place)
        if not found:
            raise FilterError(f"not a filter: {text[place:]}")
        alternatives[-1].append(Term(found[1].lower(), found[2].lower(), json.loads(found[3])))
        place = found.end()
        if not found[4]:
            return alternatives
        if found[4].lower() == "or":
            alternatives.append([])


def find_positions(text: str, collection: Collection) -> Sequence[int]:
    """The positions of the rows that pass, in order. Raises FilterError."""
    found: set[int] = set()
    for terms in parse_filter(text):
        found |= _positions(terms, collection)
    return sorted(found)


def _positions(terms: list[Term], collection: Collection) -> set[int]:
    """Those that pass all terms: looked up where one of them names an indexed value, else searched."""
    indexed = next((term for term in terms if term.operator == "eq" and term.attribute in collection.indexes), None)
    candidates = collection.look_up(indexed.attribute, indexed.value) if indexed else range(len(collection.rows))
    for term in terms:
        if term is not indexed:
            passes = _test(term, collection)
            candidates = [position for position in candidates if passes(position)]
    return set(candidates)


def _test(term: Term, collection: Collection) -> Callable[[int], bool]:
    if term.attribute == "active":
        wanted = (term.value.lower() == "true") == (term.operator == "eq")
        active = collection.active
        return lambda position: bool(active[position]) == wanted
    if term.attribute in ("meta.lastmodified", "meta.created"):
        return _test_time(term, collection.modified if term.attribute == "meta.lastmodified" else collection.created)
    if term.attribute in collection.indexes and term.operator == "ne":
        excluded = set(collection.look_up(term.attribute, term.value))
        return lambda position: position not in excluded
    raise FilterError(f"not filterable here: {term.attribute} {term.operator}")


def _test_time(term: Term, times: Sequence[int]) -> Callable[[int], bool]:
    try:
        wanted = datetime.fromisoformat(term.value).timestamp()
    except ValueError:
        raise FilterError(f"not a time: {term.value}") from None
    tests: dict[str, Callable[[int], bool]] = {
        "gt": lambda position: times[position] > wanted,
        "lt": lambda position: times[position] < wanted,
        "eq": lambda position: times[position] == wanted,
        "ne": lambda position: times[position] != wanted,
    }
    return tests[term.operator]
