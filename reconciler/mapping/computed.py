"""A rule with an expression, made ready to be applied to very many records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from reconciler.core.normalise import is_empty
from reconciler.mapping.expressions.compiler import compile_candidates, compile_expression
from reconciler.mapping.expressions.values import IGNORE, EvaluationProblem, Ignore
from reconciler.mapping.values import ValueProblem

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.expressions.compiler import Evaluator
    from reconciler.mapping.expressions.values import Surroundings
    from reconciler.mapping.rules import Rule
    from reconciler.mapping.targets import Converter

KEYED = frozenset(("Guid", "RandomString"))
"""Functions whose value is derived from the record's key."""


class _Left(Enum):
    LEFT = "left"


LEFT: Final = _Left.LEFT
"""The attribute is not managed for this record."""
Left: TypeAlias = Literal[_Left.LEFT]


@dataclass(frozen=True, slots=True)
class Computed:
    """One rule. `choose` gives the values of which the first free one is to be chosen, where there are several."""

    rule: Rule
    reads: frozenset[str]
    evaluate: Evaluator
    choose: tuple[Evaluator, ...]
    convert: Converter
    surroundings: Surroundings
    is_keyed: bool

    def value(self, given: Attributes, key: str) -> Value | Left:
        """What it comes to for a record that `key` tells from others. Raises ValueProblem.

        LEFT where the expression says so, and where it gives nothing for a record that has none of the attributes
        that it reads.
        """
        return self._run(self.evaluate, given, key)

    def choices(self, given: Attributes, key: str) -> tuple[str, ...]:
        """The values to choose from, each once. Raises ValueProblem."""
        values = [self._run(each, given, key) for each in self.choose]
        return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))

    def _run(self, evaluate: Evaluator, given: Attributes, key: str) -> Value | Left:
        surroundings = replace(self.surroundings, key=key) if self.is_keyed else self.surroundings
        try:
            value = evaluate(given, surroundings)
        except EvaluationProblem as problem:
            raise ValueProblem(self._told(problem)) from None
        if isinstance(value, Ignore):
            if value is IGNORE:
                return LEFT
            raise ValueProblem("IgnoreObjectFlow is not for rules: say in `scope` which records are meant")
        if is_empty(value):
            if self.rule.default is None:
                return None if self.reads.intersection(given) or not self.reads else LEFT
            value = self.rule.default
        return self.convert(value)

    def _told(self, problem: EvaluationProblem) -> str:
        text = self.rule.expression.text if self.rule.expression else ""
        part = text[problem.start : problem.end]
        return f"{problem}, in `{part}`" if part else str(problem)


def compile_rule(rule: Rule, convert: Converter, surroundings: Surroundings) -> Computed:
    """A rule that has an expression, made ready; `convert` makes its value that of the target."""
    expression = rule.expression
    if expression is None:
        raise TypeError(rule)
    return Computed(
        rule,
        rule.reads(),
        compile_expression(expression),
        compile_candidates(expression),
        convert,
        replace(surroundings, target=rule.target),
        is_keyed=not KEYED.isdisjoint(expression.functions),
    )
