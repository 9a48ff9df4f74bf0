"""Which members a group has after a request: 4me's `operation`, PUT's replacement, and RFC 7644 operations.

Users and groups have ids of their own, so a member is a kind and an id. A member without `type` whose `$ref`
does not say `/Groups/` is a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.sandbox.messages import JsonObject, bad_request, validation_failed
from reconciler.sandbox.records import as_objects
from reconciler.sandbox.store import Kind, Member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.sandbox.filters import Comparison, Filter
    from reconciler.sandbox.patching import Operation

KINDS: tuple[Kind, ...] = ("User", "Group")


def is_members(name: str) -> bool:
    """Whether an attribute's name, in any case, is `members`."""
    return name.lower() == "members"


def merge_members(held: frozenset[Member], sent: object, *, replaces: bool) -> frozenset[Member]:
    """Return the members after a plain `members` list: PUT replaces, PATCH adds and takes away what says `delete`."""
    kept = set() if replaces else set(held)
    for item in _read_items(sent):
        if str(item.get("operation", "")).lower() == "delete":
            kept.discard(_read_member(item))
        else:
            kept.add(_read_member(item))
    return frozenset(kept)


def apply_member_operation(held: frozenset[Member], operation: Operation) -> frozenset[Member]:
    """Return the members after one RFC 7644 operation on `members`."""
    filter_ = operation.path.filter
    if filter_ is not None:
        if operation.verb != "remove":
            raise bad_request("members can be named by a filter only to remove them", scim_type="invalidPath")
        return held - frozenset(_named(filter_))
    match operation.verb:
        case "add":
            return held | _read_members(operation.value)
        case "replace":
            return _read_members(operation.value)
    if operation.value in (None, "", []):
        return frozenset()
    return held - _read_members(operation.value)


def _read_members(sent: object) -> frozenset[Member]:
    return frozenset(map(_read_member, _read_items(sent)))


def _read_items(sent: object) -> list[JsonObject]:
    if isinstance(sent, dict):
        sent = [sent]
    if sent in (None, ""):
        return []
    items = as_objects(sent)
    if items is None:
        raise validation_failed([("members", "is invalid")])
    return items


def _read_member(item: JsonObject) -> Member:
    named = str(item.get("type") or "").lower()
    kind: Kind = "Group" if named == "group" or (not named and "/Groups/" in str(item.get("$ref"))) else "User"
    return Member(kind, read_id(item.get("value")))


def read_id(value: object) -> int:
    """Read the number behind an id, which is text in JSON; 422 where it cannot be one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:  # noqa: PLR2004 - 64 bits
        return int(value)
    raise validation_failed([("members", f"{value} does not exist")])


def _named(filter_: Filter) -> Iterable[Member]:
    for alternative in filter_:
        told = {comparison.attribute.lower(): _told(comparison) for comparison in alternative}
        if "value" not in told or told.keys() - {"value", "type"}:
            raise bad_request('members are named as members[value eq "7"]', scim_type="invalidFilter")
        kinds = [kind for kind in KINDS if kind.lower() == told.get("type", kind).lower()]
        yield from (Member(kind, read_id(told["value"])) for kind in kinds)


def _told(comparison: Comparison) -> str:
    if comparison.operator != "eq":
        raise bad_request('members are named as members[value eq "7"]', scim_type="invalidFilter")
    return str(comparison.value)
