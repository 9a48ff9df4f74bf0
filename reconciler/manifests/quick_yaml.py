"""The documents of a YAML text by the quick parser. A list of records is parsed in parts, when it is asked for.

That keeps the peak of memory low, and tells where each record starts without a careful look at the text: at the first
line of each item. A list of another shape is the careful way's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifests.quick_values import MARK, Unsure, check, parse_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.model import Value
    from reconciler.manifests.yaml_reader import Place

RECORDS_AT_ONCE, BYTES_AT_ONCE = 200, 200_000
LIST_KINDS = ("Users", "Groups")
_ORDINARY = bytes(set(range(256)) - set(range(ord(" "))) - {ord(MARK)} | {ord("\n")})
_FOREIGN = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")
_FIRST_BYTES = bytes(set(range(256)) - set(b"\xc2\xe2\xef"))
"""All but those that begin what is foreign."""
_ANCHOR = re.compile(rb"(?:\n|[-:,\[{?]) *[&*]")
"""An anchor or an alias, as far as it stands where a value may begin; an alias always does."""
_COMPACT = re.compile(rb"- +- +- +-")
_WIDE = b" " * 80
"""Deep nesting in little space would overflow the parser's stack."""
_SEPARATOR = re.compile(rb"\n---(?![^ \n])( *(?: #[^\n]*)?(?=\n|\Z))?")
_KIND = re.compile(rb"\nkind: +[\"']?(?:Users|Groups)\b")
_LIST = re.compile(rb"\n(users|groups): *(?: #[^\n]*)?(?=\n)")
_BLANK = rb"(?:\n *(?:#[^\n]*)?(?=\n))*"
_FIRST_ITEM = re.compile(_BLANK + rb"(\n *)- +[^\s#]")
_CONTENT = re.compile(_BLANK + rb"\n *(?=[^\s#])")


class Document(NamedTuple):
    """A document, where it starts, and its list of records if that is still to be parsed."""

    value: Value
    place: Place
    records: Iterator[tuple[Value, Place]] | None = None


def read_quickly(data: bytes) -> list[Document]:
    """The documents of a file. Raises Unsure, also while the records of a document are parsed."""
    text = b"\n" + (data.replace(b"\r\n", b"\n") if b"\r" in data else data)  # so every line has its break before it
    if _is_odd(text):
        raise Unsure
    return [document for start, end in _split(text) if (document := _read_document(text, start, end))]


def _is_odd(text: bytes) -> bool:
    """Whether there is something in it that the parsers are known to read differently, or that could split it wrong."""
    return bool(
        text.translate(None, _ORDINARY)
        or b"\n..." in text
        or (b"%" in text and b"\n%" in text)
        or _WIDE in text
        or (not text.isascii() and text.translate(None, _FIRST_BYTES) and _FOREIGN.search(text))
        or _COMPACT.search(text)
        or ((b"&" in text or b"*" in text) and _ANCHOR.search(text))
        or (text[-1:] != b"\n" and (b"|" in text or b">" in text))
    )


def _split(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each document starts (at a line break) and ends (after one)."""
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if separator[1] is None:
            raise Unsure
        yield start, separator.start() + 1
        start = separator.end()
    yield start, len(text)


def _read_document(text: bytes, start: int, end: int) -> Document | None:
    content = _CONTENT.match(text, start, end)
    if content is None:
        return None
    place = text.count(b"\n", 0, content.end()), content.end() - text.rfind(b"\n", 0, content.end())
    found = _LIST.search(text, start, end) if _KIND.search(text, start, end) else None
    first = _FIRST_ITEM.match(text, found.end(), end) if found else None
    if not found or not first:
        value = parse_part(text[start:end], 0)
        if isinstance(value, dict) and value.get("kind") in LIST_KINDS:
            raise Unsure
        return Document(value, place)
    indentation = first[1]
    dedent = re.compile(
        rb"\n(?:[^ \n#-]|-[^ \n])" if indentation == b"\n" else rb"\n {0,%d}[^ \n#]" % (len(indentation) - 2)
    )
    after = dedent.search(text, first.end(), end)
    stop = after.start() + 1 if after else end
    value = parse_part(text[start : found.end() + 1] + text[stop:end], 0)
    key = found[1].decode()
    if not isinstance(value, dict) or value.get("kind") != key.capitalize() or value.get(key, ()) is not None:
        raise Unsure
    return Document(value, place, _read_records(text, indentation, first.start(1), stop))


def _read_records(text: bytes, indentation: bytes, start: int, stop: int) -> Iterator[tuple[Value, Place]]:
    items = re.compile(indentation + rb"- +(?=[^\s#])").finditer(text, start, stop)
    line, seen = 0, 0
    for batch, end in _batches(items, stop):
        for record, item in zip(_read_batch(text[batch[0].start() : end], batch), batch, strict=True):
            after_break = item.start() + 1
            line += text.count(b"\n", seen, after_break)
            seen = after_break
            yield record, (line, item.end() - item.start())


def _batches(items: Iterable[re.Match[bytes]], stop: int) -> Iterator[tuple[list[re.Match[bytes]], int]]:
    """The starts of some items at a time, and where the last of them ends."""
    batch: list[re.Match[bytes]] = []
    start = 0
    for item in items:
        if batch and (len(batch) == RECORDS_AT_ONCE or item.start() - start > BYTES_AT_ONCE):
            yield batch, item.start() + 1
            batch = []
        if not batch:
            start = item.start()
        batch.append(item)
    yield batch, stop


def _read_batch(part: bytes, items: list[re.Match[bytes]]) -> list[Value]:
    """The records of a part, which is a list by itself. If need be, the careful way reads it: it is quick to do so."""
    try:
        records = parse_part(part, 1)
    except Unsure:
        return _read_carefully(part, items)
    if not isinstance(records, list) or len(records) != len(items):
        raise Unsure
    return records


def _read_carefully(part: bytes, items: list[re.Match[bytes]]) -> list[Value]:
    from reconciler.manifests.yaml_reader import YamlProblem, read_yaml

    try:
        (records,) = read_yaml(part.decode())
    except (YamlProblem, ValueError):
        raise Unsure from None
    first = items[0].start()
    starts = [(part.count(b"\n", 0, each.start() - first + 1) + 1, each.end() - each.start()) for each in items]
    if not isinstance(records, list) or [getattr(each, "place", None) for each in records] != starts:
        raise Unsure
    check(records, 1)
    return records
