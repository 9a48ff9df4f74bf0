"""SCIM JSON to live resources. Lenient: odd values stay as they are, unknown attributes are kept, no page is refused.

Attribute names are case-insensitive (RFC 7643 §2.1); ids may be numbers; booleans may be text. What means no value is
left out. There is one row for each user, so that the usual spelling of the usual types takes the shortest way, and what
many users have in common (paths, short texts, roles) is kept once.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import from_json, to_json

from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.normalise import as_boolean, is_empty
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import ServiceError
from reconciler.scim.messages import describe_body
from reconciler.scim.names import EXTENSIONS, KNOWN, LISTS, NOT_ATTRIBUTES, PATHS_OF_PARTS, TEXTS, Paths, known_name

if TYPE_CHECKING:
    from collections.abc import Container

    from reconciler.core.model import Attributes, Value

_AFTER_NAME = b'":'
_TOTAL, _ROWS = "totalResults", "Resources"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: how many there are in all, and the rows of this page."""

    total: int
    rows: list[dict[str, Any]]


def decode_page(body: bytes, subject: str) -> Page:
    """A list response (RFC 7644 §3.4.2). Raises ServiceError that says what came instead."""
    document = _decode(body, subject)
    if _TOTAL not in document or _ROWS not in document:
        known = {_TOTAL.lower(): _TOTAL, _ROWS.lower(): _ROWS}
        document = {known.get(key.lower(), key): value for key, value in document.items()}
    rows = document.get(_ROWS)
    if rows is None:
        rows = []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServiceError(f"{subject}: not a SCIM list: {_ROWS}: expected a list of objects")
    try:
        return Page(_whole_number(document.get(_TOTAL)), rows)
    except ValueError:
        raise ServiceError(f"{subject}: not a SCIM list: {_TOTAL}: expected a whole number") from None


def _whole_number(value: Any) -> int:
    """A number that may have come as text."""
    number = float(str(value))
    if not number.is_integer():
        raise ValueError(value)
    return int(number)


def decode_resource(body: bytes, subject: str) -> dict[str, Any]:
    """One resource's JSON object. Raises ServiceError.

    Only names are shared: a group's members have no text in common, and looking for some takes longer than the rest.
    """
    return _decode(body, subject, share="keys")


def _decode(body: bytes, subject: str, share: Literal["all", "keys"] = "all") -> dict[str, Any]:
    try:
        document = from_json(body, cache_strings=share)
    except ValueError:
        raise ServiceError(
            f"{subject}: the answer is not JSON: {_describe_other(body)}", hint="is `endpoint` the SCIM address?"
        ) from None
    if not isinstance(document, dict):
        raise ServiceError(f"{subject}: the answer is not a JSON object")
    again = to_json(document)
    if len(again) < len(body) and again.count(_AFTER_NAME) < body.count(_AFTER_NAME):
        _refuse_doubles(body, subject)
    return document


def _refuse_doubles(body: bytes, subject: str) -> None:
    """Raise ServiceError where a name stands twice in an object: which of its values holds is anybody's guess."""

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise ServiceError(f"{subject}: the answer says {twice[:50]!r} twice, so that it is not clear what holds")
        return found

    with suppress(ValueError, RecursionError):  # what only this parser minds was read already
        json.loads(body, object_pairs_hook=check)


def _describe_other(body: bytes) -> str:
    """What came instead of JSON; broken JSON is not quoted, since it may hold personal data."""
    if not body.strip():
        return "it is empty"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return "it is not in UTF-8" if error.end < len(body) else "it is cut off or broken"
    return "it is cut off or broken" if body.lstrip()[:1] in (b"{", b"[") else describe_body(body, "")


def to_live(row: dict[str, Any], resource: ResourceType, subject: str) -> Live:
    """A live resource; `members` is None where the row carries none. Raises ServiceError where it has no id."""
    attributes: Attributes = {}
    for given, value in row.items():
        kind = type(value)
        if kind is str and given in TEXTS:
            if value:
                attributes[given] = value
        elif kind is dict and given in PATHS_OF_PARTS:
            _flatten_parts(given, value, attributes)
        elif given not in NOT_ATTRIBUTES and (value or value == 0):
            _flatten(given if given in KNOWN else known_name(given), value, attributes)
    identity = row["id"] if "id" in row else _top_level(row, "id")
    if is_empty(identity):
        raise ServiceError(f"{subject}: a {resource.value} without id: {row.get(KEY_ATTRIBUTE[resource], '?')}")
    return Live(
        resource,
        str(identity),
        str(attributes.get(KEY_ATTRIBUTE[resource], identity)),
        attributes,
        attributes.get("active", True) is not False,
        _members_of(row) if resource is ResourceType.GROUP else None,
    )


def _members_of(row: dict[str, Any]) -> Members | None:
    members = _top_level(row, "members", ...)
    return None if members is ... else to_members(members)


def _top_level(row: dict[str, Any], name: str, default: Any = None) -> Any:
    """A value under its name however it is spelled."""
    if name in row:
        return row[name]
    return next((value for given, value in row.items() if given.lower() == name), default)


def _flatten(name: str, value: Any, attributes: Attributes) -> None:
    if name in NOT_ATTRIBUTES:
        return
    if name == "active":
        attributes[name] = as_boolean(value)
    elif isinstance(value, dict):
        _flatten_parts(EXTENSIONS.get(name.lower(), name), value, attributes)
    elif name in LISTS:
        attributes[name] = _items(value if isinstance(value, list) else [value])
    elif name.lower() == CUSTOM_FIELDS and isinstance(value, list):
        _flatten_parts(CUSTOM_FIELDS, {"custom_fields": value}, attributes)
    else:
        attributes[name] = value


def _flatten_parts(name: str, parts: dict[str, Any], attributes: Attributes) -> None:
    paths = PATHS_OF_PARTS[name] if name in PATHS_OF_PARTS else Paths(name)
    if name == CUSTOM_FIELDS:  # one that is empty still shows that the service gives them back
        attributes.update((paths[field], value) for field, value in _custom_fields(parts).items())
        return
    for given, value in parts.items():
        path = paths[given]
        if path and (value or value == 0):
            attributes[path] = value
    if name == ENTERPRISE and MANAGER in attributes:
        _name_manager(attributes)


def _name_manager(attributes: Attributes) -> None:
    """Whose id it is, without what else the service tells of a manager."""
    manager = attributes.pop(MANAGER)
    identity = manager.get("value", manager.get("Value")) if isinstance(manager, dict) else manager
    if not is_empty(identity):
        attributes[MANAGER] = str(identity)


def _items(values: list[Any]) -> Value:
    """The values of a multi-valued attribute, each an object; as they came where nothing is odd about them."""
    texts = []
    for each in values:
        if type(each) is not dict or not each.keys() <= KNOWN or type(each.get("primary", True)) is not bool:
            return [_item(one) for one in values if one is not None]
        if len(each) == 1 and type(text := each.get("value")) is str:
            texts.append(text)
    return _plain_items(tuple(texts)) if len(texts) == len(values) else values


@lru_cache(maxsize=4096)
def _plain_items(values: tuple[str, ...]) -> Value:
    """Kept once for all who have them, such as roles."""
    return [{"value": value} for value in values]


def _item(value: Any) -> Value:
    if not isinstance(value, dict):
        return {"value": value}
    item: dict[str, Value] = {known_name(sub): each for sub, each in value.items()}
    if "primary" in item:
        item["primary"] = as_boolean(item["primary"])
    return item


def _custom_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Both documented forms: a map, or `{"custom_fields": [{"id": ..., "value": ...}]}`."""
    listed = value.get("custom_fields")
    if not isinstance(listed, list):
        return value
    return {str(each["id"]): each.get("value") for each in listed if isinstance(each, dict) and "id" in each}


def to_members(value: Any) -> Members:
    """A group's members; the type from `type` or `$ref`, a user where neither says."""
    users: list[str] = []
    groups: list[str] = []
    for each in value if isinstance(value, list) else ():
        identity = _member_id(each)
        if identity:
            (groups if _is_group(each) else users).append(identity)
    return Members(frozenset(users), frozenset(groups))


def member_displays(value: Any, users: Container[str] = ()) -> dict[Member, str]:
    """What the service calls a group's members, but for the users with these ids."""
    found: dict[Member, str] = {}
    for each in value if isinstance(value, list) else ():
        identity = _member_id(each)
        if identity and each.get("display"):
            kind = ResourceType.GROUP if _is_group(each) else ResourceType.USER
            if kind is ResourceType.GROUP or identity not in users:
                found[Member(kind, identity)] = str(each["display"])
    return found


def _member_id(member: Any) -> str:
    """A member's id, "" where it has none."""
    identity = member.get("value") if isinstance(member, dict) else None
    return "" if identity is None else str(identity)


def _is_group(member: dict[str, Any]) -> bool:
    kind = member.get("type")
    return str(kind).lower() == "group" if kind else "/Groups/" in str(member.get("$ref"))
