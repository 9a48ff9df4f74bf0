"""A mapping the other way round: what an author would have to write for a live resource to be what it is.

Only direct rules can be reversed; what they leave over is told with each record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.normalise import fold, is_empty
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER, parse_path
from reconciler.core.schema import ATTRIBUTES, KEY_ATTRIBUTE, AttributeKind
from reconciler.mapping.rules import ENABLED, SOFT_DELETED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Attributes, Live, Value
    from reconciler.mapping.rules import Mapping, Rule

    Item = dict[str, Value]

MAIN_TYPE = "work"
"""The type whose value is taken for the primary one where nothing says so."""


class Reversed(NamedTuple):
    """A record's attributes in the author's names, and the paths of what 4me has that no direct rule says."""

    given: Attributes
    left_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Values:
    """The rules for one multi-valued attribute: type -> part -> the author's name, and the name of the whole."""

    by_type: dict[str, dict[str, str]]
    whole: str | None
    subs: tuple[str, ...]

    def reverse(self, value: Value) -> tuple[Attributes, bool]:
        """What an author writes for these values, and whether that is all that there is to say."""
        items = [_known_part(each, self.subs) for each in (value if isinstance(value, list) else [value])]
        types = [fold(item.get("type")) for item in items]
        distinct = len(set(types)) == len(types)
        said = distinct and all(
            self._says(item, kind, alone=len(items) == 1) for item, kind in zip(items, types, strict=True)
        )
        if not said and self.whole:
            return {self.whole: _short(items)}, True
        parts = [(self.by_type.get(kind, {}), item) for item, kind in zip(items, types, strict=True)]
        return {name: item.get(sub) for names, item in parts for sub, name in names.items()}, said

    def _says(self, item: Item, kind: str, *, alone: bool) -> bool:
        """Whether the rules for its type say all of a value, `primary` where anybody would guess it."""
        if item.get("primary") is True and not alone and kind != MAIN_TYPE:
            return False
        needed = {sub for sub, value in item.items() if not is_empty(value)} - {"type", "primary"}
        return bool(needed) and needed <= self.by_type.get(kind, {}).keys()


class Reverser:
    """Turns live resources of one type into records."""

    def __init__(self, mapping: Mapping) -> None:
        key = KEY_ATTRIBUTE[mapping.resource]
        sources = {rule.target: rule.source for rule in mapping.rules if rule.source is not None}
        self._sources = dict(sorted(sources.items(), key=lambda each: each[0] != key))  # what it is called comes first
        self._names = list(dict.fromkeys(self._sources.values()))
        self._values = _multi_valued(mapping, self._sources)
        self._wholes = [
            f"{target}{':' if target == CUSTOM_FIELDS else '.'}"
            for target in self._sources
            if _is_whole(mapping, target)
        ]
        self._inactive = self._sources.get("active", ENABLED if SOFT_DELETED in mapping.sources() else None)
        self.names_key = key in self._sources
        """Whether a record can say what it is called."""

    @property
    def says_inactive(self) -> bool:
        """Whether a record can say that it is inactive."""
        return self._inactive is not None

    def source(self, target: str) -> str | None:
        """The author's name for what a direct rule writes to this target."""
        return self._sources.get(target)

    def reverse(self, live: Live, manager: str | None = None) -> Reversed:
        """The record of a live resource; `manager`: how its manager is called, None to leave him out."""
        found: Attributes = {}
        left_over: list[str] = []
        for path, value in live.attributes.items():
            if is_empty(value) or path == "active" or path.startswith("meta."):
                continue
            if not self._take(path, manager if path == MANAGER else value, found):
                left_over.append(path)
        if not live.active and self._inactive:
            found[self._inactive] = False
        ordered = {name: found[name] for name in (*self._names, *found) if name in found}
        return Reversed({name: value for name, value in ordered.items() if not is_empty(value)}, tuple(left_over))

    def _take(self, path: str, value: Value, found: Attributes) -> bool:
        """Put a live value into the record under construction; whether there is a name for all of it."""
        if path in self._values:
            given, whole = self._values[path].reverse(value)
            for name, each in given.items():
                found.setdefault(name, each)
            return whole
        if path in self._sources:
            found.setdefault(self._sources[path], value)
            return True
        for prefix in self._wholes:
            if path.startswith(prefix):
                parts = found.setdefault(self._sources[prefix[:-1]], {})
                if isinstance(parts, dict):
                    parts[path.removeprefix(prefix)] = value
                return True
        return False


def irreversible(mapping: Mapping) -> tuple[Rule, ...]:
    """The rules whose value is not that of one attribute of the record."""
    return tuple(rule for rule in mapping.rules if rule.source is None and not rule.only_empty)


def _is_whole(mapping: Mapping, target: str) -> bool:
    """Whether a target takes a map that comes to several attributes."""
    schema = ATTRIBUTES[mapping.resource].get(target)
    return target == CUSTOM_FIELDS or (schema is not None and schema.kind is AttributeKind.COMPLEX)


def _multi_valued(mapping: Mapping, sources: dict[str, str]) -> dict[str, _Values]:
    found: dict[str, _Values] = {}
    for target, name in sources.items():
        path = parse_path(target)
        schema = ATTRIBUTES[mapping.resource].get(path.attribute)
        if schema is None or schema.kind is not AttributeKind.MULTI_VALUED:
            continue
        rules = found.setdefault(path.attribute, _Values({}, sources.get(path.attribute), schema.subs))
        if path.by == "type":
            rules.by_type.setdefault(fold(path.value), {})[path.sub] = name
    return found


def _known_part(value: Value, subs: Iterable[str]) -> Item:
    """A value with the parts that can be declared; a service may tell others, such as `$ref`."""
    if not isinstance(value, dict):
        return {"value": value}
    return {sub: value[sub] for sub in subs if not is_empty(value.get(sub))}


def _short(items: Sequence[Item]) -> Value:
    """Values that are nothing but text are written as such."""
    if all(item.keys() == {"value"} for item in items):
        return [item["value"] for item in items]
    return list(items)
