"""The shape of a `synchronizationSchema`, as far as it says how attributes are mapped.

From Microsoft Graph's resource pages (synchronizationSchema, synchronizationRule, objectMapping, attributeMapping,
attributeMappingSource, filter); keys that nothing here needs are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.entra.places import Entry, SchemaProblem, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

CUT_OFF = "an export by ConvertTo-Json is cut off below its third level unless it is given -Depth 20"


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where a value comes from: `type` is attribute, constant or function; `parameters` are a function's."""

    type: str
    name: str
    expression: str
    parameters: tuple[tuple[str, ValueSource | None], ...] = ()


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """One target attribute; a `priority` of 0 does not match."""

    line: int
    target: str
    source: ValueSource | None
    priority: int
    flow_type: str
    flow_behavior: str
    default: str


@dataclass(frozen=True, slots=True)
class ScopeClause:
    """A clause of a scoping filter."""

    line: int
    attribute: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeGroup:
    """Clauses that must all hold."""

    line: int
    name: str
    clauses: tuple[ScopeClause, ...]


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """How objects of one type are mapped.

    `several`: source attributes, in lower case, that hold several values or refer to other objects; `other_filters`:
    which filters there are besides scoping filters.
    """

    line: int
    name: str
    enabled: bool
    flow_types: frozenset[str]
    source_object: str
    target_object: str
    attributes: tuple[AttributeMapping, ...]
    groups: tuple[ScopeGroup, ...]
    other_filters: tuple[str, ...]
    several: frozenset[str]


@dataclass(frozen=True, slots=True)
class SynchronizationRule:
    """Object mappings from one directory to another."""

    line: int
    name: str
    target_directory: str
    mappings: tuple[ObjectMapping, ...]


def read_schema(data: bytes) -> tuple[SynchronizationRule, ...]:
    """The rules of a synchronizationSchema. Raises SchemaProblem with the place of what is not of its shape."""
    root = read_json(data)
    if not isinstance(root, Entry) or "synchronizationrules" not in root:
        raise SchemaProblem("no `synchronizationRules`: this is no synchronizationSchema")
    several = {
        (_text(directory, "name").lower(), _text(each, "name").lower()): _several(each)
        for directory in _entries(root, "directories")
        for each in _entries(directory, "objects")
    }
    return tuple(_rule(each, several) for each in _entries(root, "synchronizationRules"))


def _several(entry: Entry) -> frozenset[str]:
    return frozenset(
        _text(each, "name").lower()
        for each in _entries(entry, "attributes")
        if each.get("multivalued") is True or _text(each, "type").lower() == "reference"
    )


def _rule(entry: Entry, several: dict[tuple[str, str], frozenset[str]]) -> SynchronizationRule:
    source = _text(entry, "sourceDirectoryName").lower()
    mappings = tuple(
        _object_mapping(each, several.get((source, _text(each, "sourceObjectName").lower()), frozenset()))
        for each in _entries(entry, "objectMappings")
    )
    return SynchronizationRule(entry.line, _text(entry, "name"), _text(entry, "targetDirectoryName"), mappings)


def _object_mapping(entry: Entry, several: frozenset[str]) -> ObjectMapping:
    scope = _entry(entry, "scope") or Entry()
    return ObjectMapping(
        entry.line,
        _text(entry, "name"),
        entry.get("enabled") is not False,
        frozenset(each.strip().lower() for each in _text(entry, "flowTypes").split(",")),
        _text(entry, "sourceObjectName"),
        _text(entry, "targetObjectName"),
        tuple(map(_attribute_mapping, _entries(entry, "attributeMappings"))),
        tuple(map(_group, _entries(scope, "groups"))),
        tuple(each for each in ("inputFilterGroups", "categoryFilterGroups") if _list(scope, each)),
        several,
    )


def _attribute_mapping(entry: Entry) -> AttributeMapping:
    source = _entry(entry, "source")
    priority = entry.get("matchingpriority") or 0
    if not isinstance(priority, int):
        raise SchemaProblem(f"`matchingPriority`: expected a whole number, found {_kind(priority)}", entry.line)
    return AttributeMapping(
        entry.line,
        _text(entry, "targetAttributeName"),
        None if source is None else _source(source),
        priority,
        _text(entry, "flowType").lower(),
        _text(entry, "flowBehavior").lower(),
        _text(entry, "defaultValue"),
    )


def _source(entry: Entry) -> ValueSource:
    parameters = ((_text(each, "key"), _entry(each, "value")) for each in _entries(entry, "parameters"))
    return ValueSource(
        _text(entry, "type").lower(),
        _text(entry, "name"),
        _text(entry, "expression"),
        tuple((key, None if value is None else _source(value)) for key, value in parameters),
    )


def _group(entry: Entry) -> ScopeGroup:
    return ScopeGroup(entry.line, _text(entry, "name"), tuple(map(_clause, _entries(entry, "clauses"))))


def _clause(entry: Entry) -> ScopeClause:
    operand = _entry(entry, "targetOperand") or Entry()
    values = tuple(_scalar(each, "values", entry.line) for each in _list(operand, "values"))
    return ScopeClause(entry.line, _text(entry, "sourceOperandName"), _text(entry, "operatorName"), values)


def _list(entry: Entry, key: str) -> list[Any]:
    value = entry.get(key.lower())
    if value is None:
        return []
    if not isinstance(value, list):
        raise SchemaProblem(f"`{key}`: expected a list, found {_kind(value)}", entry.line)
    return value


def _entries(entry: Entry, key: str) -> Iterator[Entry]:
    for each in _list(entry, key):
        if not isinstance(each, Entry):
            raise SchemaProblem(f"`{key}`: expected objects, found {_kind(each)}; {CUT_OFF}", entry.line)
        yield each


def _entry(entry: Entry, key: str) -> Entry | None:
    value = entry.get(key.lower())
    if value is not None and not isinstance(value, Entry):
        raise SchemaProblem(f"`{key}`: expected an object, found {_kind(value)}; {CUT_OFF}", entry.line)
    return value


def _text(entry: Entry, key: str) -> str:
    return _scalar(entry.get(key.lower()), key, entry.line)


def _scalar(value: Any, key: str, line: int) -> str:
    """Text as it is, numbers and booleans by their text, "" for null."""
    if isinstance(value, (list, dict)):
        raise SchemaProblem(f"`{key}`: expected text, found {_kind(value)}", line)
    if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
        raise SchemaProblem(f"`{key}`: half of a surrogate pair is no text", line)
    return "" if value is None else str(value)


def _kind(value: Any) -> str:
    names = {str: "text", bool: "a boolean", list: "a list", Entry: "an object"}
    return names.get(type(value), "a number")
