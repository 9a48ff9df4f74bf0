"""The page about functions is true: each is there with its signature, and every example gives its result."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.mapping.expressions.compiler import compile_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.registry import FUNCTIONS
from reconciler.mapping.expressions.values import IGNORE, Surroundings

PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Functions\n")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| `(\w+\(.*?\))` \| (.+?) \| (.+) \|$", SECTION, re.MULTILINE)
EXAMPLES = re.findall(r"`([^`]+)` → `([^`]+)`", SECTION)
RECORD = json.loads(re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)[0])


def test_every_function_has_its_row() -> None:
    assert [signature for signature, _, _ in ROWS] == [function.signature for function in FUNCTIONS.values()]
    for signature, _, examples in ROWS:
        assert f"{signature.partition('(')[0]}(" in examples


@pytest.mark.parametrize(("expression", "result"), EXAMPLES)
def test_an_example_gives_its_result(expression: str, result: str) -> None:
    expected: Any = IGNORE if result == "not written" else json.loads(result)
    surroundings = Surroundings(datetime(2025, 7, 30, 9, 5, 7, tzinfo=UTC), "jose", "nickName", "example.com")
    parsed = parse_expression(expression)
    assert compile_expression(parsed)(RECORD, surroundings) == expected
    assert parsed.warnings == ()


def test_there_are_as_many_examples_as_arrows() -> None:
    assert len(EXAMPLES) == SECTION.count("` → `")
    assert len(EXAMPLES) > len(FUNCTIONS)
