"""Evaluating an expression in a line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.mapping.expressions.compiler import compile_candidates, compile_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.values import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.core.model import Value
    from reconciler.mapping.expressions.values import Ignore

    Evaluate = Callable[..., Value | Ignore]

NOW = datetime(2025, 7, 30, 9, 5, 7, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    def evaluated(
        text: str,
        attributes: Mapping[str, Value] | None = None,
        now: datetime = NOW,
        taken: Sequence[str] = (),
    ) -> Value | Ignore:
        expression = parse_expression(text)
        surroundings = Surroundings(now, "jane@example.com", "nickName", "example.com")
        values = [each(attributes or {}, surroundings) for each in compile_candidates(expression)]
        if not values:
            return compile_expression(expression)(attributes or {}, surroundings)
        return next(value for value in values if value not in taken)

    return evaluated
