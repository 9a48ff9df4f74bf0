"""What can be known of an expression before there are values: functions, numbers of arguments, constants, places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.counts import counted
from reconciler.core.suggest import did_you_mean
from reconciler.mapping.expressions.compiler import folded
from reconciler.mapping.expressions.constants import check_constants
from reconciler.mapping.expressions.registry import FUNCTIONS, SPELLINGS
from reconciler.mapping.expressions.syntax import (
    Attribute,
    Call,
    Comparison,
    Empty,
    Expression,
    ExpressionProblem,
    Keyword,
    Literal,
    Remark,
)
from reconciler.mapping.expressions.texts import BINARY_COMPARE, TEXT_COMPARE
from reconciler.mapping.expressions.values import EvaluationProblem, Ignore

if TYPE_CHECKING:
    from reconciler.mapping.expressions.registry import Function
    from reconciler.mapping.expressions.syntax import Node

TOP, RESULT, CONDITION, COMPARE, ARGUMENT = "top", "result", "condition", "compare", "argument"
"""Where a part stands: alone, as a possible result of the whole, in a condition, as InStr's fourth, anywhere else."""

_CONDITIONS = {"IIF", "CBool", "Not"}
_COMPARE_KEYWORDS = {each.lower(): each for each in (BINARY_COMPARE, TEXT_COMPARE)}
_IGNORE_KEYWORDS = {each.value.lower(): each.value for each in Ignore}
_ADVISED_AGAINST = {"IsPresent", "IsNull", "IsNullOrEmpty"}
_WORDS = {"and": "nest IIF in its second argument", "or": "nest IIF in its third argument", "not": "use Not()"}


def check(text: str, node: Node) -> Expression:
    """The expression that a node is. Raises ExpressionProblem."""
    checker = _Checker()
    node = checker.checked(node, TOP)
    for call in checker.calls:
        check_constants(text, call)
    try:
        folded(node)
    except EvaluationProblem as problem:
        raise ExpressionProblem(str(problem), problem.start, problem.end) from None
    warnings = tuple(sorted(checker.warnings, key=lambda each: each.start))
    return Expression(
        text,
        node,
        frozenset(checker.attributes),
        frozenset(call.name for call in checker.calls),
        frozenset(checker.keywords),
        warnings,
    )


class _Checker:
    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self.calls: list[Call] = []
        self.keywords: set[str] = set()
        self.warnings: list[Remark] = []

    def checked(self, node: Node, place: str) -> Node:
        """The node, names in their right spelling."""
        if isinstance(node, Attribute):
            self.attributes.add(node.name)
        elif isinstance(node, Keyword):
            node = _keyword(node, place)
            if isinstance(node, Keyword):
                self.keywords.add(node.word)
        elif isinstance(node, Comparison):
            if place != CONDITION:
                raise _problem(
                    node,
                    f"found a comparison with `{node.operator}`, expected it as the condition of IIF or CBool only",
                )
            left, right = self.checked(node.left, ARGUMENT), self.checked(node.right, ARGUMENT)
            return replace(node, left=left, right=right)
        elif isinstance(node, Call):
            return self._call(node, place)
        return node

    def _call(self, call: Call, place: str) -> Call:
        function = self._function(call)
        self._remark_on(call, function.name)
        if function.name == "SelectUniqueValue" and place != TOP:
            raise _problem(
                call, "found SelectUniqueValue inside of another function, expected it around the whole only"
            )
        if function.name == "IgnoreFlowIfNullOrEmpty" and place == CONDITION:
            raise _problem(call, "found IgnoreFlowIfNullOrEmpty as a condition, which it can never be")
        arguments = _trimmed(function.name, call.arguments)
        inside = [self.checked(each, _place(function.name, position, place)) for position, each in enumerate(arguments)]
        _check_number(call, function, arguments)
        call = replace(call, name=function.name, arguments=tuple(inside))
        self.calls.append(call)
        return call

    def _function(self, call: Call) -> Function:
        name = SPELLINGS.get(call.name.lower())
        if name is None:
            raise ExpressionProblem(
                f"unknown function `{call.name}`{did_you_mean(call.name, FUNCTIONS)}",
                call.start,
                call.start + len(call.name),
            )
        if name != call.name:
            spelling = f"`{call.name}` is spelt `{name}` in Entra, where case matters"
            self.warnings.append(Remark(spelling, call.start, call.start + len(name)))
        return FUNCTIONS[name]

    def _remark_on(self, call: Call, name: str) -> None:
        for offset in call.joined:
            self.warnings.append(Remark("a comma is missing before this argument", offset, offset + 1))
        first = call.arguments[0] if call.arguments else None
        if name == "Switch" and isinstance(first, Call) and SPELLINGS.get(first.name.lower()) in _ADVISED_AGAINST:
            advice = f'Microsoft advises against {first.name} as the source of Switch: use the key ""'
            self.warnings.append(Remark(advice, first.start, first.end))


def _problem(node: Node, message: str) -> ExpressionProblem:
    return ExpressionProblem(message, node.start, node.end)


def _keyword(node: Keyword, place: str) -> Node:
    word = node.word.lower()
    if word in _COMPARE_KEYWORDS and place == COMPARE:
        return Literal(_COMPARE_KEYWORDS[word], node.start, node.end)
    if word in _IGNORE_KEYWORDS and place in {TOP, RESULT}:
        return Keyword(_IGNORE_KEYWORDS[word], node.start, node.end)
    if word in _IGNORE_KEYWORDS:
        raise _problem(node, f"found {_IGNORE_KEYWORDS[word]} inside of a value, expected it as a result only")
    if word in _COMPARE_KEYWORDS:
        raise _problem(node, f"found {_COMPARE_KEYWORDS[word]}, expected it as the fourth argument of InStr only")
    if word in _WORDS:
        raise _problem(node, f"found `{node.word}`, which is no operator: {_WORDS[word]}")
    if word in SPELLINGS:
        raise _problem(
            node, f"found `{node.word}` alone, expected its arguments: `{FUNCTIONS[SPELLINGS[word]].signature}`"
        )
    known = [*_COMPARE_KEYWORDS.values(), *_IGNORE_KEYWORDS.values()]
    near = did_you_mean(node.word, known)
    raise _problem(node, f'found the bare word `{node.word}`, expected `[{node.word}]` or `"{node.word}"`{near}')


def _place(name: str, position: int, place: str) -> str:
    """Where an argument of a function at that place stands."""
    if position == 0 and name in _CONDITIONS:
        return CONDITION
    if position == 3 and name == "InStr":  # noqa: PLR2004
        return COMPARE
    is_result = {
        "IIF": position > 0,
        "Switch": position % 2 == 1,
        "Coalesce": True,
        "IgnoreFlowIfNullOrEmpty": True,
        "SelectUniqueValue": True,
    }
    return RESULT if place in {TOP, RESULT} and is_result.get(name, False) else ARGUMENT


def _trimmed(name: str, arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    """The arguments without the empty ones behind the last that could be there."""
    most = FUNCTIONS[name].most
    kept = list(arguments)
    while kept and isinstance(kept[-1], Empty) and _is_surplus(name, len(kept), most):
        kept.pop()
    if name == "FormatDateTime" and len(kept) == 3:  # noqa: PLR2004 - the older form, without styles
        kept.insert(1, Empty(kept[0].end, kept[0].end))
    return tuple(kept)


def _is_surplus(name: str, number: int, most: int | None) -> bool:
    if name == "FormatDateTime":
        return True
    if name == "Switch":
        return number % 2 == 1
    return most is None or number > most


def _check_number(call: Call, function: Function, arguments: tuple[Node, ...]) -> None:
    found, most = len(arguments), function.most
    if found < function.least or (most is not None and found > most):
        expected = str(function.least) if function.least == most else f"{function.least} to {most}"
        if most is None:
            expected = f"at least {function.least}"
        if function.name == "FormatDateTime":
            expected = "3 or 4"
        start = arguments[most].start if most is not None and found > most else call.start
        raise ExpressionProblem(
            f"found {counted(found, 'argument')}, expected {expected or 'none'}: `{function.signature}`",
            start,
            call.end if start == call.start else arguments[-1].end,
        )
    if function.name == "Switch" and found % 2:
        raise ExpressionProblem(
            f"found {found} arguments, expected an even number, as each key has a value: `{function.signature}`",
            call.start,
            call.end,
        )
    for position in function.filled:
        if isinstance(arguments[position], Empty):
            raise _problem(
                call, f"found nothing for {function.parameters[position]}, expected a value: `{function.signature}`"
            )
