"""One entry of the journal as a line: sealed when it is written, checked for its shape when it is read. Pure."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reconciler.core.digest import canonical
from reconciler.core.times import parse_time
from reconciler.journal.shapes import is_deep, is_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT_VERSION = "2.0"
DEEPEST = 64
"""Levels of lists and objects within each other that an entry may have."""
_CHAIN = frozenset(("seq", "previous", "hash"))
_SEAL = re.compile(rb',"hash":"(sha256:[0-9a-f]{64})"\}\Z')


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
    if not is_entry(entry) or parse_time(entry["at"]) is None:
        return None
    nested = line.count(b"[") + line.count(b"{")
    return None if nested > DEEPEST and is_deep(entry, DEEPEST) else entry


def is_chained(entry: Mapping[str, Any]) -> bool:
    """Whether an entry says where it stands in a chain, as all do from format 2.0 on."""
    return entry.keys() >= _CHAIN


def begins_older(entry: Mapping[str, Any] | None) -> bool:
    """Whether this begins a run of a format that does not chain; what is left of a chained one does not."""
    return entry is not None and str(entry.get("formatVersion")).startswith("1.") and not _CHAIN & entry.keys()
