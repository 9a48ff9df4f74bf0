"""Records as YAML in the style of hand-written manifests: block style, quotes only where a reader could be misled.

Whatever the values are, both of the project's readers read them back. Text that some reader of YAML, of 1.1 too, takes
for something else (`no`, `00123`, dates) is quoted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifests.files import to_visible
from reconciler.manifests.records import LIST_KEY
from reconciler.manifests.yaml_reader import YamlProblem, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.model import Attributes, ResourceType, Value

WIDTH = 116
_PLAIN = re.compile(r"[^\W\d_](?:[\w .,@/'()&+-]|:(?=[^\s]))*(?<! )")
_PLAIN_IN_FLOW = re.compile(r"[^\W\d_][\w .@/'()&+-]*(?<! )")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$.-]*")
_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_WIDEST_ESCAPES = ((0xFF, "\\x{:02x}"), (0xFFFF, "\\u{:04x}"), (0x10FFFF, "\\U{:08x}"))


class WrittenRecord(NamedTuple):
    """A record to be written: its attributes by the author's names, in their order, and what is to be said of it."""

    given: Attributes
    notes: tuple[str, ...] = ()


class WrittenFile(NamedTuple):
    """A list of records to be written, what they have in common, and what is to be said at the top."""

    header: str
    records: Sequence[WrittenRecord]
    defaults: Attributes


def render_records(resource: ResourceType, file: WrittenFile) -> str:
    """One `Users` or `Groups` document."""
    list_key = LIST_KEY[resource]
    lines = [comment(file.header), f"kind: {list_key.capitalize()}"]
    if file.defaults:
        lines += ["defaults:", *_entries(file.defaults, "  ")]
    lines.append(f"{list_key}:" if file.records else f"{list_key}: []")
    for number, record in enumerate(file.records):
        lines += [""] if number else []
        entries = list(_entries(record.given, "    "))
        lines += [f"  - {entries[0].removeprefix('    ')}", *entries[1:]]
        lines += [f"    {comment(note)}" for note in record.notes]
    return "\n".join([*lines, ""])


def reads_back(value: Value) -> bool:
    """Whether a list or map reads back as it is: manifests have no numbers of 19 digits or with an exponent.

    By itself such a number reads back as its text, which means the same.
    """
    if not isinstance(value, (list, dict)):
        return True
    parts = value.values() if isinstance(value, dict) else value
    if all(type(each) is str for each in parts):
        return True
    try:
        return read_yaml(f"value: {_flow(value)}") == [{"value": value}]
    except YamlProblem:
        return False


def comment(text: str) -> str:
    """A comment line; what is not printable is spelt out, so that it can neither end the line nor steer a terminal."""
    return f"# {to_visible(text)}".rstrip()


def render_scalar(value: Value, plain: re.Pattern[str] = _PLAIN) -> str:
    """Text, a number, a boolean or null, as it reads back; text that matches `plain` may be bare."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not isinstance(value, str) or (plain.fullmatch(text) and text.lower() not in _WORDS):
        return text
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return next(form for most, form in _WIDEST_ESCAPES if code <= most).format(code)


def _entries(values: Attributes, indent: str) -> Iterator[str]:
    for key, value in values.items():
        name = render_scalar(key, _NAME)
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:"
            yield from _entries(value, f"{indent}  ")
        elif isinstance(value, list) and not _fits(key, value, len(indent)):
            yield f"{indent}{name}:"
            yield from _items(value, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_flow(value) if isinstance(value, (list, dict)) else render_scalar(value)}"


def _fits(key: str, values: list[Value], indent: int) -> bool:
    """Whether a list goes onto its key's line. Members never do: who joins or leaves is a line of its own in git."""
    if not values:
        return True
    is_short = key != "members" and not any(isinstance(each, (list, dict)) for each in values)
    return is_short and indent + len(key) + len(_flow(values)) < WIDTH


def _items(values: Iterable[Value], indent: str) -> Iterator[str]:
    for each in values:
        if (
            isinstance(each, dict)
            and len(each) == 1
            and not any(isinstance(part, (list, dict)) for part in each.values())
        ):
            (entry,) = _entries(each, "")
            yield f"{indent}- {entry}"
        else:
            yield f"{indent}- {_flow(each) if isinstance(each, (list, dict)) else render_scalar(each)}"


def _flow(value: Value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        parts = (f"{render_scalar(key, _NAME)}: {_flow(each)}" for key, each in value.items())
        return f"{{{', '.join(parts)}}}"
    return render_scalar(value, _PLAIN_IN_FLOW)
