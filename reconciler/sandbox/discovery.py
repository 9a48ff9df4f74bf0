"""ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 §5 to §7) as 4me answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.sandbox.attributes import (
    CORE_SCHEMAS,
    ENTERPRISE_SCHEMA,
    RESOURCES,
    USER,
    Attribute,
    Shape,
)
from reconciler.sandbox.messages import JsonObject, encode_json, not_found
from reconciler.sandbox.reading import LARGEST_PAGE
from reconciler.sandbox.rendering import BASE_PATH, render_list

if TYPE_CHECKING:
    from reconciler.sandbox.store import Kind

_META = "urn:ietf:params:scim:schemas:core:2.0"
_TYPES = {Shape.BOOLEAN: "boolean", Shape.COMPLEX: "complex", Shape.MULTI: "complex", Shape.MANAGER: "complex"}
KINDS: tuple[Kind, ...] = ("User", "Group")


def describe_service(account: str) -> str:
    """Say what the service can do: PATCH and filters; no bulk, no sorting, no ETag, no change of passwords."""
    return encode_json(
        {
            "schemas": [f"{_META}:ServiceProviderConfig"],
            "documentationUri": "https://developer.4me.com/v1/scim/",
            "patch": {"supported": True},
            "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": LARGEST_PAGE},
            "changePassword": {"supported": False},
            "sort": {"supported": False},
            "etag": {"supported": False},
            "authenticationSchemes": [
                _scheme("oauthbearertoken", "OAuth Bearer Token", "RFC 6750") | {"primary": True},
                _scheme("httpbasic", "HTTP Basic", "RFC 2617"),
            ],
            "meta": _meta(account, "ServiceProviderConfig", "ServiceProviderConfig"),
        }
    )


def describe_resource_types(account: str, name: str | None = None) -> str:
    """Both resource types as a list, or the one that is named."""
    return _list_or_one({kind: _resource_type(account, kind) for kind in KINDS}, name)


def describe_schemas(account: str, name: str | None = None) -> str:
    """Describe the schemas of User, Enterprise User and Group as a list, or the one whose URN is given."""
    enterprise = USER.by_key[ENTERPRISE_SCHEMA.lower()]
    schemas = {
        CORE_SCHEMAS["User"]: _schema(account, USER, "User"),
        ENTERPRISE_SCHEMA: _schema(account, enterprise, "Enterprise User"),
        CORE_SCHEMAS["Group"]: _schema(account, RESOURCES["Group"], "Group", (_MEMBERS,)),
    }
    return _list_or_one(schemas, name)


def _list_or_one(documents: dict[str, JsonObject], name: str | None) -> str:
    if name is None:
        bodies = [encode_json(document) for document in documents.values()]
        return render_list(bodies, total=len(bodies), start_index=1, count=len(bodies))
    if name not in documents:
        raise not_found()
    return encode_json(documents[name])


def _meta(account: str, resource_type: str, path: str) -> JsonObject:
    return {"resourceType": resource_type, "location": f"https://{account}.4me.com{BASE_PATH}/{path}"}


def _scheme(kind: str, name: str, specification: str) -> JsonObject:
    return {"type": kind, "name": name, "description": f"Authentication as in {specification}"}


def _resource_type(account: str, kind: Kind) -> JsonObject:
    described: JsonObject = {
        "schemas": [f"{_META}:ResourceType"],
        "id": kind,
        "name": kind,
        "endpoint": f"/{kind}s",
        "schema": CORE_SCHEMAS[kind],
        "meta": _meta(account, "ResourceType", f"ResourceTypes/{kind}"),
    }
    if kind == "User":
        described["schemaExtensions"] = [{"schema": ENTERPRISE_SCHEMA, "required": False}]
    return described


def _schema(account: str, attribute: Attribute, name: str, more: tuple[JsonObject, ...] = ()) -> JsonObject:
    own = [part for part in attribute.parts if part.shape not in {Shape.EXTENSION, Shape.FIELDS}]
    required = "displayName" if name == "Group" else "userName"
    return {
        "schemas": [f"{_META}:Schema"],
        "id": attribute.name,
        "name": name,
        "attributes": [*(_describe(part, required=part.name == required) for part in own), *more],
        "meta": _meta(account, "Schema", f"Schemas/{attribute.name}"),
    }


def _describe(attribute: Attribute, *, required: bool = False) -> JsonObject:
    described: JsonObject = {
        "name": attribute.name,
        "type": _TYPES.get(attribute.shape, "string"),
        "multiValued": attribute.shape is Shape.MULTI,
        "required": required,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "server" if required else "none",
    }
    if attribute.types:
        described["canonicalValues"] = sorted(attribute.types)
    if attribute.parts:
        types = attribute.types
        parts = [
            Attribute(part.name, part.shape, types=types if part.name == "type" else frozenset())
            for part in attribute.parts
        ]
        described["subAttributes"] = [_describe(part) for part in parts]
    return described


_MEMBERS: JsonObject = {
    **_describe(Attribute("members", Shape.MULTI, (Attribute("value"), Attribute("$ref"), Attribute("type")))),
}
