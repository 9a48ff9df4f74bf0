"""Digests of plain values: the same values give the same digest, whatever the order of keys."""

from __future__ import annotations

import json
from hashlib import sha256


def digest(value: object) -> str:
    """`sha256:<hex>` of the canonical JSON of `value` (JSON types, tuples and string enums)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
