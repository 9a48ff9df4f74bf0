"""4me's rate limit: so many requests in a rolling hour and, where wanted, in any two seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from threading import Lock

HOUR = 3600.0
BURST = 2.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left after a request; `retry_after` in seconds where the request was one too many."""

    limit: int
    remaining: int
    reset: int
    retry_after: int | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that every response carries; `x-ratelimit-reset` is in epoch seconds."""
        told = (
            ("x-ratelimit-limit", str(self.limit)),
            ("x-ratelimit-remaining", str(self.remaining)),
            ("x-ratelimit-reset", str(self.reset)),
        )
        return told if self.retry_after is None else (*told, ("retry-after", str(self.retry_after)))


class RateLimiter:
    """Counts the requests that were let through. Safe for threads."""

    def __init__(self, limit: int, burst_limit: int | None) -> None:
        self._limit = limit
        self._burst_limit = burst_limit
        self._times: deque[float] = deque()
        self._lock = Lock()

    def take(self, now: float) -> Budget:
        """Let a request through, or say when the next one may come."""
        with self._lock:
            self._forget(now)
            wait = self._wait(now)
            if wait is None:
                self._times.append(now)
            return self._budget(now, wait)

    def peek(self, now: float) -> Budget:
        """Return what is left, without a request: for those that are refused before they count."""
        with self._lock:
            self._forget(now)
            return self._budget(now, None)

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] <= now - HOUR:
            self._times.popleft()

    def _wait(self, now: float) -> float | None:
        if len(self._times) >= self._limit:
            return self._times[0] + HOUR - now if self._times else HOUR
        if self._burst_limit is not None and len(self._times) >= self._burst_limit:
            earliest = self._times[-self._burst_limit] if self._burst_limit else now
            return earliest + BURST - now if earliest > now - BURST else None
        return None

    def _budget(self, now: float, wait: float | None) -> Budget:
        reset = math.ceil((self._times[0] if self._times else now) + HOUR)
        retry_after = None if wait is None else max(1, math.ceil(wait))
        return Budget(self._limit, self._limit - len(self._times), reset, retry_after)
