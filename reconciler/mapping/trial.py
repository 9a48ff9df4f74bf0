"""One expression tried out on one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.normalise import fold
from reconciler.mapping.expressions.compiler import compile_candidates, compile_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.tracing import trace

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.expressions.syntax import Remark
    from reconciler.mapping.expressions.tracing import Step
    from reconciler.mapping.expressions.values import Ignore, Surroundings


class Trial(NamedTuple):
    """What an expression gives, by which steps, and what is odd about it."""

    value: Value | Ignore
    steps: tuple[Step, ...]
    warnings: tuple[Remark, ...]


def try_expression(text: str, given: Attributes, surroundings: Surroundings, taken: Collection[str]) -> Trial:
    """What an expression gives for a record; `taken` are values that SelectUniqueValue may not choose.

    Raises ExpressionProblem and EvaluationProblem.
    """
    expression = parse_expression(text)
    steps = trace(expression, given, surroundings)
    choices = [evaluate(given, surroundings) for evaluate in compile_candidates(expression)]
    if not choices:
        return Trial(compile_expression(expression)(given, surroundings), steps, expression.warnings)
    folded = {fold(each) for each in taken}
    free = (each for each in choices if isinstance(each, str) and fold(each) not in folded)
    return Trial(next(free, None), steps, expression.warnings)
