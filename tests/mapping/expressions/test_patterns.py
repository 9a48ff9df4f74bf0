from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mapping.patterns import MOST_SLOW, Pattern, PatternProblem, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("pattern", "text", "template", "expected"),
    [
        (r"\+(?<isd>\d* )(?<phone>\d{10})", "+91 9998887777", "${phone}", "9998887777"),
        (r"(?<a>x)(y)", "xy", "$1$2$0", "yxxy"),  # .NET counts groups without a name first
        (r"(?<a>x)(y)\1", "xyy", "$&", "xyy"),
        (r"(?<a>x)(?<b>y)?", "x", "[${b}]", "[]"),
        (r"b", "abc", "$$ $1 ${nobody} $`|$'|$_", "a$ $1 ${nobody} a|c|abcc"),
        (r"(a)(b)?", "a", "<$+>", "<>"),
        (r"x*", "abxd", "-", "-a-b--d-"),
        (r"(?'q'[a-z-[aeiou]]+)", "aabcde", "<${q}>", "aa<bcd>e"),
        (r"[[]", "a[b", "(", "a(b"),
        (r"[]a]+", "x]a]x", "", "xx"),
        (r"[a&&b]", "a&b", ".", "..."),
        (r"[+--]", "+,-.", "", "."),
        (r"a{,2}", "aa a{,2}", ".", "aa ."),
        (r"x(?i)y", "xY XY", ".", ". XY"),
        (r"b\Z", "b\n", "c", "c\n"),
        (r"b\z", "b\n", "c", "b\n"),
    ],
)
def test_replacing_as_net_does(pattern: str, text: str, template: str, expected: str) -> None:
    assert compile_pattern(pattern).replace(text, template) == expected


def test_whole_texts_match() -> None:
    assert compile_pattern("([1-9][0-9])").matches_whole("42")
    assert not compile_pattern("([1-9][0-9])").matches_whole("142")
    assert not compile_pattern("(?i)strasse").matches_whole("stra\N{LATIN SMALL LETTER SHARP S}e")


def test_groups() -> None:
    pattern = compile_pattern("(?<n>b)?(c)")
    assert [pattern.group("abc", "n"), pattern.group("c", "n"), pattern.group("a", "n")] == ["b", None, None]
    assert [pattern.group("abc", "1"), pattern.group("abc", "nobody")] == ["c", None]
    assert pattern.replace_group("abc c abc", "n", "$1") == "a$1c c a$1c"
    assert pattern.replace_group("abc", "nobody", "x") == "abc"
    assert pattern.has_group("n")
    assert not pattern.has_group("3")


@pytest.mark.parametrize(
    ("pattern", "position", "message"),
    [
        ("a(b", 2, "the pattern `a(b` is not valid: missing )"),
        ("ab[c", 3, "the pattern `ab[c` is not valid: unterminated character set"),
        ("*", 0, "the pattern `*` is not valid: nothing to repeat"),
        ("a" * 10_001, 0, "the pattern has 10001 characters, at most 10000 are read"),
    ],
)
def test_what_is_not_valid(pattern: str, position: int, message: str) -> None:
    with pytest.raises(PatternProblem) as caught:
        compile_pattern(pattern)
    assert (str(caught.value), caught.value.position) == (message, position)


@pytest.mark.parametrize("pattern", ["(a|a)*$", "(?:a|a|b)*c", "(a|(?R))*$"])
def test_what_takes_too_long_ends(pattern: str) -> None:
    compiled, text, start = compile_pattern(pattern), "a" * 60 + "d", monotonic()
    calls: list[Callable[[], object]] = [
        partial(compiled.matches_whole, text),
        partial(compiled.replace, text, "x"),
        partial(compiled.group, text, "0"),
        partial(compiled.replace_group, text, "0", "x"),
    ]
    said = {problem_of(call) for call in calls} - {None}
    assert said <= {f"the pattern `{pattern}` takes too long on this text"}
    assert monotonic() - start < 5


def test_what_takes_too_long_is_said() -> None:
    slow = partial(compile_pattern("(a|a)*$").matches_whole, "a" * 60 + "d")
    assert problem_of(slow) == "the pattern `(a|a)*$` takes too long on this text"


def test_a_pattern_that_is_slow_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.mapping.patterns.SECONDS", 0.001)
    pattern = Pattern("(a|a)*$")
    slow = partial(pattern.matches_whole, "a" * 60 + "d")
    assert [problem_of(slow) for _ in range(MOST_SLOW)] == [
        "the pattern `(a|a)*$` takes too long on this text"
    ] * MOST_SLOW
    for call in (slow, partial(pattern.replace, "a", ""), partial(pattern.group, "a", "0")):
        given_up = "the pattern `(a|a)*$` took too long on 20 other texts, and is not tried any more"
        assert problem_of(call) == given_up


def problem_of(call: Callable[[], object]) -> str | None:
    try:
        call()
    except PatternProblem as problem:
        return str(problem)
    return None


@given(st.text(alphabet="ab(){}[]?<>*+|\\^$.,-:=!'&zZnd12", max_size=25), st.text(alphabet="ab1-", max_size=20))
def test_any_pattern_works_or_says_where(pattern: str, text: str) -> None:
    position = 0
    try:
        compiled = compile_pattern(pattern)
        compiled.matches_whole(text)
        compiled.replace(text, "$1${n}")
        compiled.replace_group(text, "1", "x")
    except PatternProblem as problem:
        position = problem.position
    assert 0 <= position <= len(pattern)
