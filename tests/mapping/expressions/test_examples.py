"""Every documented example gives what Microsoft's pages say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.mapping.expressions.date_texts import to_moment
from reconciler.mapping.expressions.inner import to_text
from reconciler.mapping.expressions.values import IGNORE, Ignore

if TYPE_CHECKING:
    from tests.mapping.expressions.conftest import Evaluate

LINES = (Path(__file__).parent / "examples.jsonl").read_text(encoding="utf-8").splitlines()
EXAMPLES = [pytest.param(example, id=example["id"]) for example in map(json.loads, LINES)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: dict[str, Any], evaluate: Evaluate) -> None:
    expected = IGNORE if example["expected"] == "$ignore" else example["expected"]
    now = to_moment(example.get("now", "1/1/2026"))
    value = evaluate(example["expression"], example["attributes"], now, example.get("taken", ()))
    if isinstance(expected, str) and not isinstance(value, Ignore):
        value = to_text(value)
    assert value == expected
