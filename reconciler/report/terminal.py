"""What all reports for a terminal share."""

from __future__ import annotations

BOLD, RED = "1", "31"
INDENT = " " * 6


def paint(text: str, code: str, *, color: bool) -> str:
    """Text in a colour (a code of ECMA-48 §8.3.117), where there is any."""
    return f"\x1b[{code}m{text}\x1b[0m" if color and code else text
