"""What no key has: control characters and halves of surrogate pairs."""

from __future__ import annotations

import unicodedata


def find_control(key: str) -> int | None:
    """Where the first one stands, from 0; None where there is none."""
    if key.isprintable():
        return None
    return next((place for place, each in enumerate(key) if unicodedata.category(each) in ("Cc", "Cs")), None)
