"""One entry of the journal as a line: sealed when it is written, checked for its shape when it is read. Pure."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reconciler.core.digest import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT_VERSION = "2.0"
_SEAL = re.compile(rb',"hash":"(sha256:[0-9a-f]{64})"\}\Z')
_SHAPES: dict[str, dict[str, type]] = {
    "run": {"who": str, "tenant": dict, "fingerprint": str, "planned": int},
    "attempt": {"action": str, "resource": str, "key": str},
    "outcome": {
        "action": str,
        "resource": str,
        "key": str,
        "status": str,
        "detail": str,
        "changes": list,
        "members": dict,
    },
    "canary": {"actions": int, "total": int, "reason": str, "differences": list},
    "end": {},
}


def seal(values: Mapping[str, object]) -> tuple[bytes, str]:
    """An entry as its line, and its hash: of the canonical JSON of all the rest, at whose end it then stands."""
    content = canonical(values)
    seal = digest_of(content)
    return b'%b,"hash":"%b"}\n' % (content[:-1], seal.encode()), seal


def sealed_hash(line: bytes) -> str | None:
    """The hash of an entry's line (without its end of line) where it is what the line's content comes to."""
    found = _SEAL.search(line)
    if found is None:
        return None
    claimed = found[1].decode()
    return claimed if digest_of(line[: found.start()] + b"}") == claimed else None


def digest_of(content: bytes) -> str:
    """`sha256:<hex>` of bytes."""
    return f"sha256:{sha256(content).hexdigest()}"


def parse_entry(line: bytes) -> dict[str, Any] | None:
    """The entry that a line holds, of any format; None where it holds none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and _is_entry(entry) else None


def is_chained(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is of a format that chains: 2.0 and later."""
    return isinstance(entry.get("hash"), str) and isinstance(entry.get("seq"), int)


def _is_entry(entry: dict[str, Any]) -> bool:
    kind = entry.get("entry")
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or not isinstance(entry.get("at"), str):
        return False
    if not all(isinstance(entry.get(name), kind) for name, kind in shape.items()):
        return False
    if kind == "canary":
        return all(map(_is_difference, entry["differences"]))
    return kind != "outcome" or (_is_text(entry.get("id")) and _are_changes(entry) and _are_members(entry["members"]))


def _is_difference(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("resource", "key", "path"))


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _are_changes(entry: dict[str, Any]) -> bool:
    return all(
        isinstance(each, dict) and isinstance(each.get("path"), str) and each.keys() >= {"before", "after"}
        for each in entry["changes"]
    )


def _are_members(members: dict[str, Any]) -> bool:
    sides = (members.get("add"), members.get("remove"), members.get("groups", []))
    return all(isinstance(side, list) and all(isinstance(each, str) for each in side) for side in sides)
