"""YAML 1.2, and text that stays text; the quick and the careful parser read the same."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.manifests import yaml_reader
from reconciler.manifests.yaml_reader import read_yaml

if TYPE_CHECKING:
    from reconciler.core.model import Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00123", "00123"),
        ("123", 123),
        ("-5", -5),
        ("-0", "-0"),
        ("1.5", 1.5),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1234567890123456789012", "1234567890123456789012"),
        ("no", "no"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("'~'", "~"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("2026-11-01", "2026-11-01"),
        ("12:30", "12:30"),
        ("[12:30, http://x/y]", ["12:30", "http://x/y"]),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("*x", "a"),
    ],
)
def test_scalars(text: str, value: Value) -> None:
    assert read_yaml(f"x: &x a\ny: {text}\n") == [{"x": "a", "y": value}]


def test_documents_and_marks() -> None:
    assert read_yaml("a: 1\n---\n- b\n---\n") == [{"a": 1}, ["b"], None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_both_parsers_read_the_same(value: object) -> None:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump({"value": value}, stream)
    text = stream.getvalue()
    careful = yaml_reader._Builder(YAML(typ="safe", pure=True).parse(text)).documents()
    assert read_yaml(text) == careful
