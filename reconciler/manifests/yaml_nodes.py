"""Records in a YAML text with the places of all their parts, so that one part can be changed and all else stays.

Places are offsets into the text, in characters. Only the records asked for are built; of the rest of the text, anchors
and aliases are noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from reconciler.manifests.yaml_reader import fast_events, read_scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reconciler.core.model import Value
    from reconciler.manifests.yaml_reader import Place

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the text. `start` is after its anchor and tag, which begin at `first`; `end` is after its last part.

    `style` is the quote or block indicator of text. Of an alias, `anchor` is the name that it refers to, and `value` a
    scalar, or `{"*": name}` for anything else.
    """

    kind: Literal["scalar", "alias", "map", "list"]
    first: int
    start: int
    end: int
    anchor: str | None = None
    style: str = ""
    value: Value = None
    flow: bool = False
    entries: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()

    def find(self, key: str) -> Node | None:
        """The value of a key of a map."""
        return next((value for name, value in self.entries if name.value == key), None)


@dataclass(frozen=True, slots=True)
class Mention:
    """An anchor or an alias in the text."""

    name: str
    start: int
    end: int
    is_alias: bool


@dataclass(slots=True)
class Records:
    """The maps that start at places asked for, and all anchors and aliases, in their order."""

    found: dict[Place, Node] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)


def find_records(text: str, places: Collection[Place]) -> Records:
    """The maps that start at these places (line and column from 1) of a text that can be read."""
    try:
        return _Finder(text, fast_events(text), places).find()
    except YAMLError:
        return _Finder(text, YAML(typ="safe", pure=True).parse(text), places).find()


class _Finder:
    def __init__(self, text: str, events: Iterator[Any], places: Collection[Place]) -> None:
        self._text, self._events, self._places = text, events, places
        self._records = Records()
        self._scalars: dict[str, Value] = {}
        """What aliases of scalars mean, here."""

    def find(self) -> Records:
        for event in self._events:
            if type(event) is MappingStartEvent:
                place = event.start_mark.line + 1, event.start_mark.column + 1
                if place in self._places:
                    self._records.found[place] = self._build(event)
                    continue
            self._note(event)
        return self._records

    def _note(self, event: Any) -> None:
        name = getattr(event, "anchor", None)
        if name:
            start = event.start_mark.index
            is_alias = type(event) is AliasEvent
            if type(event) is ScalarEvent:
                self._scalars[name] = read_scalar(event)
            elif not is_alias:
                self._scalars.pop(name, None)
            self._records.mentions.append(Mention(name, start, start + len(name) + 1, is_alias))

    def _build(self, event: Any) -> Node:
        self._note(event)
        first, end = event.start_mark.index, event.end_mark.index
        if type(event) is AliasEvent:
            value = self._scalars.get(event.anchor, {"*": event.anchor})
            return Node("alias", first, first, first + len(event.anchor) + 1, event.anchor, value=value)
        start = _PROPERTIES.match(self._text, first).end() if event.anchor or event.tag else first  # type: ignore[union-attr]
        if type(event) is ScalarEvent:
            if event.style in ("|", ">"):
                end = first + len(self._text[first:end].rstrip(" \r\n"))
            style = event.style or ""
            return Node("scalar", first, min(start, end), end, event.anchor, style, read_scalar(event))
        return self._collection(event, first, start)

    def _collection(self, event: CollectionStartEvent, first: int, start: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        items: list[Node] = []
        is_map = type(event) is MappingStartEvent
        while type(inner := next(self._events)) not in (MappingEndEvent, SequenceEndEvent):
            node = self._build(inner)
            if is_map:
                entries.append((node, self._build(next(self._events))))
            else:
                items.append(node)
        last = items[-1] if items else entries[-1][1] if entries else None
        flow = bool(event.flow_style)
        end = inner.end_mark.index if flow or last is None else last.end
        return Node(
            "map" if is_map else "list", first, start, end, event.anchor, flow=flow,
            entries=tuple(entries), items=tuple(items),
        )  # fmt: skip
