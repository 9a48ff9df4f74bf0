"""Arguments that are constants: what would go wrong with every record is refused before there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.suggest import did_you_mean
from reconciler.mapping.expressions import replacing
from reconciler.mapping.expressions.inner import Unfit
from reconciler.mapping.expressions.registry import FUNCTIONS
from reconciler.mapping.expressions.syntax import Empty, ExpressionProblem, Literal
from reconciler.mapping.patterns import PatternProblem, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.mapping.expressions.syntax import Call, Node


def check_constants(text: str, call: Call) -> None:
    """Try what converts them at the time of evaluation. Raises ExpressionProblem at the argument."""
    for position, convert in FUNCTIONS[call.name].constants.items():
        argument = call.arguments[position] if position < len(call.arguments) else None
        if not isinstance(argument, Literal):
            continue
        try:
            convert(argument.value)
        except Unfit as problem:
            start, end = argument.start, argument.end
            if (call.name, position) == ("Replace", replacing.PATTERN):
                start = _place_in_pattern(text, argument)
            raise ExpressionProblem(f"{call.name}: {problem}", start, end) from None
    if call.name == "Replace":
        _check_replace(call)


def _place_in_pattern(text: str, argument: Literal) -> int:
    """Where in the text of the expression a pattern goes wrong: its escapes are longer there."""
    position = 0
    try:
        compile_pattern(str(argument.value))
    except PatternProblem as problem:
        position = problem.position
    place = argument.start + 1
    for _ in range(position):
        place += 2 if text[place : place + 2] in {"\\\\", '\\"'} else 1
    return min(place, argument.end - 1)


def _check_replace(call: Call) -> None:
    given = _given(call.arguments)
    if given not in replacing.MODES:
        names = FUNCTIONS["Replace"].parameters
        found = ", ".join(names[position] for position in sorted(given)) or "nothing"
        raise ExpressionProblem(f"found {found} beside the source, expected {replacing.EXPECTED}", call.start, call.end)
    if replacing.GROUP in given:
        pattern, group = call.arguments[replacing.PATTERN], call.arguments[replacing.GROUP]
        if isinstance(pattern, Literal) and isinstance(group, Literal):
            _check_group(str(pattern.value), group)


def _given(arguments: Iterable[Node]) -> frozenset[int]:
    return frozenset(place for place, each in enumerate(arguments) if place and not isinstance(each, Empty))


def _check_group(pattern: str, group: Literal) -> None:
    compiled = compile_pattern(pattern)
    if not compiled.has_group(str(group.value)):
        near = did_you_mean(str(group.value), compiled.group_names)
        raise ExpressionProblem(f"Replace: the pattern has no group `{group.value}`{near}", group.start, group.end)
