"""What an answer's headers say of limits: `x-ratelimit-*`, `Retry-After` and the server's clock (`Date`)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOCK_GOOD_FOR = 60.0
_ROUNDING = 1.0
"""Headers count whole seconds, rounded one way or the other."""


class RateLimit(NamedTuple):
    """`limit` requests an hour, of which `remaining` are left until `reset` (epoch seconds of the server's clock)."""

    limit: int
    remaining: int
    reset: float


def read_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """The three headers; None where one is missing or is no number."""
    try:
        return RateLimit(
            int(headers["x-ratelimit-limit"]),
            max(0, int(headers["x-ratelimit-remaining"])),
            float(headers["x-ratelimit-reset"]),
        )
    except (KeyError, ValueError):
        return None


def read_retry_after(headers: Mapping[str, str], epoch: float) -> float | None:
    """Seconds from either form of Retry-After (RFC 9110 §10.2.3), a date by the server's clock where that is told."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    until = _read_date(value)
    if until is None:
        return None
    now = _read_date(headers.get("date", ""))
    return max(0.0, until - (epoch if now is None else now))


@dataclass(slots=True)
class ServerClock:
    """How far the server's clock is ahead of this machine's, as far as its `Date` header tells; read now and then."""

    ahead: float = 0.0
    read_at: float = float("-inf")

    def seconds_until(self, point: float, headers: Mapping[str, str], times: tuple[float, float]) -> float:
        """Seconds until a point of the server's time, never too few; `times`: now, monotonic and epoch."""
        now, epoch = times
        if now - self.read_at > _CLOCK_GOOD_FOR:
            date = _read_date(headers.get("date", ""))
            self.ahead, self.read_at = 0.0 if date is None else date - epoch, now
        return max(0.0, point - epoch - self.ahead + _ROUNDING)


def _read_date(value: str) -> float | None:
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
