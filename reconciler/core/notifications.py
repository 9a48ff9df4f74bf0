"""Who is told what, as a Tenant document says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Topic = Literal["drift", "refused", "failed", "token"]
"""Drift was found; a guard refused; an apply failed or was done in part, or a drift check failed; the token expires."""

Detail = Literal["counts", "names", "changes"]
"""How much of people's data may be told: none, who is concerned, or every change."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where news goes: `env` is the environment variable that holds its addresses, which are secrets."""

    env: str
    topics: frozenset[Topic]


@dataclass(frozen=True, slots=True)
class Notifications:
    """`every`: seconds during which the same news is not told to the same destination again."""

    to: tuple[Destination, ...]
    detail: Detail = "counts"
    every: float = 86400.0
