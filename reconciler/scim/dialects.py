"""How to say things: 4me's way (partial resources, its own member operations) and RFC 7644's (PatchOp)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from reconciler.core.members import Members
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import is_empty
from reconciler.core.paths import CORE_GROUP, CORE_USER, CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.plan_model import Change
from reconciler.core.schema import ATTRIBUTES, AttributeKind
from reconciler.scim.filters import equals_any
from reconciler.scim.merge import merge_changes, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.directory import MemberDelta
    from reconciler.core.model import Attributes, Live, Value

Body = dict[str, Any]
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CORE = {ResourceType.USER: CORE_USER, ResourceType.GROUP: CORE_GROUP}
PATHS = {ResourceType.USER: "/Users", ResourceType.GROUP: "/Groups"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way of speaking SCIM. `page_size`: resources asked for at a time."""

    name: Literal["4me", "rfc7644"]
    page_size: int
    filters: bool = True

    @property
    def lists_members(self) -> bool:
        """Whether lists of groups carry their members; 4me's do not."""
        return self.name != "4me"

    def encode_create(self, resource: ResourceType, attributes: Attributes, members: Sequence[Member]) -> Body:
        """The body of a POST."""
        body: Body = {"schemas": [CORE[resource]]}
        merged = merge_changes({}, _as_changes(attributes))
        for unit in dict.fromkeys(map(unit_of, attributes)):
            value = _whole(unit, merged, frozenset())
            if not is_empty(value):
                body[unit] = value
        if ENTERPRISE in body:
            body["schemas"].append(ENTERPRISE)
        if CUSTOM_FIELDS in body and self.name != "4me":
            body["schemas"].append(CUSTOM_FIELDS)
        if members:
            body["members"] = [_member(each) for each in members]
        return body

    def encode_updates(self, live: Live, changes: Sequence[Change], members: MemberDelta, batch: int) -> Iterator[Body]:
        """The bodies of as few PATCH requests as it takes: one, unless more than `batch` members change."""
        batches = list(_batches(members, batch))
        attributes = self._encode_attributes(live, changes)
        if attributes and not batches:
            yield self._join(attributes, (), ())
        everyone = Members() if self.name == "4me" else (live.members or Members()).changed(members.add, ())
        for index, (add, remove) in enumerate(batches):
            again = _namesakes(everyone, add, remove)
            yield self._join(attributes if index == 0 else self._empty(), [*add, *again], remove)

    def _empty(self) -> Any:
        return {} if self.name == "4me" else []

    def _encode_attributes(self, live: Live, changes: Sequence[Change]) -> Any:
        merged = merge_changes(live.attributes, changes)
        changed = frozenset(change.path for change in changes)
        units = list(dict.fromkeys(unit_of(change.path) for change in changes))
        if self.name == "4me":
            return {unit: _whole(unit, merged, changed) for unit in units}
        return [operation for unit in units for operation in _operations(unit, merged, changed)]

    def _join(self, attributes: Any, add: Sequence[Member], remove: Sequence[Member]) -> Body:
        if self.name == "4me":
            gone = [{**_member(each), "operation": "delete"} for each in remove]
            return {**attributes, "members": [*map(_member, add), *gone]} if add or remove else attributes
        operations = list(attributes)
        operations += [{"op": "remove", "path": f"members[{equals_any([('value', each.name)])}]"} for each in remove]
        if add:
            operations.append({"op": "add", "path": "members", "value": [_member(each) for each in add]})
        return {"schemas": [PATCH_OP], "Operations": operations}


FOURME = Dialect("4me", page_size=25)


def _namesakes(members: Members, add: Sequence[Member], remove: Sequence[Member]) -> list[Member]:
    """Who shares an id with somebody of another type that goes: RFC 7644 has no sure way to tell them apart.

    They are added again after the removal, in the same request. Nobody need be in 4me's requests.
    """
    twins = {Member(kind, gone.name) for gone in remove for kind in ResourceType if kind is not gone.type}
    return sorted(twin for twin in twins.difference(add, remove) if twin in members)


def _as_changes(attributes: Attributes) -> list[Change]:
    return [Change(path, None, value) for path, value in attributes.items()]


def _whole(unit: str, merged: Attributes, changed: frozenset[str]) -> Any:
    """A top-level attribute with all its parts; parts that were just cleared are sent as their empty value."""
    if unit in (ENTERPRISE, CUSTOM_FIELDS):
        prefix, reference = f"{unit}:", MANAGER
    elif any(path.startswith(f"{unit}.") for path in merged):
        prefix, reference = f"{unit}.", ""
    else:
        value = merged.get(unit)
        return value if value is not None else ([] if _is_list(unit) else "")
    return {
        path[len(prefix) :]: {"value": value or ""} if path == reference else ("" if value is None else value)
        for path, value in merged.items()
        if path.startswith(prefix) and (value is not None or path in changed)
    }


def _is_list(unit: str) -> bool:
    schema = ATTRIBUTES[ResourceType.USER].get(unit)
    return schema is not None and schema.kind is AttributeKind.MULTI_VALUED


def _operations(unit: str, merged: Attributes, changed: frozenset[str]) -> Iterator[Body]:
    """Multi-valued attributes whole; of extensions and complex attributes each changed part (RFC 7644 §3.5.2)."""
    paths = sorted(path for path in changed if unit_of(path) == unit)
    if not all(path.startswith((f"{unit}.", f"{unit}:")) for path in paths):
        yield _operation(unit, merged[unit])
        return
    for path in paths:
        value = merged[path]
        yield _operation(path, {"value": value} if path == MANAGER and value else value)


def _operation(path: str, value: Value) -> Body:
    if is_empty(value):
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": value}


def _member(member: Member) -> Body:
    return {"value": member.name} | ({"type": "Group"} if member.type is ResourceType.GROUP else {})


def _batches(members: MemberDelta, size: int) -> Iterator[tuple[list[Member], list[Member]]]:
    changes = iter([*((member, True) for member in members.add), *((member, False) for member in members.remove)])
    while batch := list(islice(changes, size)):
        yield [member for member, is_new in batch if is_new], [member for member, is_new in batch if not is_new]
