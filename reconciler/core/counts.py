"""Numbers of things in words."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """The noun, with an s unless there is one of it."""
    return noun if count == 1 else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """How many of it."""
    return f"{count} {plural(count, noun)}"
