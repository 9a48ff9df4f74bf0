"""What one run leaves to the next about the service's limits: when it sent, and what was left.

Touches one small file in the state directory (0600, its directory 0700). It is caution only: a file that is missing,
damaged, old, from the future or of another endpoint is ignored, and one that cannot be written does not matter.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from reconciler.core.forecast import HOUR
from reconciler.state_files import is_there, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reconciler.scim.connection import Connection
    from reconciler.scim.pacing import Pacer

FORMAT_VERSION = "1.0"
_CLOCKS_DIFFER = 1.0
_MOST_REQUESTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Carryover:
    """All times in epoch seconds. `answered`: how many answers came at which time, oldest first.

    `remaining`: how many of `limit` requests are left until `reset`, as the service said; None where it said nothing.
    """

    at: float
    answered: tuple[tuple[float, int], ...] = ()
    remaining: int | None = None
    reset: float = 0.0
    limit: int = 0


@contextmanager
def remember(pacer: Pacer, connection: Connection) -> Iterator[None]:
    """Count what the last run sent, and leave to the next what this one sends, however it ends."""
    path, whose = connection.waiting.carryover, f"{connection.endpoint} {connection.account or ''}"
    if path is None:
        yield
        return
    earlier = read_carryover(path, whose, pacer.timing.epoch())
    if earlier:
        pacer.recall(earlier)
    try:
        yield
    finally:
        write_carryover(path, whose, pacer.carry_over())


def gather(times: Iterable[float], exact_from: float) -> tuple[tuple[float, int], ...]:
    """Times and how often each occurs; those before `exact_from` as the whole second after them."""
    rounded = (round(at, 3) if at >= exact_from else float(math.ceil(at)) for at in times)
    return tuple((at, sum(1 for _ in group)) for at, group in groupby(sorted(rounded)))


def read_carryover(path: Path, whose: str, epoch: float) -> Carryover | None:
    """What the last run left; None where that is of no use. `whose`: the endpoint and account that it must be of."""
    try:
        if not is_there(path):
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["formatVersion"] != FORMAT_VERSION or document["whose"] != whose:
            return None
        found = _parse(document)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    newest = max((found.at, *(at for at, _ in found.answered)))
    if not epoch - HOUR < found.at or newest > epoch + _CLOCKS_DIFFER:
        return None
    return found


def write_carryover(path: Path, whose: str, left: Carryover) -> None:
    """Leave this to the next run, whole or not at all."""
    document = {
        "formatVersion": FORMAT_VERSION,
        "whose": whose,
        "at": round(left.at, 3),
        "answered": left.answered,
        "remaining": left.remaining,
        "reset": round(left.reset, 3),
        "limit": left.limit,
    }
    with suppress(OSError), replacing(path, durable=False) as partial:
        partial.write_text(json.dumps(document), encoding="utf-8")


def _parse(document: dict[str, Any]) -> Carryover:
    """Raises ValueError, TypeError or KeyError where it is not as it is written here."""
    answered = tuple(sorted((_number(at), _count(count)) for at, count in document["answered"]))
    remaining = document["remaining"]
    if sum(count for _, count in answered) > _MOST_REQUESTS:
        raise ValueError
    known = None if remaining is None else _count(remaining)
    return Carryover(_number(document["at"]), answered, known, _number(document["reset"]), _count(document["limit"]))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError
    return value
