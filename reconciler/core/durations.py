"""Spans of time as people read and write them."""

from __future__ import annotations

import math
import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def show_seconds(seconds: float) -> str:
    """`45 s`, `12 min 30 s`, `2 h 5 min`: rounded up, in at most two units."""
    whole = max(0, math.ceil(seconds - 1e-6))
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004 - seconds in an hour
        return _joined(whole // 60, "min", whole % 60, "s")
    minutes = math.ceil(whole / 60)
    return _joined(minutes // 60, "h", minutes % 60, "min")


def parse_duration(text: str) -> float:
    """Seconds from `90`, `90s`, `10m`, `1.5h`. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", text.strip(), re.ASCII)
    if not found:
        message = f"{text!r} is not a duration such as 90s, 10m or 2h"
        raise ValueError(message)
    return float(found[1]) * _UNITS[found[2]]


def _joined(whole: int, unit: str, rest: int, smaller: str) -> str:
    return f"{whole} {unit}" + (f" {rest} {smaller}" if rest else "")
