"""The text of an expression to its nodes, by a grammar (grammar.lark)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from reconciler.mapping.expressions.checks import check
from reconciler.mapping.expressions.inner import to_text
from reconciler.mapping.expressions.syntax import (
    Attribute,
    Call,
    Comparison,
    Empty,
    Expression,
    ExpressionProblem,
    Keyword,
    Literal,
)

if TYPE_CHECKING:
    from reconciler.mapping.expressions.syntax import Node

LONGEST = 10_000
"""Characters of an expression, as in Entra."""

DEEPEST = 100
"""Calls in one another."""

_MOST_DIGITS = 30
_MOST_HEXADECIMAL = 16
_ESCAPE = re.compile(r'\\([\\"])')
_EXPECTED = {"LPAR": "`(`", "COMMA": "`,`", "RPAR": "`)`", "$END": "the end"}
_UNCLOSED = {
    '"': "the text that starts here has no closing quote",
    "[": "the attribute that starts here has no closing `]`",
}
_ADVICE = {
    "“": "; texts stand in straight double quotes",
    "”": "; texts stand in straight double quotes",
    "'": "; texts stand in straight double quotes",
    "&": "; there is no AND: nest IIF in its second argument",
    "|": "; there is no OR: nest IIF in its third argument",
}


def parse_expression(text: str) -> Expression:
    """The checked expression. Raises ExpressionProblem with the part of the text that is wrong."""
    if len(text) > LONGEST:
        raise ExpressionProblem(
            f"found {len(text)} characters, expected at most {LONGEST}, as many as Entra takes", LONGEST, len(text)
        )
    try:
        node: Node = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _explained(text, error) from None
    return check(text, node)


class _Builder(Transformer[Token, Any]):
    def start(self, items: list[Node]) -> Node:
        return items[0]

    def call(self, items: list[Any]) -> Call:
        name, opening, slots, closing = items
        arguments: list[Node] = []
        joined: list[int] = []
        place = opening.end_pos
        for slot in slots:
            if isinstance(slot, Token):
                place = slot.end_pos
            else:
                arguments += slot or [Empty(place, place)]
                joined += [each.start for each in slot[1:]]
        depth = 1 + max((_depth(each) for each in arguments), default=0)
        if depth > DEEPEST:
            raise ExpressionProblem(
                f"found more than {DEEPEST} calls in one another, expected fewer", name.start_pos, name.end_pos
            )
        if arguments and len(arguments) == 1 and isinstance(arguments[0], Empty):
            arguments = []
        return Call(str(name), tuple(arguments), name.start_pos, closing.end_pos, depth, tuple(joined))

    def slots(self, items: list[Any]) -> list[Any]:
        return items

    def slot(self, items: list[Node]) -> list[Node]:
        return items

    def comparison(self, items: list[Any]) -> Comparison:
        left, operator, right = items
        return Comparison(left, str(operator), right, left.start, right.end)

    def keyword(self, items: list[Token]) -> Keyword:
        return Keyword(str(items[0]), *_span(items[0]))

    def attribute(self, items: list[Token]) -> Attribute:
        name = items[0][1:-1].strip()
        if not name:
            raise ExpressionProblem("found `[]`, expected the name of an attribute in it", *_span(items[0]))
        return Attribute(name, *_span(items[0]))

    def text(self, items: list[Token]) -> Literal:
        return Literal(_ESCAPE.sub(r"\1", items[0][1:-1]), *_span(items[0]))

    def number(self, items: list[Token]) -> Literal:
        return Literal(_number(str(items[0])), *_span(items[0]))

    def hexadecimal(self, items: list[Token]) -> Literal:
        digits = items[0].upper().removeprefix("&H")
        if len(digits) > _MOST_HEXADECIMAL:
            raise ExpressionProblem(
                f"found `{items[0]}`, expected at most {_MOST_HEXADECIMAL} digits", *_span(items[0])
            )
        return Literal(int(digits, base=16), *_span(items[0]))


def _span(token: Token) -> tuple[int, int]:
    return token.start_pos or 0, token.end_pos or 0


def _depth(node: Node) -> int:
    if isinstance(node, Comparison):
        return max(_depth(node.left), _depth(node.right))
    return node.depth if isinstance(node, Call) else 0


def _number(text: str) -> str | float:
    """A number that reads as it is written; else its text, so that `007` stays what it is where a text is expected."""
    if len(text) > _MOST_DIGITS:
        return text
    number = float(text) if "." in text else int(text)
    return number if to_text(number) == text else text


@cache
def _parser() -> Lark:
    return Lark.open_from_package(
        "reconciler.mapping.expressions", "grammar.lark", parser="lalr", transformer=_Builder()
    )


def _explained(text: str, error: UnexpectedInput) -> ExpressionProblem:
    place, end = len(text), len(text)
    expected: set[str] = set()
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        end, expected = place + 1, set(error.allowed or ())
        if text[place] in _UNCLOSED:
            return ExpressionProblem(_UNCLOSED[text[place]], place, len(text))
    elif isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
        if error.token.type != "$END":
            place, end = _span(error.token)
    found = f"`{text[place:end]}`" if place < end else "the end"
    advice = _ADVICE.get(text[place:end], "")
    return ExpressionProblem(f"found {found}, expected {_words(text[:place], expected)}{advice}", place, end)


def _words(before: str, expected: set[str]) -> str:
    """What may stand behind this text; commas between arguments count as demanded."""
    last = before.rstrip()[-1:]
    if last in {"", "=", "<", ">"}:
        return 'a function, an `[attribute]`, a "text" or a number'
    words = ["an argument"] if last in {"(", ","} else []
    words += [word for name, word in _EXPECTED.items() if name in expected]
    return " or ".join(words)
