"""Expressions to closures, made once and called for every record; what has no attribute in it is worked out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from reconciler.mapping.expressions.inner import Skipped, Unfit, handed_out
from reconciler.mapping.expressions.logic import COMPARISONS
from reconciler.mapping.expressions.registry import FUNCTIONS
from reconciler.mapping.expressions.special import BUILDERS
from reconciler.mapping.expressions.syntax import Attribute, Call, Comparison, Empty, Keyword, Literal
from reconciler.mapping.expressions.values import EvaluationProblem, Ignore, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.core.model import Value
    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.expressions.special import Run
    from reconciler.mapping.expressions.syntax import Expression, Node

    Evaluator: TypeAlias = Callable[[Mapping[str, Value], Surroundings], Value | Ignore]
    """Source attributes -> text, number, list or None, or what is ignored. Raises EvaluationProblem."""

    Observe: TypeAlias = Callable[[Node, Run], Run]

_NOWHERE = Surroundings(datetime(1601, 1, 1, tzinfo=UTC), "", "")


def compile_expression(expression: Expression) -> Evaluator:
    """What gives the expression's value for a record; of SelectUniqueValue, its first candidate."""
    return _evaluator(Compilation().run(folded(expression.node)))


def compile_candidates(expression: Expression) -> tuple[Evaluator, ...]:
    """What gives each candidate of SelectUniqueValue, in order; nothing for any other expression."""
    compilation = Compilation()
    return tuple(_evaluator(compilation.run(each)) for each in candidates(folded(expression.node)))


def candidates(node: Node) -> tuple[Node, ...]:
    """The candidates of SelectUniqueValue."""
    if not isinstance(node, Call) or node.name != "SelectUniqueValue":
        return ()
    return tuple(each for each in node.arguments if not isinstance(each, Empty))


def _evaluator(run: Run) -> Evaluator:
    def evaluate(attributes: Mapping[str, Value], surroundings: Surroundings) -> Value | Ignore:
        try:
            value = run(attributes, surroundings)
        except Skipped as skipped:
            return skipped.ignore
        return value if type(value) is str else handed_out(value)

    return evaluate


def folded(node: Node) -> Node:
    """The node with each part that has no attribute in it replaced by its value. Raises EvaluationProblem."""
    if isinstance(node, Comparison):
        return replace(node, left=folded(node.left), right=folded(node.right))
    if not isinstance(node, Call):
        return node
    call = replace(node, arguments=tuple([folded(each) for each in node.arguments]))
    is_constant = all(isinstance(each, (Literal, Empty)) for each in call.arguments)
    if not is_constant or not FUNCTIONS[call.name].is_pure or call.name == "SelectUniqueValue":
        return call
    return Literal(Compilation().run(call)({}, _NOWHERE), node.start, node.end)


class Compilation:
    """One expression's way from nodes to closures. `observe` may put something around each of them."""

    def __init__(self, observe: Observe | None = None) -> None:
        self._observe = observe
        self._calls = 0

    def run(self, node: Node) -> Run:
        """The node, made ready."""
        made = self._made(node)
        return self._observe(node, made) if self._observe else made

    def _made(self, node: Node) -> Run:
        if isinstance(node, Attribute):
            name = node.name
            return lambda attributes, _surroundings: attributes.get(name)
        if isinstance(node, Comparison):
            left, right = self.run(node.left), self.run(node.right)
            return _applied(COMPARISONS[node.operator], (left, right), f"`{node.operator}`", node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Keyword):
            return _skip(Ignore(node.word))
        value = node.value if isinstance(node, Literal) else None
        return lambda _attributes, _surroundings: value

    def _call(self, call: Call) -> Run:
        function = FUNCTIONS[call.name]
        if function.name == "SelectUniqueValue":
            return self.run(candidates(call)[0])
        if not function.is_pure:
            self._calls += 1
        number = self._calls
        runs = tuple([self.run(each) for each in call.arguments])
        if function.apply is not None:
            return _applied(function.apply, runs, call.name, call)
        return _guarded(BUILDERS[call.name](call.arguments, runs, number), call)


def _skip(ignore: Ignore) -> Run:
    def skip(_attributes: Mapping[str, Value], _surroundings: Surroundings) -> Inner:
        raise Skipped(ignore)

    return skip


def _guarded(run: Run, call: Call) -> Run:
    def guarded(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        try:
            return run(attributes, surroundings)
        except Unfit as problem:
            raise _located(problem, call.name, call) from None

    return guarded


def _located(problem: Unfit, name: str, node: Node) -> EvaluationProblem:
    return EvaluationProblem(f"{name}: {problem}", node.start, node.end)


def _applied(apply: Callable[..., Inner], runs: Sequence[Run], name: str, node: Node) -> Run:
    """A function of values, called with what its arguments come to; the usual numbers of them are written out."""
    if len(runs) == 1:
        return _of_one(apply, runs[0], name, node)
    if len(runs) == 2:  # noqa: PLR2004
        return _of_two(apply, runs[0], runs[1], name, node)

    def applied(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        try:
            return apply(*[run(attributes, surroundings) for run in runs])
        except Unfit as problem:
            raise _located(problem, name, node) from None

    return applied


def _of_one(apply: Callable[..., Inner], first: Run, name: str, node: Node) -> Run:
    def applied(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        try:
            return apply(first(attributes, surroundings))
        except Unfit as problem:
            raise _located(problem, name, node) from None

    return applied


def _of_two(apply: Callable[..., Inner], first: Run, second: Run, name: str, node: Node) -> Run:
    def applied(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        try:
            return apply(first(attributes, surroundings), second(attributes, surroundings))
        except Unfit as problem:
            raise _located(problem, name, node) from None

    return applied
