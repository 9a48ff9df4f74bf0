"""YAML text to plain values by YAML 1.2's core schema, straight from parser events: no constructor, no round trip.

Text stays text: a plain scalar is a number only if writing the number gives back the very same text, so `00123`, `1.10`
and `1e3` are text, as are `no`, `on` and dates. Duplicate keys, merge keys and foreign tags are problems; aliases and
depth are bounded. ruamel.yaml's C parser does the work; where it refuses (it wrongly refuses `[12:30]`) or is not
installed, the pure parser's verdict counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from reconciler.manifests.limits import MAX_ALIASED_NODES, MAX_DEPTH, MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.model import Value

Place = tuple[int, int]
Path = tuple[str | int, ...]

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG_PREFIX = "tag:yaml.org,2002:"
_TAGS = frozenset(f"{_TAG_PREFIX}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_TAGGED: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


class YamlProblem(Exception):
    """What is wrong with a YAML text, and where (line and column from 1)."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


class Block(dict[str, "Value"]):
    """A mapping that knows where it starts."""

    __slots__ = ("place",)
    place: Place


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value with an anchor: how many values it comes to and how many levels lie below its own (-1: a scalar)."""

    value: Value
    size: int = 1
    height: int = -1


@dataclass(slots=True)
class _Builder:
    """Builds values from events. `places`, if given, records where each key and each list item stands."""

    events: Iterator[Any]
    places: dict[Path, Place] | None = None
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)
    """None: the anchored value is being built."""
    nodes: int = 0
    deepest: int = 0
    aliased: int = 0

    def documents(self) -> list[Value]:
        found: list[Value] = []
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                self.anchors.clear()
                root = next(self.events)
                if self.places is not None:
                    self.places[len(found),] = _place(root)
                found.append(self.value(root, (len(found),), 0))
        return found

    def value(self, event: Any, path: Path, depth: int) -> Value:
        if type(event) is ScalarEvent:
            self.nodes += 1
            built: Value = read_scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = _Anchored(built)
            return built
        if type(event) is AliasEvent:
            return self._alias(event, depth)
        _check_depth(event, depth)
        _check_tag(event)
        return self._container(event, path, depth)

    def _container(self, event: Any, path: Path, depth: int) -> Value:
        before, outside = self.nodes, self.deepest
        self.nodes += 1
        self.deepest = depth
        if event.anchor:
            self.anchors[event.anchor] = None
        built = self._mapping(event, path, depth) if type(event) is MappingStartEvent else self._list(path, depth)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(built, self.nodes - before, self.deepest - depth)
        self.deepest = max(outside, self.deepest)
        return built

    def _mapping(self, start: Any, path: Path, depth: int) -> Value:
        block = Block()
        block.place = _place(start)
        key_places: dict[str, Place] = {}
        while type(event := next(self.events)) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                raise YamlProblem("a key must be text", _place(event))
            key = event.value
            if event.anchor:
                self.anchors[event.anchor] = _Anchored(key)
            if key in block:
                line = key_places.get(key, block.place)[0]
                raise YamlProblem(f"duplicate key `{key}`, first at line {line}", _place(event))
            if key == "<<" and not event.style:
                raise YamlProblem("merge keys (`<<`) are not YAML 1.2: use `defaults`", _place(event))
            if self.places is not None:
                key_places[key] = self.places[(*path, key)] = _place(event)
            block[key] = self.value(next(self.events), (*path, key) if self.places is not None else path, depth + 1)
        return block

    def _list(self, path: Path, depth: int) -> Value:
        items: list[Value] = []
        while type(event := next(self.events)) is not SequenceEndEvent:
            here = path
            if self.places is not None:
                here = (*path, len(items))
                self.places[here] = _place(event)
            items.append(self.value(event, here, depth + 1))
        return items

    def _alias(self, event: Any, depth: int) -> Value:
        if event.anchor not in self.anchors:
            raise YamlProblem(f"alias `*{event.anchor}` refers to nothing before it", _place(event))
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise YamlProblem(f"alias `*{event.anchor}` refers to the value that it is part of", _place(event))
        _check_depth(event, depth + anchored.height)
        self.deepest = max(self.deepest, depth + anchored.height)
        self.nodes += anchored.size
        self.aliased += anchored.size
        if self.aliased > MAX_ALIASED_NODES:
            raise YamlProblem(f"aliases expand to more than {MAX_ALIASED_NODES} values", _place(event))
        return anchored.value


def read_yaml(text: str) -> list[Value]:
    """The documents of a YAML text; mappings are `Block`s. Raises YamlProblem for the first thing that is wrong."""
    return _build(text, None)


def find_places(text: str) -> dict[Path, Place]:
    """Where each key and list item of a readable text stands: (document, key or index, ...) -> (line, column)."""
    places: dict[Path, Place] = {}
    _build(text, places)
    return places


def _build(text: str, places: dict[Path, Place] | None) -> list[Value]:
    try:
        return _Builder(fast_events(text), places).documents()
    except YamlProblem:
        if places is None:
            _build(text, {})  # the same verdict, with the first place of a duplicate key
        raise
    except YAMLError:
        if places is not None:
            places.clear()
    try:
        return _Builder(YAML(typ="safe", pure=True).parse(text), places).documents()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        raise YamlProblem(f"not YAML: {message}", (mark.line + 1, mark.column + 1) if mark else (1, 1)) from None
    except ReaderError as error:
        before = text[: error.position]
        message = f"character U+{ord(text[error.position]):04X} is not allowed: write it as an escape in double quotes"
        raise YamlProblem(message, (before.count("\n") + 1, len(before) - before.rfind("\n"))) from None
    except YAMLError as error:
        raise YamlProblem(f"not YAML: {str(error).splitlines()[0]}", (1, 1)) from None


def fast_events(text: str) -> Iterator[Any]:
    """The events of a YAML text by the quickest parser here. Raises YAMLError, also for some text that is YAML."""
    try:
        from _ruamel_yaml import CParser
    except ImportError:
        yield from YAML(typ="safe", pure=True).parse(text)
        return
    parser = CParser(text)
    while parser.check_event():
        yield parser.get_event()


def read_scalar(event: Any) -> Value:
    """What a scalar event's text means. Raises YamlProblem."""
    if event.style == '"' and _SURROGATE.search(event.value):
        event.value = _joined(event)
    if event.tag:
        return _tagged(event)
    return event.value if event.style else _plain(event.value)


def _joined(event: Any) -> str:
    """Text with its surrogate pairs, which JSON's escapes come in, as the characters that they mean."""
    try:
        return str(event.value.encode("utf-16", "surrogatepass").decode("utf-16"))
    except UnicodeDecodeError:
        message = "half a surrogate pair is no character: write both escapes, or the character"
        raise YamlProblem(message, _place(event)) from None


def _tagged(event: Any) -> Value:
    _check_tag(event)
    name = str(event.tag).removeprefix(_TAG_PREFIX)
    if name in ("str", "!"):
        return str(event.value)
    value: Value = event.value if event.style else _plain(event.value)
    if type(value) not in _TAGGED.get(name, ()):
        raise YamlProblem(f"`{event.value}` is no `!!{name}`", _place(event))
    return value


def _plain(text: str) -> Value:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if (first.isdigit() or first == "-") and _NUMBER.fullmatch(text):
        number: int | float = float(text) if "." in text else (int(text) if len(text) <= MAX_DIGITS else 0)
        return number if str(number) == text else text
    return text


def _check_tag(event: Any) -> None:
    tag = event.tag and str(event.tag)
    if tag and tag != "!" and tag not in _TAGS:
        raise YamlProblem(f"tag `{tag}` is not supported", _place(event))


def _check_depth(event: Any, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise YamlProblem(f"nested deeper than {MAX_DEPTH} levels", _place(event))


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
