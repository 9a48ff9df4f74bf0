"""Laws that hold for any text and for any values."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.mapping.expressions.compiler import compile_candidates, compile_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.registry import FUNCTIONS
from reconciler.mapping.expressions.syntax import Expression, ExpressionProblem
from reconciler.mapping.expressions.tracing import trace
from reconciler.mapping.expressions.values import EvaluationProblem, Ignore, Surroundings

SURROUNDINGS = Surroundings(datetime(2025, 7, 30, tzinfo=UTC), "jane", "title")

LITERALS = st.one_of(
    st.sampled_from(["[a]", "[b]", "[c]", "", '""', '"2025-01-31"', '"d"', '"m"', '"yyyy-MM-dd"', '"(?<n>.)"', '"n"']),
    st.sampled_from(["&HF", "1", "-3", "2.5", "9999999999", "vbTextCompare", "IgnoreAttributeFlow", '"a" "b"']),
    st.text(alphabet='ab[](){}?*+\\".$<>', max_size=6).map(lambda text: '"' + text.replace('"', '\\"') + '"'),
)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    conditions = st.tuples(inner, st.sampled_from(["=", "<>", "<", ">="]), inner).map(" ".join)
    usual = st.tuples(st.sampled_from([*FUNCTIONS]), st.lists(inner, max_size=6))
    fitting = st.sampled_from([*FUNCTIONS.values()]).flatmap(
        lambda function: st.tuples(
            st.just(function.name), st.lists(inner, min_size=function.least, max_size=max(4, function.least))
        )
    )
    branch = st.tuples(st.just("IIF"), st.tuples(conditions, inner, inner))
    return st.one_of(usual, fitting, branch).map(lambda call: f"{call[0]}({', '.join(call[1])})")


EXPRESSIONS = st.recursive(LITERALS, _calls, max_leaves=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**40, 10**41),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(
            [
                "2025-01-31",
                "12/31/9999 11:59:59 PM",
                "0001-01-01",
                "5",
                "-1",
                "true",
                "a,b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["value", "x"]), inner)),
    max_leaves=4,
)


def parsed(text: str) -> Expression | None:
    """The expression; None where there is none, which is said of a part of the text."""
    try:
        return parse_expression(text)
    except ExpressionProblem as problem:
        if not 0 <= problem.start <= problem.end <= len(text):
            raise
        return None


@given(st.one_of(st.text(max_size=60), st.text(alphabet='Join([]),"\\ a1.-&H=<>', max_size=40), EXPRESSIONS))
def test_any_text_is_an_expression_or_refused_by_place(text: str) -> None:
    expression = parsed(text)
    if expression is not None:
        assert all(0 <= start <= end <= len(text) for _, start, end in expression.warnings)
        assert parsed(f"  {text}\n") is not None


@given(EXPRESSIONS, st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "c": VALUES}))
def test_any_expression_gives_a_value_or_a_problem_of_it(text: str, attributes: dict[str, Any]) -> None:
    expression = parsed(text)
    if expression is None:
        return
    for evaluate in (compile_expression(expression), *compile_candidates(expression)):
        value: Any = None
        with suppress(EvaluationProblem):
            value = evaluate(attributes, SURROUNDINGS)
            assert repr(evaluate(attributes, SURROUNDINGS)) == repr(value)
        assert isinstance(value, (str, int, float, list, dict, Ignore, type(None)))
        assert not isinstance(value, bool)


@given(EXPRESSIONS, st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "c": VALUES}))
def test_a_trace_ends_as_the_evaluation_does(text: str, attributes: dict[str, Any]) -> None:
    expression = parsed(text)
    if expression is None or "Redact" in expression.functions:
        return
    steps = trace(expression, attributes, SURROUNDINGS)
    value: Any = None
    failed = False
    try:
        value = compile_expression(expression)(attributes, SURROUNDINGS)
    except EvaluationProblem:
        failed = True
    if steps:
        assert steps[0].depth == 0
        assert repr(steps[0].value) == repr(value)
        assert (steps[0].problem is not None) is failed
