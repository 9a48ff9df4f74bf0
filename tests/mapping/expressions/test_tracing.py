from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.tracing import Step, trace
from reconciler.mapping.expressions.values import IGNORE, Surroundings

SURROUNDINGS = Surroundings(datetime(2025, 7, 30, tzinfo=UTC), "jane", "title")


def traced(text: str, **attributes: Any) -> list[Step]:
    return list(trace(parse_expression(text), attributes, SURROUNDINGS))


def test_branches_that_are_not_taken_are_left_out() -> None:
    text = 'IIF([a] = "x", Append([b], "!"), CDate([a]))'
    assert traced(text, a="x", b="y") == [
        Step(0, text, "y!"),
        Step(1, '[a] = "x"', "True"),
        Step(2, "[a]", "x"),
        Step(1, 'Append([b], "!")', "y!"),
        Step(2, "[b]", "y"),
    ]


def test_a_problem_is_told_where_it_is() -> None:
    assert traced('Join("", [b], CDate([a]))', a="x", b=["y", "z"]) == [
        Step(0, 'Join("", [b], CDate([a]))', None, "a part of it cannot be evaluated"),
        Step(1, "[b]", ["y", "z"]),
        Step(1, "CDate([a])", None, "CDate: `x` is no date that can be read"),
        Step(2, "[a]", "x"),
    ]


def test_what_is_ignored() -> None:
    assert traced("IgnoreFlowIfNullOrEmpty([a])") == [Step(0, "IgnoreFlowIfNullOrEmpty([a])", IGNORE), Step(1, "[a]")]


def test_every_candidate_is_shown() -> None:
    text = 'SelectUniqueValue("x", Append([a], "1"))'
    assert traced(text, a="j") == [Step(0, text, "x"), Step(1, 'Append([a], "1")', "j1"), Step(2, "[a]", "j")]


def test_constants_are_worked_out_in_view() -> None:
    assert traced("Not(Len(12))") == [Step(0, "Not(Len(12))", "True"), Step(1, "Len(12)", 2)]


def test_what_is_redacted_is_not_shown() -> None:
    text = 'Join("-", [b], Redact(ToUpper([a])))'
    assert traced(text, a="secret", b="x") == [
        Step(0, text, "[Redact]"),
        Step(1, "[b]", "x"),
        Step(1, "Redact(ToUpper([a]))", "[Redact]"),
        Step(2, "ToUpper([a])", "[Redact]"),
        Step(3, "[a]", "[Redact]"),
    ]
