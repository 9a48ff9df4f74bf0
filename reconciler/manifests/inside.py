"""Places inside a text that stands in a manifest: from offsets in its value to a line and column of the file.

The value and the YAML that it was written as are walked side by side, so that quotes, escapes, folded lines and
indentation count (YAML 1.2.2 §7.3, §8.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from reconciler.manifests.problems import Part
    from reconciler.manifests.yaml_reader import Place

_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^:\n]+?)\s*:(?:\s|(?:(?<=\s)\#[^\n]*))*""", re.DOTALL)
_BLOCK = re.compile(r"[|>][^\n]*\n")
_ESCAPE = re.compile(r"\\(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|.)", re.DOTALL)
_BLANK_ESCAPES = frozenset("\\" + each for each in "nrtvf \t_NLP\n\r")
_WIDTH = 72
_BEFORE = 40


class Inside(NamedTuple):
    """A place, and two lines that show it: a part of the value and a caret below."""

    place: Place
    excerpt: str


def find_inside(text: str, key: Place, part: Part) -> Inside:
    """Where a part of a value stands, which is written behind the key at this place in a YAML text."""
    value, span = part.text, (part.start, part.end)
    start = sum(len(line) for line in text.splitlines(keepends=True)[: key[0] - 1]) + key[1] - 1
    found = _KEY.match(text, start)
    position = _walk(text, found.end(), value, span[0]) if found else start
    before = text[:position]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Inside(place, excerpt(value, span))


def _walk(text: str, position: int, value: str, offset: int) -> int:
    """Where the YAML of a scalar that starts at `position` has the character at this offset of its value.

    Blanks are not counted: folding and indentation make some and take some away.
    """
    opening = text[position : position + 1]
    block = _BLOCK.match(text, position)
    if block:
        position = block.end()
    elif opening in ("'", '"'):
        position += 1
    for character in value[:offset]:
        if not character.isspace():
            position = _next(text, _skip(text, position, opening), opening)
    return position if value[offset : offset + 1].strip() == "" else _skip(text, position, opening)


def _skip(text: str, position: int, opening: str) -> int:
    """Behind the blanks at a position."""
    while position < len(text):
        end = _next(text, position, opening)
        if not _is_blank(text[position:end]):
            break
        position = end
    return position


def _next(text: str, position: int, opening: str) -> int:
    """Behind the one character, or the escape of one, at a position."""
    escape = _ESCAPE.match(text, position) if opening == '"' else None
    if escape:
        return escape.end()
    return position + (2 if opening == "'" and text.startswith("''", position) else 1)


def _is_blank(written: str) -> bool:
    escape = _ESCAPE.fullmatch(written)
    if escape and len(written) > 2:  # noqa: PLR2004 - a backslash and a letter
        return chr(int(escape["x"] or escape["u"] or escape["U"], 16)).isspace()
    return written.isspace() or written in _BLANK_ESCAPES


def excerpt(value: str, span: tuple[int, int]) -> str:
    """The part of the value around the span, on one line, and what marks the span."""
    flat = re.sub(r"\s", " ", value)
    first = max(0, min(span[0] - _BEFORE, len(flat) - _WIDTH))
    shown = flat[first : first + _WIDTH]
    marked = max(1, min(span[1], first + len(shown)) - span[0])
    return f"    {shown}\n    {' ' * (span[0] - first)}{'^' * marked}"
