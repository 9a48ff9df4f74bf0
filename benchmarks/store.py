"""What the loopback server holds: rows already rendered, and the little of them that filters look at."""

from __future__ import annotations

import json
import time
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.filters import find_positions
from benchmarks.organisation import EPOCH, Organisation, group_json, members_json, timestamp, user_json

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_SIZE = 25


@dataclass(slots=True)
class Collection:
    """All resources of one type by position; the id is the position plus one.

    `indexes`: per attribute in lower case, folded value -> positions. `found`: results of filters until a write.
    """

    rows: list[bytes] = field(default_factory=list)
    created: array[int] = field(default_factory=lambda: array("q"))
    modified: array[int] = field(default_factory=lambda: array("q"))
    active: bytearray = field(default_factory=bytearray)
    members: list[bytes] = field(default_factory=list)
    indexes: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    found: dict[str, Sequence[int]] = field(default_factory=dict)

    def add(self, row: bytes, keys: dict[str, str], at: int, *, active: bool = True) -> int:
        """Take in one resource; its position."""
        position = len(self.rows)
        self.rows.append(row)
        self.created.append(at)
        self.modified.append(at)
        self.active.append(active)
        for attribute, value in keys.items():
            self.indexes.setdefault(attribute, {}).setdefault(value.casefold(), []).append(position)
        self.found.clear()
        return position

    def look_up(self, attribute: str, value: str) -> Sequence[int]:
        """The positions of those with this value of an indexed attribute."""
        return self.indexes[attribute].get(value.casefold(), ())

    def page(self, start: int, count: int, wanted: str) -> bytes:
        """A list response: `count` rows (25 at most) from `start`, counted from 1. Raises FilterError."""
        first, size = max(start, 1) - 1, min(max(count, 0), PAGE_SIZE)
        if wanted:
            if wanted not in self.found:
                self.found[wanted] = find_positions(wanted, self)
            positions = self.found[wanted]
            total, rows = len(positions), [self.rows[position] for position in positions[first : first + size]]
        else:
            total, rows = len(self.rows), self.rows[first : first + size]
        head = (
            '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
            f'"totalResults":{total},"itemsPerPage":{len(rows)},"startIndex":{first + 1},"Resources":['
        )
        return b"".join((head.encode(), b",".join(rows), b"]}"))

    def resource(self, position: int) -> bytes:
        """One resource, a group with its members."""
        if not self.members:
            return self.rows[position]
        return b"".join((self.rows[position][:-1], b',"members":', self.members[position], b"}"))

    def write(self, position: int, body: dict[str, Any]) -> bytes:
        """Put the attributes that are given; parts of extensions and complex values stay where none are given."""
        document = json.loads(self.rows[position])
        members = body.pop("members", None)
        for name, value in body.items():
            old = document.get(name)
            document[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        at = int(time.time())
        document["meta"]["lastModified"] = timestamp(at)
        self.rows[position] = json.dumps(document, separators=(",", ":")).encode()
        self.modified[position] = at
        self.active[position] = document.get("active") is not False
        if members is not None:
            self.members[position] = _merge_members(self.members[position], members)
        self.found.clear()
        return self.resource(position)


@dataclass(frozen=True, slots=True)
class Store:
    """Users and groups by the path that serves them."""

    collections: dict[str, Collection]

    def create(self, path: str, body: dict[str, Any]) -> bytes:
        """Take in a new resource and answer with it."""
        collection, at = self.collections[path], int(time.time())
        key = "userName" if path == "Users" else "displayName"
        members = body.pop("members", [])
        number = len(collection.rows) + 1
        meta = {"created": timestamp(at), "lastModified": timestamp(at), "resourceType": path[:-1]}
        row = json.dumps({**body, "id": str(number), "meta": meta}).encode()
        keys = {key.lower(): str(body.get(key, "")), "externalid": str(body.get("externalId", ""))}
        position = collection.add(row, keys, at, active=body.get("active") is not False)
        if path == "Groups":
            collection.members.append(_merge_members(b"[]", members))
        return collection.resource(position)


def build_store(organisation: Organisation) -> Store:
    """The organisation as 4me has it."""
    users, groups = Collection(), Collection()
    for number in range(1, organisation.users + 1):
        row = user_json(number, changed=organisation.is_changed(number))
        users.add(row, _keys(row, "userName"), EPOCH + number)
    for number in range(1, organisation.group_count + 1):
        row = group_json(number)
        groups.add(row, _keys(row, "displayName"), EPOCH + number)
        groups.members.append(members_json(organisation.live_members(number)))
    return Store({"Users": users, "Groups": groups})


def _keys(row: bytes, name: str) -> dict[str, str]:
    return {each.lower(): _text(row, each) for each in (name, "externalId")}


def _text(row: bytes, name: str) -> str:
    """A text attribute's value, cut out: much quicker than decoding a million rows."""
    return row.partition(f'"{name}":"'.encode())[2].partition(b'"')[0].decode()


def _merge_members(have: bytes, given: list[dict[str, Any]]) -> bytes:
    members = {each["value"]: each for each in json.loads(have)}
    for each in given:
        if each.get("operation") == "delete":
            members.pop(each["value"], None)
        else:
            members[each["value"]] = {"value": each["value"]}
    return json.dumps(list(members.values())).encode()
