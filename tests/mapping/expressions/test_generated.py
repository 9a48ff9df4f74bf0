from __future__ import annotations

import re
from datetime import UTC, datetime

from reconciler.mapping.expressions.compiler import compile_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.values import EvaluationProblem, Surroundings

NOW = datetime(2025, 7, 30, tzinfo=UTC)


def made(text: str, key: str = "jane", target: str = "nickName", now: datetime = NOW) -> str:
    return str(compile_expression(parse_expression(text))({}, Surroundings(now, key, target)))


def test_a_guid_is_of_the_record_and_the_attribute() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made("Guid()"))
    assert made("Guid()") == made("  Guid( )", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert len({made("Guid()"), made("Guid()", key="joe"), made("Guid()", target="title")}) == 3


def test_two_guids_in_one_expression_differ() -> None:
    first, second = made('Join("|", Guid(), Guid())').split("|")
    assert first != second
    assert first == made("Guid()")


def test_a_random_string_has_what_is_asked_for() -> None:
    text = made('RandomString(200, 2, 2, 2, 1, "?,aA0")')
    assert len(text) == 200
    assert [bool(re.search(kind, text)) for kind in (r"[1-9]", r"[^\w]|_", "[B-Z]", "[b-z]", "[?,aA0]")] == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert text == made('RandomString(200, 2, 2, 2, 1, "?,aA0")')
    assert text != made('RandomString(200, 2, 2, 2, 1, "?,aA0")', key="joe")


def test_a_random_string_is_of_the_kinds_that_are_asked_for() -> None:
    assert re.fullmatch("(?=(.*[0-9]){3})[0-9a-z]{6}", made("RandomString(6, 3, 0, 0, 3)"))
    assert re.fullmatch("[0-9]{20}", made("RandomString(20, 1, 0, 0, 0)"))
    assert re.fullmatch("[0-9A-Za-z]{20}", made("RandomString(20, 0, 0, 0, 0)"))
    assert made("RandomString(0, 0, 0, 0, 0)") == ""


def test_no_default_domain() -> None:
    try:
        made('Join("@", "jane", DefaultDomain())')
    except EvaluationProblem as problem:
        said = str(problem), problem.start, problem.end
    assert said == ("DefaultDomain: the Tenant document has no `defaultDomain`", 18, 33)
