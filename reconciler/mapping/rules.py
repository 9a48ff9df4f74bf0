"""Mapping rules, and which targets they can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, AttributePath, parse_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind, AttributeSchema
from reconciler.core.suggest import did_you_mean

if TYPE_CHECKING:
    from reconciler.core.model import Value

ApplyMode = Literal["always", "create"]


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
