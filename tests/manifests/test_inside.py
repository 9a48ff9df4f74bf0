"""A place in a value is found in the YAML that it was written as, in every style."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    PlainScalarString,
    SingleQuotedScalarString,
)

from reconciler.manifests.inside import find_inside
from reconciler.manifests.problems import Part
from reconciler.manifests.yaml_reader import find_places, read_yaml

WORDS = st.lists(st.text("abcXYZ'\"\\[](),&#:{}é", min_size=1, max_size=12), min_size=1, max_size=12)
ONE_LINE = (PlainScalarString, SingleQuotedScalarString, DoubleQuotedScalarString)
BLOCKS = (LiteralScalarString, FoldedScalarString)


def write(value: str) -> str:
    yaml, text = YAML(), StringIO()
    yaml.width = 30
    yaml.dump({"a": 1, "map": {"key": value}}, text)
    return text.getvalue()


def character_at(text: str, place: tuple[int, int]) -> str:
    return text.splitlines()[place[0] - 1][place[1] - 1]


def check(text: str) -> None:
    document = read_yaml(text)[0]
    assert isinstance(document, dict)
    inner = document["map"]
    assert isinstance(inner, dict)
    value = inner["key"]
    assert isinstance(value, str)
    place = find_places(text)[0, "map", "key"]
    for index, character in enumerate(value):
        if character not in ' \n"\\':  # these may be written as escapes, or as folds of lines
            assert character_at(text, find_inside(text, place, Part(value, index, index + 1)).place) == character


@given(words=WORDS, style=st.sampled_from(ONE_LINE))
def test_in_quotes_and_without(words: list[str], style: type[str]) -> None:
    check(write(style(" ".join(words))))


@given(lines=st.lists(WORDS, min_size=1, max_size=4), style=st.sampled_from(BLOCKS))
def test_in_blocks(lines: list[list[str]], style: type[str]) -> None:
    check(write(style("\n".join(" ".join(words) for words in lines) + "\n")))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('map: {key: "a\\u0062c\\x64 \\\n   e f"}\n', "abcd e f"),
        ("map:\n  key: >-\n\n    a b\n    c d\n  next: 1\n", "\na b c d"),
        ("map:\n  key: |2\n      a\n    b\n", "    a\n  b\n"),
        ("map:\n  key: 'a\n\n    b ''c'''\n", "a\nb 'c'"),
        ("map:\n  'key':   # a comment\n\n    a b\n      c\n", "a b c"),
        ('map: {"key" : [a]}\n'.replace("[a]", "abc"), "abc"),
        ("map:\r\n  key: >-\r\n    a b\r\n    c d\r\n", "a b c d"),
    ],
)
def test_in_other_ways_to_write(text: str, value: str) -> None:
    place = find_places(text)[0, "map", "key"]
    for index, character in enumerate(value):
        if character.isalpha() and f"\\u{ord(character):04x}" not in text and f"\\x{ord(character):02x}" not in text:
            assert character_at(text, find_inside(text, place, Part(value, index, index + 1)).place) == character


def test_the_excerpt_marks_the_part() -> None:
    value = "x" * 100 + "WRONG" + "y" * 100
    first, second = find_inside(f"key: {value}", (1, 1), Part(value, 100, 105)).excerpt.splitlines()
    assert first[second.index("^") : second.rindex("^") + 1] == "WRONG"
    assert len(first) == 76


def test_the_end_is_marked_too() -> None:
    first, second = find_inside("key: Left(", (1, 1), Part("Left(", 5, 5)).excerpt.splitlines()
    assert (first, second) == ("    Left(", "         ^")
