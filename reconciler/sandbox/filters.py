"""Filters as 4me documents them, and no others: parsed here, answered by SQL.

Comparisons with `eq`, `ne`, `lt`, `gt`, joined by `and` and `or` (`and` binds tighter), values in double quotes.
No grouping, no `not`, no `pr`, `sw`, `co`, `ge`, `le`. The same parser reads the value filters of PATCH paths
(RFC 7644 §3.5.2), where `true` and `false` stand unquoted too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.sandbox.messages import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_FILTER = 500
"""Comparisons in one filter: a protection of the sandbox, well above what fits 4me's pages."""

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z$][\w.$:-]*)')
_OPERATORS = {"eq": "=", "ne": "IS NOT", "lt": "<", "gt": ">"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute operator value`, the operator in lower case."""

    attribute: str
    operator: str
    value: str | bool


Filter = tuple[tuple[Comparison, ...], ...]
"""An `or` of `and`s: all that can be said without grouping."""

Parameter = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """Where an attribute is stored and how a filter's value is turned into what is stored there."""

    name: str
    read: Callable[[str], Parameter]
    ordered: bool = True


def _read_boolean(value: str) -> int:
    match value.lower():
        case "true":
            return 1
        case "false":
            return 0
    raise ValueError(value)


def _read_instant(value: str) -> int:
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


_SHARED = {
    "externalid": Column("external_key", str.casefold),
    "meta.lastmodified": Column("modified", _read_instant),
    "meta.created": Column("created", _read_instant),
}
COLUMNS = {
    "User": {
        "username": Column("name_key", str.casefold),
        "active": Column("active", _read_boolean, ordered=False),
        **_SHARED,
    },
    "Group": {"displayname": Column("name_key", str.casefold), **_SHARED},
}


def parse_filter(text: str) -> Filter:
    """Parse the comparisons of a filter; anything undocumented is refused with 400 and `invalidFilter`."""
    tokens = _split(text)
    if len(tokens) % 4 != 3:  # noqa: PLR2004 - a comparison has three words, and a word stands between two
        raise _invalid(text, 'expected comparisons such as userName eq "ann@example.com", joined by and/or')
    if len(tokens) > 4 * LONGEST_FILTER:
        raise _invalid(text[:80], f"more than {LONGEST_FILTER} comparisons")
    alternatives: list[list[Comparison]] = [[]]
    for start in range(0, len(tokens), 4):
        if start and _joins(tokens[start - 1], text) == "or":
            alternatives.append([])
        alternatives[-1].append(_comparison(tokens[start : start + 3], text))
    return tuple(map(tuple, alternatives))


def compile_filter(filter_: Filter, kind: str) -> tuple[str, tuple[Parameter, ...]]:
    """Compile to an SQL condition and its parameters; 400 for what resources of `kind` cannot be filtered by."""
    conditions: list[str] = []
    parameters: list[Parameter] = []
    for alternative in filter_:
        terms = [_compile(comparison, kind) for comparison in alternative]
        conditions.append(" AND ".join(condition for condition, _ in terms))
        parameters.extend(parameter for _, parameter in terms)
    return " OR ".join(f"({condition})" for condition in conditions), tuple(parameters)


def _split(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    trimmed = text.rstrip()
    while position < len(trimmed):
        found = _TOKEN.match(trimmed, position)
        if found is None:
            raise _invalid(text, f"cannot read {trimmed[position : position + 20]!r}")
        tokens.append(found[1])
        position = found.end()
    return tokens


def _joins(word: str, text: str) -> str:
    if word.lower() not in {"and", "or"}:
        raise _invalid(text, f"expected and/or, found {word!r}")
    return word.lower()


def _comparison(tokens: list[str], text: str) -> Comparison:
    attribute, operator, value = tokens
    if attribute.startswith('"'):
        raise _invalid(text, f"expected an attribute, found {attribute}")
    if operator.lower() not in _OPERATORS:
        raise _invalid(text, f"the operator {operator} is not supported, only {', '.join(_OPERATORS)} are")
    if value.lower() in {"true", "false"}:
        return Comparison(attribute, operator.lower(), value.lower() == "true")
    if not value.startswith('"'):
        raise _invalid(text, f"the value {value} must be in double quotes")
    try:
        return Comparison(attribute, operator.lower(), json.loads(value))
    except ValueError:
        raise _invalid(text, f"cannot read the text {value}") from None


def _compile(comparison: Comparison, kind: str) -> tuple[str, Parameter]:
    column = COLUMNS[kind].get(comparison.attribute.lower())
    shown = f"{comparison.attribute} {comparison.operator} {json.dumps(comparison.value)}"
    if column is None:
        raise _invalid(shown, f"{kind}s cannot be filtered by {comparison.attribute}")
    if isinstance(comparison.value, bool):
        raise _invalid(shown, "the value must be in double quotes")
    if not column.ordered and comparison.operator in {"lt", "gt"}:
        raise _invalid(shown, f"{comparison.attribute} has no order")
    try:
        parameter = column.read(comparison.value)
    except ValueError:
        raise _invalid(shown, f"{json.dumps(comparison.value)} is not a value of {comparison.attribute}") from None
    return f"{column.name} {_OPERATORS[comparison.operator]} ?", parameter


def _invalid(text: str, reason: str) -> Exception:
    return bad_request(f"invalid filter {text!r}: {reason}", scim_type="invalidFilter")
