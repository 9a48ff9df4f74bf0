"""A value at a target path: one attribute, or several where the target is a complex attribute or all custom fields."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeAlias

from reconciler.core.normalise import is_empty
from reconciler.core.paths import CUSTOM_FIELDS, parse_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind, AttributeSchema
from reconciler.core.suggest import did_you_mean
from reconciler.mapping.values import ValueProblem, to_boolean, to_email, to_text, to_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.model import Attributes, ResourceType, Value
    from reconciler.core.paths import AttributePath

_FIELD_ID = re.compile(r"[\w$.-]+")
Converter: TypeAlias = "Callable[[Value], Value]"
Zones: TypeAlias = "Callable[[], frozenset[str]]"
"""The IANA time zones known; only asked for where a record has one, since a machine is slow to list them."""


def map_value(resource: ResourceType, target: str, value: Value, zones: Zones) -> Attributes:
    """The attributes that `value` comes to at a target path. Raises ValueProblem."""
    if target == CUSTOM_FIELDS:
        return _custom_fields(value)
    convert = find_converter(resource, target, zones)
    if convert is None:
        path = parse_path(target)
        return _parts(path, value, ATTRIBUTES[resource][path.attribute])
    return {target: convert(value)}


def find_converter(resource: ResourceType, target: str, zones: Zones) -> Converter | None:
    """What turns a record's value into that of the target; None where it comes to several attributes."""
    path = parse_path(target)
    if CUSTOM_FIELDS in (target, path.schema):
        return None if target == CUSTOM_FIELDS else _as_it_is
    schema = ATTRIBUTES[resource][path.attribute]
    if schema.kind is AttributeKind.COMPLEX and not path.sub:
        return None
    return _single(path, schema, zones)


def _single(path: AttributePath, schema: AttributeSchema, zones: Zones) -> Converter:
    if schema.kind is AttributeKind.BOOLEAN or path.sub == "primary":
        return to_boolean
    if schema.kind is AttributeKind.MULTI_VALUED and not path.by:
        return partial(to_values, path.name, schema=schema)
    if path.name == "emails" and path.sub == "value":
        return to_email
    return partial(_to_zone, zones=zones) if path.name == "timezone" else to_text


def _as_it_is(value: Value) -> Value:
    return value


def _to_zone(value: Value, zones: Zones) -> str | None:
    text = to_text(value)
    if text is not None and (known := zones()) and text not in known:
        raise ValueProblem(f"`{text}` is not an IANA time zone{_zone_hint(text, known)}")
    return text


@lru_cache(maxsize=256)
def _zone_hint(text: str, zones: frozenset[str]) -> str:
    """Remembered: one wrong zone is often that of thousands of records."""
    return did_you_mean(text, sorted(zones))


def _parts(path: AttributePath, value: Value, schema: AttributeSchema) -> Attributes:
    if is_empty(value):
        return {f"{path.attribute}.{sub}": None for sub in schema.subs}
    if not isinstance(value, dict):
        raise ValueProblem(f"expected a map with {', '.join(schema.subs)}")
    for sub in value:
        if sub not in schema.subs:
            raise ValueProblem(f"unknown key `{sub}`{did_you_mean(sub, schema.subs)}", sub)
    return {f"{path.attribute}.{sub}": to_text(part) for sub, part in value.items()}


def check_field_id(name: str) -> str | None:
    """What is wrong with the id of a custom field, or None."""
    return None if _FIELD_ID.fullmatch(name) else f"`{name}` is no custom field's id: letters, digits, `_`, `-` and `.`"


def _custom_fields(value: Value) -> Attributes:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueProblem("expected a map of custom fields, such as {payroll_id: 179e3587}")
    for name in value:
        if problem := check_field_id(name):
            raise ValueProblem(problem, name)
    return {f"{CUSTOM_FIELDS}:{name}": each for name, each in value.items()}
