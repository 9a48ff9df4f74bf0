"""Functions of texts. Positions count characters from 1."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from reconciler.core.suggest import did_you_mean
from reconciler.mapping.expressions.inner import (
    Unfit,
    check_length,
    for_each,
    is_null,
    shown,
    to_text,
    to_texts,
    to_whole,
)

if TYPE_CHECKING:
    from reconciler.mapping.expressions.inner import Inner

TEXT_COMPARE = "vbTextCompare"
BINARY_COMPARE = "vbBinaryCompare"


_append_to_each = for_each(lambda text, suffix: text + suffix)
_prepend_to_each = for_each(lambda text, prefix: prefix + text)


def append(source: Inner, suffix: Inner) -> Inner:
    """The source with the suffix behind it."""
    if isinstance(source, list) and source:
        return _append_to_each(source, to_text(suffix))
    return None if is_null(source) and is_null(suffix) else to_text(source) + to_text(suffix)


def prepend(prefix: Inner, source: Inner) -> Inner:
    """The source with the prefix before it."""
    if isinstance(source, list) and source:
        return _prepend_to_each(source, to_text(prefix))
    return append(prefix, source)


def _left(text: str, count: Inner) -> str:
    number = to_whole(count)
    return text if number < 0 else text[:number]


_left_of_each = for_each(_left)


def left(source: Inner, count: Inner) -> Inner:
    """The first characters; all where the count is negative."""
    return "" if is_null(source) else _left_of_each(source, count)


def to_start(value: Inner) -> int:
    """A position from 1."""
    start = to_whole(value)
    if start < 1:
        raise Unfit(f"expected a position from 1 on, found {shown(value)}")
    return start


def to_length(value: Inner) -> int:
    """A number of characters."""
    length = to_whole(value)
    if length < 0:
        raise Unfit(f"expected a number from 0 on, found {shown(value)}")
    return length


def _mid(text: str, start: Inner, length: Inner) -> str:
    first = to_start(start) - 1
    return text[first : first + to_length(length)]


mid = for_each(_mid)


def length_of(source: Inner) -> Inner:
    """The number of characters."""
    return len(to_text(source))


def to_comparison(value: Inner) -> str:
    """One of VBA's two ways to compare texts; as in VBA, 0 and 1 stand for them."""
    text = to_text(value)
    known = {BINARY_COMPARE.lower(): BINARY_COMPARE, "0": BINARY_COMPARE, "": BINARY_COMPARE}
    known |= {TEXT_COMPARE.lower(): TEXT_COMPARE, "1": TEXT_COMPARE}
    if text.lower() not in known:
        near = did_you_mean(text, (BINARY_COMPARE, TEXT_COMPARE))
        raise Unfit(f"expected {BINARY_COMPARE} or {TEXT_COMPARE}, found {shown(value)}{near}")
    return known[text.lower()]


def position_in(source: Inner, wanted: Inner, start: Inner = None, compare: Inner = None) -> Inner:
    """Where the wanted text is first found, 0 where it is not."""
    text, part = to_text(source), to_text(wanted)
    first = 1 if is_null(start) else to_start(start)
    if to_comparison(compare) == TEXT_COMPARE:
        text, part = _without_case(text), _without_case(part)
    return 0 if first > len(text) else text.find(part, first - 1) + 1


def _without_case(text: str) -> str:
    return text.lower() if text.isascii() else "".join(_lower(each) for each in text)


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


def word(source: Inner, number: Inner, delimiters: Inner) -> Inner:
    """The word of this number; each of the delimiters separates words, several in a row once."""
    wanted = to_whole(number)
    text, separators = to_text(source), to_text(delimiters)
    for each in separators:
        text = text.replace(each, separators[0])
    words = [each for each in text.split(separators[0]) if each] if separators else [text]
    return words[wanted - 1] if 1 <= wanted <= len(words) else ""


def to_delimiter(value: Inner) -> str:
    """A text that is not empty."""
    text = to_text(value)
    if not text:
        raise Unfit("expected a character to split at, found an empty text")
    return text


def split(source: Inner, delimiter: Inner) -> Inner:
    """The parts, without blanks around them and without empty ones."""
    separator = to_delimiter(delimiter)
    parts = [part.strip() for text in to_texts(source) for part in text.split(separator)]
    return [part for part in parts if part] or None


def _stripped(text: str) -> str:
    return text.replace(" ", "")


def _base64(text: str) -> str:
    check_length(2 * len(text))
    return b64encode(text.encode("utf-16-le", "surrogatepass")).decode("ascii")


def _hexadecimal(text: str) -> str:
    check_length(2 * len(text))
    return text.encode("utf-8", "surrogatepass").hex().upper()


strip_spaces = for_each(_stripped)
convert_to_base64 = for_each(_base64)
convert_to_utf8_hex = for_each(_hexadecimal)
as_text = for_each(str)
