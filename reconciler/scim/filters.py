"""SCIM filters (RFC 7644 §3.4.2.2): parsed, evaluated over resources, and built for look-ups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput

from reconciler.core.normalise import fold, instant, is_empty, same
from reconciler.core.paths import ENTERPRISE
from reconciler.core.schema import USER_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Attributes, Value

_SHORT = {path.rpartition(":")[2].lower(): path for path in USER_ATTRIBUTES if path.startswith(ENTERPRISE)}


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


class _Builder(Transformer[Token, Any]):
    def text(self, items: list[Token]) -> str:
        return str(json.loads(items[0]))

    def number(self, items: list[Token]) -> float:
        return float(items[0])

    def true(self, _items: list[Token]) -> bool:
        return True

    def false(self, _items: list[Token]) -> bool:
        return False

    def null(self, _items: list[Token]) -> None:
        return None

    def comparison(self, items: list[Any]) -> Comparison:
        return Comparison(str(items[0]), str(items[1]).lower(), items[2])

    def present(self, items: list[Any]) -> Comparison:
        return Comparison(str(items[0]), "pr")

    def value_path(self, items: list[Any]) -> ValuePath:
        return ValuePath(str(items[0]), items[1])

    def negation(self, items: list[Any]) -> Logical:
        return Logical("not", tuple(items))

    def conjunction(self, items: list[Any]) -> Logical:
        return Logical("and", tuple(items))

    def disjunction(self, items: list[Any]) -> Logical:
        return Logical("or", tuple(items))


@cache
def _parser() -> Lark:
    grammar = files("reconciler.scim").joinpath("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder())


def parse_filter(text: str) -> Filter:
    """The filter. Raises ValueError that says where it goes wrong."""
    try:
        parsed: Filter = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        column = error.column if error.column > 0 else len(text) + 1
        found = (
            repr(text[column - 1 : column + 9])
            if isinstance(error, UnexpectedCharacters)
            else "the end or a wrong word"
        )
        message = f"not a SCIM filter: `{text}`, column {column}: unexpected {found}"
        raise ValueError(message) from None
    return parsed


def matches(wanted: Filter, attributes: Attributes) -> bool:
    """Whether a resource passes the filter. Text compares without case, times as instants, "True" as true."""
    if isinstance(wanted, Logical):
        if wanted.operator == "not":
            return not matches(wanted.terms[0], attributes)
        results = (matches(term, attributes) for term in wanted.terms)
        return all(results) if wanted.operator == "and" else any(results)
    values = _values(wanted.attribute, attributes)
    if isinstance(wanted, ValuePath):
        return any(isinstance(each, dict) and matches(wanted.inner, each) for each in values)
    if wanted.operator == "ne":
        return not any(_compare("eq", _plain(each), wanted.value) for each in values or [None])
    if wanted.operator == "eq" and wanted.value is None:
        return all(is_empty(each) for each in values)
    return any(_compare(wanted.operator, _plain(each), wanted.value) for each in values)


def _values(name: str, attributes: Attributes) -> Sequence[Value]:
    value = _find(name, attributes)
    if value is None and "." in name and not name.lower().startswith("urn:"):
        attribute, _, sub = name.partition(".")
        items = _find(attribute, attributes)
        return [_find(sub, item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _find(name: str, attributes: Attributes) -> Value:
    if name in attributes:
        return attributes[name]
    wanted = name.lower()
    for candidate in (wanted, _SHORT.get(wanted, "").lower()):
        for path, value in attributes.items():
            if candidate and (
                path.lower() == candidate or f"urn:ietf:params:scim:schemas:core:2.0:user:{path}".lower() == candidate
            ):
                return value
    return None


def _plain(value: Value) -> Value:
    return value.get("value") if isinstance(value, dict) else value


def _compare(operator: str, value: Value, wanted: Value) -> bool:
    if operator == "pr":
        return not is_empty(value)
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
