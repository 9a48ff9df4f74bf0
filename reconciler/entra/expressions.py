"""Expressions rebuilt from a function's `parameters`, where an export has no `expression`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.entra.schema import ValueSource


class Unbuildable(Exception):
    """Why no expression can be made of a source."""


class _Signature(NamedTuple):
    """Parameter keys in their order; what `repeated` names comes any number of times, at the end."""

    keys: tuple[str, ...]
    repeated: str = ""


_SIGNATURES = {
    "append": _Signature(("source", "suffix")),
    "prepend": _Signature(("prefix", "source")),
    "formatdatetime": _Signature(("source", "dateTimeStyles", "inputFormat", "outputFormat")),
    "join": _Signature(("separator",), "source"),
    "mid": _Signature(("source", "start", "length")),
    "replace": _Signature(
        (
            "source",
            "Find",
            "RegularExpression",
            "RegularExpressionGroupName",
            "Replacement",
            "ReplacementPropertyName",
            "Template",
        )
    ),
    "split": _Signature(("source", "delimiter")),
    "switch": _Signature(("source", "defaultValue"), "switchValue"),
}
"""From the function list of Microsoft Graph; all others take their parameters in the order of the export."""


def write_expression(source: ValueSource | None) -> str:
    """The expression that a source stands for; nothing for none. Raises Unbuildable."""
    if source is None:
        return ""
    if source.expression.strip():
        return source.expression.strip()
    if source.type == "constant":
        return quote_text(source.name)
    if not source.name:
        raise Unbuildable("it has neither an expression nor a name")
    if source.type == "attribute":
        return f"[{source.name}]"
    return f"{source.name}({', '.join(_arguments(source))})"


def quote_text(text: str) -> str:
    """Text as a string of the expression language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_text(literal: str) -> str | None:
    """The text of a string of the expression language, or None where it is none."""
    found = re.fullmatch(r'\s*"((?:[^"\\]|\\.)*)"\s*', literal, re.DOTALL)
    return re.sub(r'\\(["\\])', r"\1", found[1]) if found else None


def _arguments(source: ValueSource) -> Iterator[str]:
    signature = _SIGNATURES.get(source.name.lower())
    if signature is None:
        yield from (write_expression(value) for _, value in source.parameters)
        return
    given: dict[str, list[str]] = {key.lower(): [] for key in (*signature.keys, signature.repeated)}
    for key, value in source.parameters:
        name = key.lower() if key.lower() in given else key.lower().rstrip("0123456789")
        if not name or name not in given:
            raise Unbuildable(f"{source.name} has no parameter `{key}`")
        given[name].append(write_expression(value))
    if source.name.lower() == "formatdatetime" and not given["datetimestyles"]:
        del given["datetimestyles"]  # the form of three arguments
    repeated = given.pop(signature.repeated.lower())
    for key, values in given.items():
        if len(values) > 1:
            raise Unbuildable(f"{source.name} has `{key}` {len(values)} times")
        yield "".join(values)
    yield from repeated
