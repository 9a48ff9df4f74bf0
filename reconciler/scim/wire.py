"""SCIM JSON to live resources. Lenient: odd values stay as they are, unknown attributes are kept, no page is refused.

Attribute names are case-insensitive (RFC 7643 §2.1); ids may be numbers; booleans may be text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.normalise import as_boolean, is_empty
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE
from reconciler.core.schema import ATTRIBUTES, KEY_ATTRIBUTE, AttributeKind
from reconciler.errors import ServiceError
from reconciler.scim.messages import describe_body

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

_NOT_ATTRIBUTES = frozenset(("id", "schemas", "password", "groups", "members"))
_EXTENSIONS = {urn.lower(): urn for urn in (ENTERPRISE, CUSTOM_FIELDS)}
_NAMES: dict[str, str] = {
    name.lower(): name
    for schema in ATTRIBUTES.values()
    for path in schema
    for name in (path.rpartition(":")[2], *schema[path].subs)
} | {name.lower(): name for name in ("id", "schemas", "meta", "members", "groups", "password", "type", "$ref")}
_LISTS = frozenset(
    path for schema in ATTRIBUTES.values() for path, each in schema.items() if each.kind is AttributeKind.MULTI_VALUED
)


class ListEnvelope(BaseModel):
    """A list response (RFC 7644 §3.4.2), as far as it is needed; numbers may come as text."""

    model_config = ConfigDict(extra="ignore")

    totalResults: int  # noqa: N815 - the name on the wire
    Resources: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: how many there are in all, and the rows of this page."""

    total: int
    rows: list[dict[str, Any]]


def decode_page(body: bytes, subject: str) -> Page:
    """A list response. Raises ServiceError that says what came instead."""
    document = _decode(body, subject)
    known = {"totalresults": "totalResults", "resources": "Resources"}
    named = {known.get(str(key).lower(), key): value for key, value in document.items()}
    if named.get("Resources") is None:
        named.pop("Resources", None)
    try:
        envelope = ListEnvelope.model_validate(named)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ServiceError(f"{subject}: not a SCIM list: {place}: {first['msg']}") from None
    return Page(envelope.totalResults, envelope.Resources)


def decode_resource(body: bytes, subject: str) -> dict[str, Any]:
    """One resource's JSON object. Raises ServiceError."""
    return _decode(body, subject)


def _decode(body: bytes, subject: str) -> dict[str, Any]:
    try:
        document = from_json(body)
    except ValueError:
        raise ServiceError(
            f"{subject}: the answer is not JSON: {_describe_other(body)}", hint="is `endpoint` the SCIM address?"
        ) from None
    if not isinstance(document, dict):
        raise ServiceError(f"{subject}: the answer is not a JSON object")
    return document


def _describe_other(body: bytes) -> str:
    """What came instead of JSON; broken JSON is not quoted, since it may hold personal data."""
    if not body.strip():
        return "it is empty"
    return "it is cut off or broken" if body.lstrip()[:1] in (b"{", b"[") else describe_body(body, "")


def _known_name(given: str) -> str:
    return _NAMES.get(given.lower(), given)


def to_live(row: dict[str, Any], resource: ResourceType, subject: str) -> Live:
    """A live resource; `members` is None where the row carries none. Raises ServiceError where it has no id."""
    attributes: Attributes = {}
    identity: Any = None
    members: frozenset[Member] | None = None
    for given, value in row.items():
        name = given if given in _TOP_NAMES else _known_name(given)
        if name == "id":
            identity = value
        elif name == "members" and resource is ResourceType.GROUP:
            members = to_members(value)
        elif name not in _NOT_ATTRIBUTES:
            _flatten(name, value, attributes)
    if is_empty(identity):
        raise ServiceError(f"{subject}: a {resource.value} without id: {row.get(KEY_ATTRIBUTE[resource], '?')}")
    key = attributes.get(KEY_ATTRIBUTE[resource])
    active = attributes.get("active", True)
    return Live(
        resource,
        str(identity),
        str(identity) if is_empty(key) else str(key),
        attributes,
        active=active is not False,
        members=members,
    )


_TOP_NAMES = frozenset(_NAMES.values())


def _flatten(name: str, value: Any, attributes: Attributes) -> None:
    if value is None:
        return
    if name == "active":
        attributes[name] = as_boolean(value)
    elif isinstance(value, dict):
        urn = _EXTENSIONS.get(name.lower())
        if urn:
            _flatten_extension(urn, value, attributes)
        else:
            separator = ":" if name.lower().startswith("urn:") else "."
            for sub, each in value.items():
                attributes[f"{name}{separator}{_known_name(sub)}"] = each
    elif name in _LISTS:
        attributes[name] = [_item(each) for each in (value if isinstance(value, list) else [value]) if each is not None]
    elif name.lower() == CUSTOM_FIELDS and isinstance(value, list):
        _flatten_extension(CUSTOM_FIELDS, {"custom_fields": value}, attributes)
    else:
        attributes[name] = value


def _item(value: Any) -> Value:
    if not isinstance(value, dict):
        return {"value": value}
    item: dict[str, Value] = {_known_name(sub): each for sub, each in value.items()}
    if "primary" in item:
        item["primary"] = as_boolean(item["primary"])
    return item


def _flatten_extension(urn: str, value: dict[str, Any], attributes: Attributes) -> None:
    if urn == CUSTOM_FIELDS:
        for name, each in _custom_fields(value).items():
            attributes[f"{urn}:{name}"] = each
        return
    for given, each in value.items():
        name = _known_name(given)
        if name == "manager":
            identity = each.get("value", each.get("Value")) if isinstance(each, dict) else each
            attributes[f"{urn}:manager"] = None if is_empty(identity) else str(identity)
        else:
            attributes[f"{urn}:{name}"] = each


def _custom_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Both documented forms: a map, or `{"custom_fields": [{"id": ..., "value": ...}]}`."""
    listed = value.get("custom_fields")
    if not isinstance(listed, list):
        return value
    return {str(each["id"]): each.get("value") for each in listed if isinstance(each, dict) and "id" in each}


def to_members(value: Any) -> frozenset[Member]:
    """A group's members; the type from `type` or `$ref`, a user where neither says."""
    return frozenset(
        Member(_member_type(each), str(each["value"]))
        for each in (value if isinstance(value, list) else [])
        if isinstance(each, dict) and not is_empty(each.get("value"))
    )


def member_displays(value: Any) -> dict[Member, str]:
    """What the service calls a group's members."""
    return {
        Member(_member_type(each), str(each["value"])): str(each["display"])
        for each in (value if isinstance(value, list) else [])
        if isinstance(each, dict) and each.get("display") and not is_empty(each.get("value"))
    }


def _member_type(member: dict[str, Any]) -> ResourceType:
    kind, reference = str(member.get("type", "")).lower(), str(member.get("$ref", ""))
    return ResourceType.GROUP if kind == "group" or (not kind and "/Groups/" in reference) else ResourceType.USER
