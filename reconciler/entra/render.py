"""Mapping documents as YAML text that reads back the same, whatever the names and values are."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.entra.draft import Draft, Note, Row

WIDTH = 116
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_$./@-]*( [A-Za-z0-9_$./@-]+)*")
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_$.-]*(:[A-Za-z0-9_$.-]+)*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def render_draft(draft: Draft) -> str:
    """One Mapping document, what is left out of it as comments."""
    return "\n".join([*_lines(draft), ""])


def quote(text: str, plain: re.Pattern[str] = _PLAIN) -> str:
    """Text as a YAML scalar: bare where every reader of YAML takes it for text, else in quotes."""
    if plain.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escape(each) for each in text) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def comment(text: str, indent: str = "") -> list[str]:
    """Text as comment lines; characters that could end a line or steer a terminal are escaped."""
    lines = wrap(visible(text), WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {'  ' if number else ''}{line}" for number, line in enumerate(lines)]


def visible(text: str) -> str:
    """Text on one line, with what is not printable escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _lines(draft: Draft) -> Iterator[str]:
    if reads := draft.reads():
        yield from comment(f"It reads {', '.join(reads)}")
    yield from _notes(draft.notes)
    yield "kind: Mapping"
    yield f"resource: {draft.resource.value}"
    yield "extends: none"
    yield f"match: [{', '.join(map(quote, draft.match))}]"
    yield "attributes:"
    for row in draft.rows:
        yield from _row(row)
    if draft.scope:
        yield "scope:"
    for each in draft.scope:
        yield f"  - name: {quote(each.name)}"
        yield "    clauses:"
        yield from (f"      - {_flow(clause.keys)}" for clause in each.clauses)


def _row(row: Row) -> Iterator[str]:
    yield from _notes(row.notes, "  ")
    if row.rule is None:
        if row.is_lost:
            yield f"  #   {visible(row.written)}"
        return
    rule = quote(row.rule) if isinstance(row.rule, str) else _flow(row.rule)
    yield f"  {quote(row.target, _PLAIN_KEY)}: {rule}"


def _notes(notes: Iterable[Note], indent: str = "") -> Iterator[str]:
    for note in notes:
        yield from comment(note.told(), indent)


def _flow(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {quote(value)}" for key, value in values.items()) + "}"
