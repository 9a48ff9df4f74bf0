"""What an expression did for one record, step by step."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from reconciler.mapping.expressions.compiler import Compilation, candidates
from reconciler.mapping.expressions.inner import Skipped, handed_out
from reconciler.mapping.expressions.syntax import Call, Comparison, Empty, Keyword, Literal
from reconciler.mapping.expressions.values import EvaluationProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.core.model import Value
    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.expressions.special import Run
    from reconciler.mapping.expressions.syntax import Expression, Node
    from reconciler.mapping.expressions.values import Ignore, Surroundings

REDACTED = "[Redact]"


class Step(NamedTuple):
    """One part of an expression that was evaluated: how deep it lies, its text, what it came to or why to nothing."""

    depth: int
    text: str
    value: Value | Ignore = None
    problem: str | None = None


def trace(expression: Expression, attributes: Mapping[str, Value], surroundings: Surroundings) -> tuple[Step, ...]:
    """Each part that was really evaluated, the whole first, then its parts, deeper by one; constants are left out.

    Of SelectUniqueValue, every candidate. Values that pass through Redact are shown as `[Redact]`.
    """
    recorder = _Recorder(expression)
    compilation = Compilation(recorder.observe)
    rivals = candidates(expression.node)
    if not rivals:
        _end(compilation.run(expression.node), attributes, surroundings)
        return tuple(recorder.steps)
    first = recorder.observe(expression.node, compilation.run(rivals[0]))
    _end(first, attributes, surroundings)
    recorder.depth = 1
    for each in rivals[1:]:
        _end(compilation.run(each), attributes, surroundings)
    return tuple(recorder.steps)


def _end(run: Run, attributes: Mapping[str, Value], surroundings: Surroundings) -> None:
    """Let it run to whatever its end is; the recorder has seen it."""
    with suppress(EvaluationProblem, Skipped):
        run(attributes, surroundings)


class _Recorder:
    def __init__(self, expression: Expression) -> None:
        self.steps: list[Step] = []
        self.depth = 0
        self._text = expression.text
        self._secret = list(_redacted(expression.node))

    def observe(self, node: Node, run: Run) -> Run:
        if isinstance(node, (Literal, Empty, Keyword)):
            return run

        def observed(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
            place = len(self.steps)
            self.steps.append(Step(self.depth, self._text[node.start : node.end]))
            self.depth += 1
            try:
                value = run(attributes, surroundings)
                self.steps[place] = self.steps[place]._replace(value=self._shown(node, value))
            except Skipped as skipped:
                self.steps[place] = self.steps[place]._replace(value=skipped.ignore)
                raise
            except EvaluationProblem as problem:
                is_own = (problem.start, problem.end) == (node.start, node.end)
                message = str(problem) if is_own else "a part of it cannot be evaluated"
                self.steps[place] = self.steps[place]._replace(problem=message)
                raise
            finally:
                self.depth -= 1
            return value

        return observed

    def _shown(self, node: Node, value: Inner) -> Value:
        if any(start < node.end and node.start < end for start, end in self._secret):
            return REDACTED
        return handed_out(value)


def _redacted(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, Comparison):
        yield from _redacted(node.left)
        yield from _redacted(node.right)
    elif isinstance(node, Call):
        if node.name == "Redact":
            yield node.start, node.end
        for each in node.arguments:
            yield from _redacted(each)
