"""The text of a SCIM filter to the filter, by a grammar (filter.lark). Loaded only where there is a filter to parse."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from reconciler.scim.filters import Comparison, Logical, ValuePath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.scim.filters import Filter

MAX_DEPTH = 50
"""Levels of brackets."""
_SHOWN = 200
_NO_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[^][()"]+', re.DOTALL)
_EXPECTED = {
    "ATTRIBUTE": "an attribute",
    "OPERATOR": "an operator (eq, ne, co, sw, ew, gt, ge, lt, le)",
    "_PRESENT": "`pr`",
    "TEXT": 'a "text"',
    "NUMBER": "a number",
    "TRUE": "true",
    "FALSE": "false",
    "NULL": "null",
    "_AND": "`and`",
    "_OR": "`or`",
    "_NOT": "`not`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "$END": "the end",
}


class _Builder(Transformer[Token, Any]):
    def text(self, items: list[Token]) -> str:
        return str(json.loads(items[0]))

    def number(self, items: list[Token]) -> float:
        return float(items[0])

    def true(self, _items: list[Token]) -> bool:
        return True

    def false(self, _items: list[Token]) -> bool:
        return False

    def null(self, _items: list[Token]) -> None:
        return None

    def comparison(self, items: list[Any]) -> Comparison:
        return Comparison(str(items[0]), str(items[1]).lower(), items[2])

    def present(self, items: list[Any]) -> Comparison:
        return Comparison(str(items[0]), "pr")

    def value_path(self, items: list[Any]) -> ValuePath:
        return ValuePath(str(items[0]), items[1])

    def negation(self, items: list[Any]) -> Logical:
        return Logical("not", tuple(items))

    def conjunction(self, items: list[Any]) -> Logical:
        return Logical("and", tuple(items))

    def disjunction(self, items: list[Any]) -> Logical:
        return Logical("or", tuple(items))


@cache
def _parser() -> Lark:
    grammar = files("reconciler.scim").joinpath("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder())


def parse(text: str) -> Filter:
    """The filter. Raises ValueError that says where it goes wrong, and what was expected there."""
    depth = 0
    for bracket in _NO_BRACKET.sub("", text):
        depth += 1 if bracket in "([" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"not a SCIM filter: `{_shown(text)}`: nested deeper than {MAX_DEPTH} levels")
    try:
        parsed: Filter = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise ValueError(_explain(text, error)) from None
    return parsed


def _explain(text: str, error: UnexpectedInput) -> str:
    expected: Iterable[str] = ()
    place = len(text)
    if isinstance(error, UnexpectedCharacters):
        expected, place = error.allowed or (), error.pos_in_stream or 0
    elif isinstance(error, UnexpectedToken):
        expected = error.accepts or error.expected
        place = len(text) if error.token.type == "$END" else error.pos_in_stream or 0
    words = [word for name, word in _EXPECTED.items() if name in expected]
    found = f"`{text[place : place + 10]}`" if text[place:].strip() else "the end"
    return f"not a SCIM filter: `{_shown(text)}`, column {place + 1}: found {found}, expected {' or '.join(words)}"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
