"""Mapping rules and what they make of a record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from reconciler.core.model import MappedRecord, Record, ResourceType
from reconciler.core.normalise import is_empty
from reconciler.core.paths import CUSTOM_FIELDS, AttributePath, parse_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind, AttributeSchema
from reconciler.core.suggest import did_you_mean
from reconciler.mapping.values import ValueProblem, to_boolean, to_email, to_text, to_values

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

_FIELD_NAME = re.compile(r"[\w$.-]+")
ApplyMode = Literal["always", "create"]
RecordProblem = tuple[Record, tuple[str | int, ...], str]
"""A record, the path inside it (attribute name first), and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One target attribute and where its value comes from: a record's attribute (`source`) or a constant.

    `default` stands in where the source is null or absent. `apply: create` writes at creation only.
    """

    target: str
    source: str | None = None
    constant: Value = None
    default: Value = None
    apply: ApplyMode = "always"


@dataclass(frozen=True, slots=True)
class Mapping:
    """All rules of one resource type; `match`: matching attributes in order of precedence."""

    resource: ResourceType
    match: tuple[str, ...]
    rules: tuple[Rule, ...]

    def sources(self) -> frozenset[str]:
        """The author's attribute names that some rule reads."""
        return frozenset(rule.source for rule in self.rules if rule.source)


def check_target(resource: ResourceType, target: str) -> str | None:
    """What is wrong with a rule's target path, or None."""
    try:
        path = parse_path(target)
    except ValueError as error:
        return str(error)
    if CUSTOM_FIELDS in (target, path.schema):
        return None if resource is ResourceType.USER else "groups have no custom fields in 4me"
    schema = ATTRIBUTES[resource].get(path.attribute)
    if schema is None:
        return f"unknown SCIM attribute `{path.attribute}`{did_you_mean(path.attribute, ATTRIBUTES[resource])}"
    return _check_parts(path, schema)


def _check_parts(path: AttributePath, schema: AttributeSchema) -> str | None:
    if path.sub and path.sub not in schema.subs:
        return f"`{path.attribute}` has no `{path.sub}`{did_you_mean(path.sub, schema.subs)}"
    if path.by == "type" and schema.types and path.value not in schema.types:
        return f"`{path.value}` is no type of `{path.name}` in 4me: {', '.join(schema.types)}"
    if schema.kind is AttributeKind.REFERENCE and path.sub:
        return f"write `{path.attribute}`: a {path.name} is named, its {path.sub} is looked up"
    if schema.kind is AttributeKind.MULTI_VALUED and path.sub and path.by != "type":
        return f"`{path}` could be any of several values: select one by its type, for example {_example(path, schema)}"
    if path.by and not path.sub:
        return f"`{path}` selects a whole value; name its part, for example `{path}.value`"
    return None


def _example(path: AttributePath, schema: AttributeSchema) -> str:
    return f'`{path.attribute}[type eq "{(*schema.types, "work")[0]}"].{path.sub}`'


def map_record(record: Record, mapping: Mapping, zones: frozenset[str]) -> tuple[MappedRecord, list[RecordProblem]]:
    """What the rules make of a record, and all that is wrong with its values.

    A source that the record lacks leaves its attribute out (not managed); null or empty means: no value in 4me.
    `zones`: the IANA time zones known.
    """
    attributes: Attributes = {}
    create_only: set[str] = set()
    problems: list[RecordProblem] = []
    given = record.attributes
    for rule in mapping.rules:
        if rule.source is not None and rule.source not in given and rule.default is None:
            continue
        value = _value(rule, given)
        try:
            mapped = map_value(mapping.resource, rule.target, value, zones)
        except ValueProblem as problem:
            problems += [
                (record, (rule.source or "", *each.path), f"`{rule.source}`: {each}")
                for each in (problem, *problem.also)
            ]
            continue
        problems += _overlaps(record, rule, attributes, mapping)
        attributes.update(mapped)
        if rule.apply == "create":
            create_only.update(mapped)
    return MappedRecord(record, attributes, frozenset(create_only)), problems


def _value(rule: Rule, given: Attributes) -> Value:
    if rule.source is None:
        return rule.constant
    value = given.get(rule.source)
    return rule.default if is_empty(value) and rule.default is not None else value


def map_value(resource: ResourceType, target: str, value: Value, zones: frozenset[str]) -> Attributes:
    """The attributes that `value` comes to at a target path. Raises ValueProblem."""
    if target == CUSTOM_FIELDS:
        return _custom_fields(value)
    path = parse_path(target)
    if path.schema == CUSTOM_FIELDS:
        return {target: value}
    schema = ATTRIBUTES[resource][path.attribute]
    if schema.kind is AttributeKind.COMPLEX and not path.sub:
        return _parts(path, value, schema)
    return {target: _scalar(path, value, schema, zones)}


def _scalar(path: AttributePath, value: Value, schema: AttributeSchema, zones: frozenset[str]) -> Value:
    if schema.kind is AttributeKind.BOOLEAN or path.sub == "primary":
        return to_boolean(value)
    if schema.kind is AttributeKind.MULTI_VALUED and not path.by:
        return to_values(path.name, value, schema)
    if path.name == "emails" and path.sub == "value":
        return to_email(value)
    text = to_text(value)
    if path.name == "timezone" and text is not None and zones and text not in zones:
        raise ValueProblem(f"`{text}` is not an IANA time zone{_zone_hint(text, zones)}")
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


def _custom_fields(value: Value) -> Attributes:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueProblem("expected a map of custom fields, such as {payroll_id: 179e3587}")
    for name in value:
        if not _FIELD_NAME.fullmatch(name):
            raise ValueProblem(f"`{name}` is no custom field's id: letters, digits, `_`, `-` and `.`", name)
    return {f"{CUSTOM_FIELDS}:{name}": each for name, each in value.items()}


def _overlaps(record: Record, rule: Rule, attributes: Attributes, mapping: Mapping) -> list[RecordProblem]:
    """A record that gives a whole attribute and one value of it too would contradict itself."""
    path = parse_path(rule.target)
    if not path.by or path.attribute not in attributes:
        return []
    whole = next(each.source for each in mapping.rules if each.target == path.attribute)
    return [
        (record, (rule.source or "",), f"`{rule.source}` and `{whole}` both set {path.attribute}: give one of them")
    ]
