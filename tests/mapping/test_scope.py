"""Scoping filters: each case is a clause and a record's value in, whether it holds out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mapping.scope import (
    UNARY,
    Clause,
    ClauseVerdict,
    FilterVerdict,
    Operator,
    Scope,
    ScopeFilter,
    ScopeProblem,
    check_clause,
    find_operator,
    judge,
)

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

# Per operator: its value, then record values for which it holds, and for which it does not. What every operator makes
# of no value at all is tested for all of them together.
CASES: dict[Operator, tuple[str | None, tuple[Value, ...], tuple[Value, ...]]] = {
    Operator.EQUALS: ("Sales", ("Sales",), ("sales", "SALES", "Sales ", " Sales", "Sale", 5, True)),
    Operator.NOT_EQUALS: ("Sales", ("sales", "IT", " Sales", 5, True), ("Sales",)),
    Operator.IS_TRUE: (None, (True, "True", "true", "TRUE"), (False, "False", "yes", "1", 1, "Tru")),
    Operator.IS_FALSE: (None, (False, "False", "false", "FALSE"), (True, "True", "no", "0", 0)),
    Operator.IS_NULL: (None, (), ("x", " ", 0, False, ["x"], {"a": 1})),
    Operator.IS_NOT_NULL: (None, ("x", " ", 0, False, ["x"], {"a": 1}), ()),
    Operator.REGEX_MATCH: ("([1-9][0-9])", ("10", "99", 42), ("9", "100", "a42", "42a", "42\n", "x", 4.2, True)),
    Operator.NOT_REGEX_MATCH: ("([1-9][0-9])", ("9", "100", "a42", "42\n", "x", 4.2, True), ("10", "99", 42)),
    Operator.GREATER_THAN: ("10", ("11", 11, "999999", "+11"), ("10", 10, "9", -11, "-11", "11.5", 11.5, "x", True)),
    Operator.GREATER_THAN_OR_EQUALS: ("-5", ("-5", -5, 0, "007"), (-6, "-6", "5,000", " 5", "0x9", "٩", "9" * 30)),
    Operator.INCLUDES: ("ale", ("Sales", "ale", "female"), ("SALES", "Al", 5, True)),
    Operator.ENDS_WITH: ("les", ("Sales", "les"), ("saLES", "lesson", 5)),
    Operator.IN: ("Sales;IT;12;True", ("Sales", "IT", 12, True, "a"), ("sales", "HR", 13, False, "Sales;IT;12;True;")),
    Operator.NOT_IN: ("Sales;IT;12;True", ("sales", "HR", 13, False), ("Sales", "IT", 12, True, "a")),
}
NOTHING: tuple[Value, ...] = (None, "", [], {})


def outside(clauses: tuple[Clause, ...], record: Attributes) -> str | None:
    return Scope([ScopeFilter("f", clauses)]).why_outside(record)


def holds(operator: Operator, value: str | None, record: Value) -> bool:
    return outside((Clause("a", operator, value),), {"a": record}) is None


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(Operator)


@pytest.mark.parametrize("operator", Operator)
def test_operator(operator: Operator) -> None:
    value, holding, failing = CASES[operator]
    assert check_clause(Clause("a", operator, value)) is None
    assert [each for each in holding if not holds(operator, value, each)] == []
    assert [each for each in failing if holds(operator, value, each)] == []


@pytest.mark.parametrize("operator", Operator)
def test_no_value_makes_every_clause_false_but_is_null(operator: Operator) -> None:
    wanted = operator is Operator.IS_NULL
    value = CASES[operator][0]
    assert [holds(operator, value, each) for each in NOTHING] == [wanted] * 4
    assert (outside((Clause("a", operator, value),), {"other": "Sales"}) is None) is wanted


@pytest.mark.parametrize(("wanted", "found"), [("True", [True]), ("true", [True]), ("FALSE", [False]), ("1", [])])
def test_a_boolean_equals_its_name_in_any_case(wanted: str, found: list[bool]) -> None:
    booleans = (True, False)
    assert [each for each in booleans if holds(Operator.EQUALS, wanted, each)] == found
    assert [each for each in booleans if not holds(Operator.NOT_EQUALS, wanted, each)] == found


@pytest.mark.parametrize(
    "operator", [each for each in Operator if each not in (Operator.IS_NULL, Operator.IS_NOT_NULL)]
)
@pytest.mark.parametrize(("value", "what"), [(["x", "y"], "a list"), ({"x": 1}, "a map")])
def test_several_values_cannot_be_tested(operator: Operator, value: Value, what: str) -> None:
    with pytest.raises(ScopeProblem) as problem:
        holds(operator, CASES[operator][0], value)
    assert str(problem.value) == f"`a` is {what}: only IS NULL and IS NOT NULL can test it"
    assert problem.value.attribute == "a"


def test_a_pattern_that_takes_too_long_is_a_problem_of_the_value() -> None:
    with pytest.raises(ScopeProblem) as problem:
        holds(Operator.REGEX_MATCH, "(x+x+)+y", "x" * 5000)
    assert problem.value.attribute == "a"


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("EQUALS", Operator.EQUALS),
        ("equals", Operator.EQUALS),
        ("NOT_EQUALS", Operator.NOT_EQUALS),
        ("is not  null", Operator.IS_NOT_NULL),
        ("IsNull", Operator.IS_NULL),
        ("Greater_Than_OR_EQUALS", Operator.GREATER_THAN_OR_EQUALS),
        ("Greater Than", Operator.GREATER_THAN),
        ("Includes", Operator.INCLUDES),
        ("ends with", Operator.ENDS_WITH),
        (" & ", Operator.IN),
        ("! &", Operator.NOT_IN),
        ("STARTS WITH", None),
        ("", None),
    ],
)
def test_operators_are_found_however_they_are_spelled(text: str, operator: Operator | None) -> None:
    assert find_operator(text) is operator


@pytest.mark.parametrize(
    ("clause", "problem"),
    [
        (Clause("", Operator.IS_NULL), "a clause names an attribute"),
        (Clause("a", Operator.IS_TRUE, "True"), "`IS TRUE` takes no value"),
        (Clause("a", Operator.EQUALS), "`EQUALS` needs a value; `IS NULL` finds records that have none"),
        (Clause("a", Operator.EQUALS, ""), "`EQUALS` needs a value; `IS NULL` finds records that have none"),
        (
            Clause("a", Operator.GREATER_THAN, "1,000"),
            '`GREATER_THAN` compares integers of at most 18 digits, and "1,000" is none',
        ),
        (Clause("a", Operator.INCLUDES, " "), None),
    ],
)
def test_what_is_wrong_with_a_clause(clause: Clause, problem: str | None) -> None:
    assert check_clause(clause) == problem


@pytest.mark.parametrize("operator", [Operator.REGEX_MATCH, Operator.NOT_REGEX_MATCH])
def test_a_pattern_that_does_not_compile_is_told(operator: Operator) -> None:
    assert check_clause(Clause("a", operator, "(x")) is not None


# The common filters of Entra's documentation.
DOMAIN = Clause("userPrincipalName", Operator.REGEX_MATCH, r".*\@domain.com")
NOT_DOMAIN = Clause("userPrincipalName", Operator.NOT_REGEX_MATCH, r".*\@domain.com")
WORKER = Clause("workerID", Operator.REGEX_MATCH, "(1[0-9][0-9][0-9][0-9][0-9][0-9])")
NEW_YORK = (
    Clause("state", Operator.EQUALS, "New York"),
    Clause("department", Operator.EQUALS, "Engineering"),
    Clause("employeeId", Operator.GREATER_THAN, "1000000"),
    Clause("jobTitle", Operator.IS_NOT_NULL),
)
ENGINEER: Attributes = {"state": "New York", "department": "Engineering", "employeeId": 1500000, "jobTitle": "Lead"}


@pytest.mark.parametrize(
    ("clauses", "record", "reason"),
    [
        ((DOMAIN,), {"userPrincipalName": "ann@domain.com"}, None),
        ((NOT_DOMAIN,), {"userPrincipalName": "ann@other.com"}, None),
        ((WORKER,), {"workerID": 1999999}, None),
        ((WORKER,), {"workerID": "2000000"}, 'workerID REGEX MATCH "(1[0-9][0-9][0-9][0-9][0-9][0-9])", is "2000000"'),
        (NEW_YORK, ENGINEER, None),
        (NEW_YORK, {**ENGINEER, "state": "new york"}, 'state EQUALS "New York", is "new york"'),
        (NEW_YORK, {**ENGINEER, "employeeId": 1000000}, 'employeeId GREATER_THAN "1000000", is "1000000"'),
        (NEW_YORK, {**ENGINEER, "jobTitle": ""}, "jobTitle IS NOT NULL, is empty"),
        (NEW_YORK, {**ENGINEER, "department": 'a"\n', "jobTitle": ""}, 'department EQUALS "Engineering", is "a\\"\\n"'),
        ((Clause("on", Operator.IS_TRUE),), {"on": False}, 'on IS TRUE, is "False"'),
        ((Clause("a", Operator.EQUALS, "x"),), {"a": "y" * 99}, f'a EQUALS "x", is "{"y" * 59}…"'),
    ],
)
def test_the_reason_is_the_first_clause_that_fails(
    clauses: tuple[Clause, ...], record: Attributes, reason: str | None
) -> None:
    assert outside(clauses, record) == (reason and f"`f`: {reason}")


SALES = ScopeFilter("sales", (Clause("department", Operator.EQUALS, "Sales"),))
LEADS = ScopeFilter("leads", (Clause("title", Operator.INCLUDES, "Lead"), Clause("left", Operator.IS_NULL)))


def test_filters_are_alternatives() -> None:
    scope = Scope([SALES, LEADS])
    assert scope.attributes == {"department", "title", "left"}
    assert scope.why_outside({"department": "Sales"}) is None
    assert scope.why_outside({"title": "Lead"}) is None
    reason = '`sales`: department EQUALS "Sales", is empty; `leads`: left IS NULL, is "2026"'
    assert scope.why_outside({"title": "Lead", "left": 2026}) == reason


def test_without_filters_all_are_in_scope() -> None:
    assert Scope([]).why_outside({}) is None
    assert Scope([]).attributes == frozenset()
    assert judge([], {}) == ()


def test_verdicts_tell_each_clause() -> None:
    department, title, left = SALES.clauses[0], *LEADS.clauses
    problem = "`title` is a list: only IS NULL and IS NOT NULL can test it"
    sales, leads = judge([SALES, LEADS], {"department": "Sales", "title": ["Lead"]})
    assert sales == FilterVerdict("sales", holds=True, clauses=(ClauseVerdict(department, "Sales", holds=True),))
    untested = ClauseVerdict(title, ["Lead"], holds=False, problem=problem)
    assert leads == FilterVerdict("leads", holds=False, clauses=(untested, ClauseVerdict(left, None, holds=True)))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["12", "True"]),
)
CLAUSES = st.builds(
    lambda attribute, operator, value: Clause(attribute, operator, None if operator in UNARY else value),
    st.sampled_from("abc"),
    st.sampled_from(Operator),
    st.sampled_from(["12", "-3"]),
)
FILTERS = st.lists(
    st.builds(ScopeFilter, st.text(max_size=5), st.lists(CLAUSES, min_size=1, max_size=3).map(tuple)), max_size=3
)
RECORDS = st.dictionaries(st.sampled_from("abc"), VALUES)


@given(FILTERS, RECORDS)
def test_verdicts_and_reasons_agree(filters: list[ScopeFilter], record: Attributes) -> None:
    verdicts = judge(filters, record)
    assert [each.holds for each in verdicts] == [all(one.holds for one in each.clauses) for each in verdicts]
    inside = not filters or any(each.holds for each in verdicts)
    assert (Scope(filters).why_outside(record) is None) is inside


@given(VALUES, st.text(min_size=1, max_size=5))
def test_opposites_differ_on_every_value(value: Value, operand: str) -> None:
    pairs = ((Operator.EQUALS, Operator.NOT_EQUALS), (Operator.IN, Operator.NOT_IN))
    for one, other in pairs:
        assert (holds(one, operand, value) != holds(other, operand, value)) is (value not in (None, ""))
    pattern = re.escape(operand)
    if check_clause(Clause("a", Operator.REGEX_MATCH, pattern)) is None:
        told = holds(Operator.REGEX_MATCH, pattern, value)
        assert (told != holds(Operator.NOT_REGEX_MATCH, pattern, value)) is (value not in (None, ""))
    assert holds(Operator.IS_NULL, None, value) != holds(Operator.IS_NOT_NULL, None, value)


@given(st.integers(-(10**17), 10**17), st.integers(-(10**17), 10**17))
def test_integers_compare_as_numbers(value: int, operand: int) -> None:
    for given_value in (value, str(value)):
        assert holds(Operator.GREATER_THAN, str(operand), given_value) is (value > operand)
        assert holds(Operator.GREATER_THAN_OR_EQUALS, str(operand), given_value) is (value >= operand)


@given(st.text(alphabet="aB1", max_size=4), st.text(alphabet="aB1", min_size=1, max_size=2))
def test_parts_of_text_are_found_as_python_finds_them(text: str, operand: str) -> None:
    assert holds(Operator.INCLUDES, operand, text) is (operand in text)
    assert holds(Operator.ENDS_WITH, operand, text) is text.endswith(operand)
    assert holds(Operator.IN, operand, text) is (bool(text) and text in operand)
