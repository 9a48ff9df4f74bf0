"""One record value to one SCIM value, checked against what 4me documents (RFC 7643 §2.3, §4.1.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.core.normalise import as_boolean, is_empty
from reconciler.core.suggest import did_you_mean

if TYPE_CHECKING:
    from reconciler.core.model import Value
    from reconciler.core.schema import AttributeSchema

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)*")


class ValueProblem(Exception):
    """A value that cannot be mapped. `path`: where inside the value; `also`: what else is wrong with it."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path
        self.also: list[ValueProblem] = []


def to_text(value: Value) -> str | None:
    """Text of a text or number; None where there is no value."""
    if type(value) is str:
        return value or None
    if is_empty(value):
        return None
    if isinstance(value, bool):
        raise ValueProblem(f"expected text, found {str(value).lower()}; quote it if it is meant as text")
    if isinstance(value, (list, dict)):
        raise ValueProblem(f"expected text, found a {'list' if isinstance(value, list) else 'map'}")
    return str(value)


def to_boolean(value: Value) -> bool | None:
    """A boolean, also one written as text."""
    if isinstance(value, bool):
        return value
    if is_empty(value):
        return None
    converted = as_boolean(value)
    if not isinstance(converted, bool):
        raise ValueProblem("expected true or false")
    return converted


def to_email(value: Value) -> str | None:
    """Text that has the form of an e-mail address."""
    text = to_text(value)
    if text is not None and not _EMAIL.fullmatch(text):
        raise ValueProblem(f"`{text}` is not an e-mail address")
    return text


def to_values(name: str, value: Value, schema: AttributeSchema) -> Value:
    """The list of objects that a multi-valued attribute is. Texts stand for `{value: text}`."""
    if is_empty(value):
        return None
    values = value if isinstance(value, list) else [value]
    items, problems = [], []
    for index, each in enumerate(values):
        try:
            items.append(_item(name, each, schema, index))
        except ValueProblem as problem:
            problems.append(problem)
    if problems:
        problems[0].also = problems[1:]
        raise problems[0]
    primaries = [index for index, item in enumerate(items) if item.get("primary") is True]
    if len(primaries) > 1:
        raise ValueProblem("at most one value can be primary", primaries[1], "primary")
    return list(items)


def _item(name: str, value: Value, schema: AttributeSchema, index: int) -> dict[str, Value]:
    try:
        if not isinstance(value, dict):
            return {"value": to_email(value) if name == "emails" else to_text(value)}
        return {sub: _sub(name, sub, each, schema) for sub, each in value.items()}
    except ValueProblem as problem:
        raise ValueProblem(str(problem), index, *problem.path) from None


def _sub(name: str, sub: str, value: Value, schema: AttributeSchema) -> Value:
    if sub not in schema.subs:
        raise ValueProblem(f"unknown key `{sub}` in `{name}`{did_you_mean(sub, schema.subs)}", sub)
    try:
        if sub == "primary":
            return to_boolean(value)
        if sub == "type":
            return to_type(name, value, schema)
        return to_email(value) if name == "emails" and sub == "value" else to_text(value)
    except ValueProblem as problem:
        raise ValueProblem(str(problem), sub) from None


def to_type(name: str, value: Value, schema: AttributeSchema) -> str | None:
    """A `type` that 4me documents for this attribute, in its spelling."""
    text = to_text(value)
    if text is None or not schema.types:
        return text
    if text.lower() not in schema.types:
        known = ", ".join(schema.types)
        raise ValueProblem(f"`{text}` is no type of `{name}` in 4me: {known}{did_you_mean(text, schema.types)}")
    return text.lower()
