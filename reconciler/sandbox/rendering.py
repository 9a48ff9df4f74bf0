"""How resources look in JSON: kept texts, and what is derived when they are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from reconciler.sandbox.attributes import CORE_SCHEMAS, ENTERPRISE_SCHEMA, RESOURCES
from reconciler.sandbox.messages import JsonObject, encode_json
from reconciler.sandbox.records import merge_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.sandbox.store import Kind, Member, Row

BASE_PATH = "/scim/v2"
LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ZONE = timezone(-timedelta(hours=5))
_NAME_PARTS = ("familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix", "formatted")


def format_instant(seconds: int) -> str:
    """Epoch seconds as 4me writes a time: `2018-04-17T09:03:39-05:00`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_ZONE).isoformat()


def locate(account: str, kind: Kind, id_: int | str) -> str:
    """Return the address of a resource, on the account's own host."""
    return f"https://{account}.4me.com{BASE_PATH}/{kind}s/{id_}"


def render_record(account: str, row: Row, record: JsonObject, manager_name: str = "") -> str:
    """Render the JSON text that is kept for a resource: its record, its `meta`, and what is told of a user's manager.

    A name is shown with all of its parts, the missing ones empty, as in 4me's documented examples.
    """
    shown = dict(record)
    if isinstance(name := shown.get("name"), dict):
        shown["name"] = {part: name.get(part, "") for part in _NAME_PARTS}
    extension = shown.get(ENTERPRISE_SCHEMA)
    if isinstance(extension, dict) and isinstance(manager := extension.get("manager"), dict):
        reference = {"$ref": locate(account, "User", manager["value"]), "displayName": manager_name}
        shown[ENTERPRISE_SCHEMA] = {**extension, "manager": {**manager, **reference}}
    schemas = [CORE_SCHEMAS[row.kind]] + ([ENTERPRISE_SCHEMA] if row.kind == "User" else [])
    meta = {
        "resourceType": row.kind,
        "created": format_instant(row.created),
        "lastModified": format_instant(row.modified),
        "location": locate(account, row.kind, row.id),
    }
    return encode_json({"schemas": schemas, "id": str(row.id), **shown, "meta": meta})


def read_record(row: Row) -> JsonObject:
    """Read the record behind a kept text, without what is derived."""
    return merge_record(RESOURCES[row.kind], {}, json.loads(row.body))


def add_groups(account: str, body: str, groups: Iterable[Member]) -> str:
    """Return a user's text with the groups that it is a direct member of; without any, the text as it is."""
    shown = [_reference(account, group) for group in groups]
    return f'{body[:-1]},"groups":{encode_json(shown)}}}' if shown else body


def add_members(account: str, body: str, members: Iterable[Member]) -> str:
    """Return a group's text with its members; only members that are groups have a `type`."""
    shown = [_reference(account, member) | ({"type": "Group"} if member.kind == "Group" else {}) for member in members]
    return f'{body[:-1]},"members":{encode_json(shown)}}}'


def render_list(bodies: Sequence[str], *, total: int, start_index: int, count: int) -> str:
    """Render a page of a list (RFC 7644 §3.4.2); `itemsPerPage` is the size asked for, as in 4me's own examples."""
    head = encode_json(
        {"schemas": [LIST_SCHEMA], "totalResults": total, "itemsPerPage": count, "startIndex": start_index}
    )
    return f'{head[:-1]},"Resources":[{",".join(bodies)}]}}'


def manager_of(record: JsonObject) -> str | None:
    """Return the SCIM id of the manager that a user's record names."""
    extension = record.get(ENTERPRISE_SCHEMA)
    manager = extension.get("manager") if isinstance(extension, dict) else None
    return str(manager["value"]) if isinstance(manager, dict) else None


def _reference(account: str, member: Member) -> dict[str, str]:
    return {
        "value": str(member.id),
        "display": member.name,
        "$ref": locate(account, member.kind, member.id),
    }
