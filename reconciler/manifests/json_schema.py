"""The JSON Schema (2020-12) of a manifest document, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, parse_path
from reconciler.core.schema import ATTRIBUTES, KEY_ATTRIBUTE, AttributeKind
from reconciler.manifests.documents import MappingDocument, TenantDocument
from reconciler.manifests.profiles import profile
from reconciler.manifests.source_document import SourceDocument

if TYPE_CHECKING:
    from reconciler.manifests.document import Document

Schema = dict[str, Any]
MODELS: dict[str, type[Document]] = {"Tenant": TenantDocument, "Mapping": MappingDocument, "Source": SourceDocument}
TEXT: Schema = {"type": ["string", "number", "null"]}
NAMES: Schema = {"type": ["array", "null"], "items": {"type": ["string", "number"]}}
STRUCTURE: dict[ResourceType, Schema] = {
    ResourceType.USER: {
        "groups": {**NAMES, "description": "Declared groups; the same as naming the user in them"},
        "adopt": {"type": "boolean", "description": "Take over a live user that has another externalId"},
    },
    ResourceType.GROUP: {
        "members": {
            "type": ["array", "null"],
            "description": "Declared users, and {group: NAME} for nested groups",
            "items": {
                "anyOf": [
                    {"type": ["string", "number"]},
                    {
                        "type": "object",
                        "properties": {"group": TEXT},
                        "required": ["group"],
                        "additionalProperties": False,
                    },
                    {
                        "type": "object",
                        "properties": {"user": TEXT},
                        "required": ["user"],
                        "additionalProperties": False,
                    },
                ]
            },
        },
        "membership": {
            "enum": ["authoritative", "additive"],
            "description": "additive: members that others added stay",
        },
        "adopt": {"type": "boolean", "description": "Take over a live group that has another externalId"},
    },
}


def manifest_json_schema() -> Schema:
    """One schema for a document of any kind; attribute names are those of the built-in profile `default`."""
    kinds = {kind: _model(model) for kind, model in MODELS.items()}
    for resource in ResourceType:
        kinds[resource.value] = _record(resource, single=True)
        kinds[f"{resource.value}s"] = _list(resource)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler manifest",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": sorted(kinds)}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in kinds
        ],
        "$defs": {**kinds, **_definitions()},
    }


def _model(model: type[Document]) -> Schema:
    schema = model.model_json_schema(ref_template="#/$defs/{model}")
    schema.pop("$defs", None)
    return schema


def _definitions() -> Schema:
    definitions: Schema = {}
    for model in MODELS.values():
        definitions |= model.model_json_schema(ref_template="#/$defs/{model}").get("$defs", {})
    return definitions


def _record(resource: ResourceType, *, single: bool) -> Schema:
    properties = {source: _attribute(resource, target) for source, target in _targets(resource).items()}
    properties |= STRUCTURE[resource]
    required = [KEY_ATTRIBUTE[resource]]
    if single:
        properties["kind"] = {"const": resource.value}
        required.append("kind")
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(resource: ResourceType) -> Schema:
    record = _record(resource, single=False)
    defaults = {key: value for key, value in record.items() if key != "required"}
    name = f"{resource.value.lower()}s"
    return {
        "type": "object",
        "properties": {
            "kind": {"const": f"{resource.value}s"},
            "defaults": defaults,
            name: {"type": "array", "items": {**record, "required": []}},
        },
        "required": ["kind", name],
        "additionalProperties": False,
    }


def _targets(resource: ResourceType) -> dict[str, str]:
    return {rule.source: rule.target for rule in profile("default", resource).rules if rule.source}


def _attribute(resource: ResourceType, target: str) -> Schema:
    described: Schema = {"description": f"SCIM {target}"}
    if target == CUSTOM_FIELDS:
        return {"type": ["object", "null"], **described}
    path = parse_path(target)
    schema = ATTRIBUTES[resource][path.attribute]
    if schema.kind is AttributeKind.BOOLEAN:
        return {"type": ["boolean", "null"], **described}
    if schema.kind is not AttributeKind.MULTI_VALUED or path.by:
        return {**TEXT, **described}
    item: Schema = {"type": "object", "properties": {sub: {} for sub in schema.subs}, "additionalProperties": False}
    if schema.types:
        item["properties"]["type"] = {"enum": list(schema.types)}
    one: Schema = {"anyOf": [{"type": "string"}, item]}
    return {"anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": one}], **described}
