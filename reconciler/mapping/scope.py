"""Scoping filters: which records a mapping is for (the operators of Entra ID's provisioning service).

The clauses of a filter are AND-ed, filters are OR-ed; without filters every record is in scope. An attribute that is
absent, null or empty makes every clause false but `IS NULL`. Text is compared with case, a number by its text, a
boolean as True or False in any case; patterns match whole values.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reconciler.core.normalise import as_boolean, is_empty
from reconciler.mapping.patterns import PatternProblem, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.core.model import Attributes, Value

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_LONGEST = 60
Test: TypeAlias = "Callable[[Value], bool]"


class Operator(StrEnum):
    """Entra's operators, as its documentation spells them."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT EQUALS"
    IS_TRUE = "IS TRUE"
    IS_FALSE = "IS FALSE"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"
    REGEX_MATCH = "REGEX MATCH"
    NOT_REGEX_MATCH = "NOT REGEX MATCH"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUALS = "GREATER_THAN_OR_EQUALS"
    INCLUDES = "INCLUDES"
    ENDS_WITH = "ENDS_WITH"
    IN = "&"
    NOT_IN = "!&"


UNARY = frozenset((Operator.IS_TRUE, Operator.IS_FALSE, Operator.IS_NULL, Operator.IS_NOT_NULL))
_PATTERNS = frozenset((Operator.REGEX_MATCH, Operator.NOT_REGEX_MATCH))
_NUMERIC = frozenset((Operator.GREATER_THAN, Operator.GREATER_THAN_OR_EQUALS))


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition on one attribute of a record; `value` is None for the operators that take none."""

    attribute: str
    operator: Operator
    value: str | None = None

    def __str__(self) -> str:
        operand = "" if self.value is None else f" {_shown(self.value)}"
        return f"{self.attribute} {self.operator}{operand}"


@dataclass(frozen=True, slots=True)
class ScopeFilter:
    """Clauses that must all hold."""

    name: str
    clauses: tuple[Clause, ...]


class ClauseVerdict(NamedTuple):
    """A clause, the record's value, whether it holds, and what keeps the value from being tested."""

    clause: Clause
    value: Value
    holds: bool
    problem: str | None = None


class FilterVerdict(NamedTuple):
    """A filter by its name, whether it holds, and what each of its clauses says."""

    name: str
    holds: bool
    clauses: tuple[ClauseVerdict, ...]


class ScopeProblem(Exception):
    """A record's value that a clause cannot test; `attribute` is where it stands."""

    def __init__(self, message: str, attribute: str) -> None:
        super().__init__(message)
        self.attribute = attribute


def find_operator(text: str) -> Operator | None:
    """The operator that is meant, in any case, with `_`, blanks or neither between its words."""
    return _BY_LETTERS.get(_letters(text))


def _letters(text: str) -> str:
    return re.sub(r"[\s_]", "", text).upper()


_BY_LETTERS = {_letters(operator): operator for operator in Operator}


def check_clause(clause: Clause) -> str | None:
    """What is wrong with a clause, or None."""
    operator, value = clause.operator, clause.value
    if not clause.attribute:
        return "a clause names an attribute"
    if operator in UNARY:
        return None if value is None else f"`{operator}` takes no value"
    if not value:
        return f"`{operator}` needs a value; `{Operator.IS_NULL}` finds records that have none"
    if operator in _NUMERIC and not _INTEGER.fullmatch(value):
        return f"`{operator}` compares integers of at most 18 digits, and {_shown(value)} is none"
    if operator in _PATTERNS:
        try:
            compile_pattern(value)
        except PatternProblem as problem:
            return str(problem)
    return None


class Scope:
    """Filters, compiled once to be asked about very many records; their clauses are valid (`check_clause`)."""

    def __init__(self, filters: Iterable[ScopeFilter]) -> None:
        self.filters = tuple(filters)
        self.attributes = frozenset(clause.attribute for each in self.filters for clause in each.clauses)
        self._tests = tuple(
            tuple((clause.attribute, test, f"`{each.name}`: {clause}") for clause, test in _compile(each))
            for each in self.filters
        )

    def why_outside(self, given: Attributes) -> str | None:
        """None where a record is in scope, else the first clause of each filter that keeps it out.

        Raises ScopeProblem where a value cannot be tested. Clauses are looked at in their order, as far as needed.
        """
        reasons = []
        for tests in self._tests:
            for attribute, test, told in tests:
                value = given.get(attribute)
                if not test(value):
                    reasons.append((told, value))
                    break
            else:
                return None
        return "; ".join([f"{told}, is {_found(value)}" for told, value in reasons]) or None


def judge(filters: Iterable[ScopeFilter], given: Attributes) -> tuple[FilterVerdict, ...]:
    """Each filter and each of its clauses with the record's value, and whether they hold."""
    verdicts = []
    for each in filters:
        clauses = tuple(_judge_clause(clause, test, given.get(clause.attribute)) for clause, test in _compile(each))
        verdicts.append(FilterVerdict(each.name, all(one.holds for one in clauses), clauses))
    return tuple(verdicts)


def _judge_clause(clause: Clause, test: Test, value: Value) -> ClauseVerdict:
    try:
        return ClauseVerdict(clause, value, test(value))
    except ScopeProblem as problem:
        return ClauseVerdict(clause, value, holds=False, problem=str(problem))


def _found(value: Value) -> str:
    return "empty" if is_empty(value) else _shown(_text(value))


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…", ensure_ascii=False)


def _text(value: Value) -> str:
    """A value's text: True and False for booleans, as Entra writes them."""
    return value if isinstance(value, str) else str(value)


def _compile(each: ScopeFilter) -> list[tuple[Clause, Test]]:
    return [(clause, _compile_clause(clause)) for clause in each.clauses]


def _compile_clause(clause: Clause) -> Test:
    if clause.operator is Operator.IS_NULL:
        return is_empty
    if clause.operator is Operator.IS_NOT_NULL:
        return lambda value: not is_empty(value)
    test = _text_test(clause)

    def test_single(value: Value) -> bool:
        if is_empty(value):
            return False
        if isinstance(value, (list, dict)):
            raise ScopeProblem(_untestable(clause, value), clause.attribute)
        try:
            return test(_text(value))
        except PatternProblem as problem:
            raise ScopeProblem(f"{clause}: {problem}", clause.attribute) from None

    return _exact_or(clause, test_single)


def _exact_or(clause: Clause, test_single: Test) -> Test:
    """A boolean equals its name in any case; for everything else `test_single` decides."""
    if clause.operator not in (Operator.EQUALS, Operator.NOT_EQUALS):
        return test_single
    wanted, equal = as_boolean(clause.value), clause.operator is Operator.EQUALS

    def test_equal(value: Value) -> bool:
        return (value == wanted) is equal if isinstance(value, bool) else test_single(value)

    return test_equal


def _untestable(clause: Clause, value: list[Value] | dict[str, Value]) -> str:
    what = "a list" if isinstance(value, list) else "a map"
    return f"`{clause.attribute}` is {what}: only {Operator.IS_NULL} and {Operator.IS_NOT_NULL} can test it"


def _text_test(clause: Clause) -> Callable[[str], bool]:
    """The test of a non-empty value's text."""
    operator, operand = clause.operator, clause.value or ""
    if operator in _PATTERNS:
        pattern, wanted = compile_pattern(operand), operator is Operator.REGEX_MATCH
        return lambda text: pattern.matches_whole(text) is wanted
    if operator in _NUMERIC:
        least = int(operand) + (operator is Operator.GREATER_THAN)
        return lambda text: bool(_INTEGER.fullmatch(text)) and int(text) >= least
    tests: dict[Operator, Callable[[str], bool]] = {
        Operator.EQUALS: lambda text: text == operand,
        Operator.NOT_EQUALS: lambda text: text != operand,
        Operator.IS_TRUE: lambda text: text.lower() == "true",
        Operator.IS_FALSE: lambda text: text.lower() == "false",
        Operator.INCLUDES: lambda text: operand in text,
        Operator.ENDS_WITH: lambda text: text.endswith(operand),
        Operator.IN: lambda text: text in operand,
        Operator.NOT_IN: lambda text: text not in operand,
    }
    return tests[operator]
