"""SCIM filters (RFC 7644 §3.4.2.2): parsed, evaluated over resources, and built for look-ups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.core.normalise import fold, instant, is_empty, same
from reconciler.core.paths import CORE_GROUP, CORE_USER
from reconciler.core.schema import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Attributes, Value

_CORE = tuple(f"{urn}:".lower() for urn in (CORE_USER, CORE_GROUP))
_KNOWN = {
    name.lower(): path for schema in ATTRIBUTES.values() for path in schema for name in (path, path.rpartition(":")[2])
} | {f"meta.{name.lower()}": f"meta.{name}" for name in ("created", "lastModified")}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute operator value`; operator `pr` has no value."""

    attribute: str
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`attribute[filter]`: some value of a multi-valued attribute passes the filter."""

    attribute: str
    inner: Filter


@dataclass(frozen=True, slots=True)
class Logical:
    """`and`, `or` or `not` of other filters."""

    operator: str
    terms: tuple[Filter, ...]


Filter = Comparison | ValuePath | Logical


def parse_filter(text: str) -> Filter:
    """The filter. Raises ValueError that says where it goes wrong, and what was expected there."""
    from reconciler.scim.filter_parser import parse

    return parse(text)


def matches(wanted: Filter, attributes: Attributes) -> bool:
    """Whether a resource passes the filter. Text compares without case, times as instants, "True" as true."""
    if isinstance(wanted, Logical):
        return _matches_all_or_any(wanted, attributes)
    values = _values(wanted.attribute, attributes)
    if isinstance(wanted, ValuePath):
        return any(isinstance(each, dict) and matches(wanted.inner, each) for each in values)
    if wanted.operator == "pr":
        return any(not is_empty(each) for each in (*values, *_parts(wanted.attribute, attributes)))
    if wanted.operator == "ne":
        return not matches(Comparison(wanted.attribute, "eq", wanted.value), attributes)
    if wanted.operator == "eq" and is_empty(wanted.value):
        return all(is_empty(each) for each in values)
    return any(_compare(wanted.operator, _plain(each), wanted.value) for each in values)


def _matches_all_or_any(wanted: Logical, attributes: Attributes) -> bool:
    results = (matches(term, attributes) for term in wanted.terms)
    if wanted.operator == "not":
        return not any(results)
    return all(results) if wanted.operator == "and" else any(results)


def _values(name: str, attributes: Attributes) -> Sequence[Value]:
    """All values at an attribute path; also those of one part of a multi-valued attribute (`emails.type`)."""
    value = _find(_path(name), attributes)
    if isinstance(value, list):
        return value
    if value is not None:
        return [value]
    attribute, _, sub = name.rpartition(".")
    whole = _find(_path(attribute), attributes)
    if isinstance(whole, list):
        return [_find(sub, item) for item in whole if isinstance(item, dict)]
    return [whole] if whole is not None and sub.lower() == "value" else []


def _parts(name: str, attributes: Attributes) -> Sequence[Value]:
    """The parts of a complex attribute, such as those of `name`."""
    whole = f"{_path(name)}.".lower()
    return [value for path, value in attributes.items() if path.lower().startswith(whole)]


@lru_cache(maxsize=1024)
def _path(name: str) -> str:
    """An attribute's path as it is written here: names have no case, core and enterprise ones may be short."""
    short = name
    for prefix in _CORE:
        short = short[len(prefix) :] if short.lower().startswith(prefix) else short
    return _KNOWN.get(short.lower(), short)


def _find(path: str, attributes: Attributes) -> Value:
    if path in attributes:
        return attributes[path]
    if path.lower() in _KNOWN:
        return None
    wanted = path.lower()
    return next((value for name, value in attributes.items() if name.lower() == wanted), None)


def _plain(value: Value) -> Value:
    return value.get("value") if isinstance(value, dict) else value


def _compare(operator: str, value: Value, wanted: Value) -> bool:
    if is_empty(value):
        return False
    if operator == "eq":
        return _numeric(value, wanted) == 0 if isinstance(wanted, float) else same(value, wanted)
    have, want = fold(value), fold(wanted)
    if operator in ("co", "sw", "ew"):
        return {"co": want in have, "sw": have.startswith(want), "ew": have.endswith(want)}[operator]
    order = _order(value, wanted)
    return {"gt": order > 0, "ge": order >= 0, "lt": order < 0, "le": order <= 0}[operator]


def _order(value: Value, wanted: Value) -> float:
    if isinstance(wanted, float):
        return _numeric(value, wanted)
    one, other = instant(str(value)), instant(str(wanted))
    if one and other:
        return (one - other).total_seconds()
    have, want = fold(value), fold(wanted)
    return (have > want) - (have < want)


def _numeric(value: Value, wanted: float) -> float:
    try:
        return float(str(value)) - wanted
    except ValueError:
        return float("nan")


def equals_any(pairs: Iterable[tuple[str, str]]) -> str:
    """`userName eq "a" or externalId eq "b"`, quoted as JSON strings are."""
    return " or ".join(f"{attribute} eq {json.dumps(value, ensure_ascii=False)}" for attribute, value in pairs)
