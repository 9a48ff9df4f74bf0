"""Digests of plain values: the same values give the same digest, whatever the order of keys."""

from __future__ import annotations

import json
from hashlib import sha256


def canonical(value: object) -> bytes:
    """The one way to write `value` (JSON types, tuples and string enums): JSON, keys sorted, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def digest(value: object) -> str:
    """`sha256:<hex>` of `value` written canonically."""
    return f"sha256:{sha256(canonical(value)).hexdigest()}"
