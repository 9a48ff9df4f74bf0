"""A part of a YAML text to its value by a Rust parser (yaml-rs), wherever it reads what `yaml_reader` reads.

Raises Unsure for all else: what the two could read differently, what is wrong, and where the parser is not installed.
The careful way, `yaml_reader`, then decides; so nothing here says what is wrong.

The parser takes `00123` for 123. So a mark, a character that no YAML text may contain, goes before each token that
looks like a number but is text to the careful way. To the parser a mark is a character like any other: it makes the
token text and changes nothing else. It is taken out of all texts afterwards.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.manifests.limits import MAX_DEPTH

try:
    from yaml_rs import YAMLDecodeError, loads
except ImportError:  # there is no wheel for this machine
    loads = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.model import Value

MARK = "\x7f"
_PLAIN = frozenset((str, bool, int, float, type(None)))
_ESCAPED = re.compile(rb"\\(?:(?:x|u00|U000000)7[fF]|(?:u|U0000)[dD][89a-fA-F])")
"""A mark, or half a surrogate pair."""
_TAG = re.compile(rb"(?:\n|[-:,\[{?]) *[!?]")
"""A tag or a complex key, as far as it stands where a value may begin."""
_MERGE = re.compile(rb"<<\s*[:,}]")

_NO_FLOW = bytes(set(range(256)) - set(b"\n[]{}:,"))
_SHORT_LISTS = re.compile(rb"(?:[:,\n]*\n:?\[,*\](?=\n|\Z))*[:,\n]*")
"""Lines of which some are a flow list of plain values, with a key before it or without: most flow collections are."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"\n[]{}"))
_FLAT_FLOW = re.compile(rb"(?:\n++|\[(?:\{\}|\[\])*\]|\{(?:\{\}|\[\])*\})*+")
_ALIKE = bytes.maketrans(b"{]}", b"[,,")
_ODD_PAIRS = (b":,", b"[:", b",:", b"::")
"""What a match of the next pattern begins with, alike and blanks aside, where it has no `|` or `>`: quicker to find."""
_ODD_FLOW = re.compile(rb":[,\]}]|[\[{,] *:|: +:|[\[{,:] *[|>](?![-+0-9]* *(?: #[^\n]*)?\n)")
_BLOCK_TEXT = re.compile(rb"\n([ -]*)[^\n]*[|>][-+0-9]* *(?: #[^\n]*)?\n( *)(?=[^ ]|\Z)")

_CLASSES = {
    "s": " \n[{,", "e": "]}'\"", "c": ":", "0": "0", "1": "123456789", "m": "-", "d": "+._", "i": "iInN"
}  # fmt: skip
_CLASS_OF = {ord(each): ord(name) for name, members in _CLASSES.items() for each in members}
_TO_CLASS = bytes(_CLASS_OF.get(byte, ord("x")) for byte in range(256))
_LIKE_A_NUMBER = re.compile(
    rb"s(?=[01md][^s])"  # says the same as the next line of nearly all places, and sooner
    rb"(?=[md]*[01]|[md]+i)"
    rb"(?!(?:0|1[01]{0,17}|m1[01]{0,16})(?:[se]|\Z))"
)
_AFTER_QUOTED_KEY = re.compile(rb"ec[01md]")
_WHOLE = re.compile(rb"[^\s\[{,\]}'\"]+(?:(?<=:) | *(?:[\n\[{,\]}'\"#]|\Z))")
"""A token that a key or a value may consist of: more text after a blank, as in `+31 20`, makes it text by itself."""
_BEFORE_VALUES, _BLANK = b"\n:-[{,", ord(" ")
_DECIMAL = re.compile(rb"-?[0-9]+\.[0-9]+(?=[\s\[{,\]}'\"]|\Z)")


class Unsure(Exception):
    """Only the careful way can tell."""


def parse_part(part: bytes, depth: int) -> Value:
    """The value that whole lines of a text are; it lies at this depth in its document. Raises Unsure."""
    if loads is None or _is_odd(part):
        raise Unsure
    marked = _mark(part)
    try:
        value: Value = loads(marked.decode(), parse_datetime=False)  # type: ignore[assignment]
    except (YAMLDecodeError, UnicodeDecodeError):
        raise Unsure from None
    if len(marked) > len(part):
        return restore(value, depth)
    check(value, depth)
    return value


def _is_odd(part: bytes) -> bool:
    """Whether there is something in it that the parsers are known to read differently."""
    if (b"\\" in part and _ESCAPED.search(part)) or (b"<" in part and _MERGE.search(part)):
        return True
    if (b"!" in part or b"?" in part) and _TAG.search(part):
        return True
    has_blocks = b"|" in part or b">" in part
    if (b"[" in part or b"{" in part) and (has_blocks or not _SHORT_LISTS.fullmatch(part.translate(None, _NO_FLOW))):
        dense = part.translate(_ALIKE, b" ")
        may_be_odd = has_blocks or any(pair in dense for pair in _ODD_PAIRS)
        if may_be_odd and _ODD_FLOW.search(part):
            return True
        if not _FLAT_FLOW.fullmatch(part.translate(None, _NO_BRACKETS)):
            return True
    return has_blocks and any(
        len(text[2]) <= len(text[1]) or part[text.end() : text.end() + 1] == b"\n"
        for text in _BLOCK_TEXT.finditer(part)
    )


def _mark(part: bytes) -> bytes:
    classes = part.translate(_TO_CLASS)
    if _AFTER_QUOTED_KEY.search(classes):
        raise Unsure
    starts = [found.end() for found in _LIKE_A_NUMBER.finditer(classes)]
    return MARK.encode().join(_pieces(part, starts)) if starts else part


def _pieces(part: bytes, starts: list[int]) -> Iterator[bytes]:
    """The part, cut before each token that looks like a number and is text."""
    seen = 0
    for start in starts:
        if _stands_alone(part, start):
            decimal = _DECIMAL.match(part, start)
            if not decimal or str(float(decimal[0])).encode() != decimal[0]:
                yield part[seen:start]
                seen = start
    yield part[seen:]


def _stands_alone(part: bytes, start: int) -> bool:
    before = start - 1
    while before > 0 and part[before] == _BLANK:
        before -= 1
    return part[before] in _BEFORE_VALUES and _WHOLE.match(part, start) is not None


def check(value: Value, depth: int) -> None:
    """Raises Unsure for depths and keys that no manifest has."""
    if isinstance(value, dict):
        _check_keys(value)
        parts: Iterable[Value] = value.values()
    elif isinstance(value, list):
        parts = value
    else:
        return
    if depth >= MAX_DEPTH:
        raise Unsure
    for each in parts:
        if each.__class__ not in _PLAIN:
            check(each, depth + 1)


def restore(value: Value, depth: int) -> Value:
    """The value, changed in place, without marks. Raises Unsure as `check` does."""
    if isinstance(value, dict):
        value = _with_text_keys(value)
        entries: Iterable[tuple[Any, Value]] = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    else:
        return value.replace(MARK, "") if isinstance(value, str) else value
    if depth >= MAX_DEPTH:
        raise Unsure
    places: Any = value
    touched = [key for key, each in entries if each.__class__ not in _PLAIN or (each.__class__ is str and MARK in each)]
    for key in touched:
        places[key] = restore(places[key], depth + 1)
    return value


def _check_keys(value: dict[str, Value]) -> str:
    """All keys in a row. Raises Unsure where one is no text."""
    try:
        return "".join(value)
    except TypeError:
        raise Unsure from None


def _with_text_keys(value: dict[str, Value]) -> dict[str, Value]:
    if MARK not in _check_keys(value):
        return value
    restored = {key.replace(MARK, ""): each for key, each in value.items()}
    if len(restored) < len(value):
        raise Unsure
    return restored
