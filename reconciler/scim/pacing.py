"""One budget of requests for the whole process, shared by all threads.

Two sliding windows (an hour, two seconds) and what the service's headers say. A slot is free again one window after its
answer came, so that however long a request travels the service never sees more than the limit in any window.
"""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHOWN_FROM_SECONDS = 2.0
LONGEST_WAIT = 3600.0
"""Seconds: the rolling hour is the longest that 4me's limits can ask for."""
_LONGEST_SLEEP = 60.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from. `pause` waits on a condition for so many seconds (None: until notified)."""

    monotonic: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    pause: Callable[[Condition, float | None], object] = Condition.wait
    chance: Callable[[], float] = random.random


@dataclass(slots=True)
class _Window:
    seconds: float
    limit: int
    under_way: int = 0
    answered: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float | None:
        """Seconds until a request may start; None while only an answer can free a slot."""
        while self.answered and self.answered[0] <= now - self.seconds:
            self.answered.popleft()
        if self.under_way + len(self.answered) < self.limit:
            return 0.0
        return self.answered[0] + self.seconds - now if self.answered else None


class Pacer:
    """Hands out permission to send. `on_wait(seconds, reason)` hears of waits that a person would notice."""

    def __init__(
        self,
        per_hour: int,
        per_two_seconds: int,
        *,
        on_wait: Callable[[float, str], None],
        timing: Timing = Timing(),
    ) -> None:
        self._windows = (_Window(3600.0, per_hour), _Window(2.0, per_two_seconds))
        self._on_wait = on_wait
        self._timing = timing
        self._condition = Condition()
        self._blocked_until = 0.0
        self._reason = ""
        self.remaining: int | None = None

    def acquire(self) -> None:
        """Return when a request may be sent; `release` must follow."""
        told = False
        with self._condition:
            while True:
                wait, reason = self._wait()
                if wait == 0.0:
                    break
                if wait is not None and wait >= SHOWN_FROM_SECONDS and not told:
                    self._on_wait(wait, reason)
                    told = True
                self._timing.pause(self._condition, wait if wait is None else min(wait, _LONGEST_SLEEP))
            for window in self._windows:
                window.under_way += 1

    def release(self, headers: Mapping[str, str] | None) -> None:
        """The answer came (or never will): free the slot in time and learn from the headers."""
        with self._condition:
            now = self._timing.monotonic()
            for window in self._windows:
                window.under_way -= 1
                window.answered.append(now)
            self._learn(headers or {}, now)
            self._condition.notify_all()

    def block(self, seconds: float, reason: str) -> None:
        """Nobody sends for so many seconds: the service said so."""
        with self._condition:
            until = self._timing.monotonic() + seconds
            if until > self._blocked_until:
                self._blocked_until, self._reason = until, reason

    def _wait(self) -> tuple[float | None, str]:
        now = self._timing.monotonic()
        if self._blocked_until > now:
            return self._blocked_until - now, self._reason
        for window in self._windows:
            wait = window.wait(now)
            if wait != 0.0:
                return wait, f"the limit of {window.limit} requests in {window.seconds:g} s"
        return 0.0, ""

    def _learn(self, headers: Mapping[str, str], now: float) -> None:
        try:
            limit = int(headers["x-ratelimit-limit"])
            self.remaining = int(headers["x-ratelimit-remaining"])
            reset = float(headers["x-ratelimit-reset"])
        except (KeyError, ValueError):
            return
        hour = self._windows[0]
        if 0 < limit < hour.limit:
            hour.limit = limit
        wait = min(reset - self._timing.epoch(), LONGEST_WAIT)
        if self.remaining <= hour.under_way and wait > 0:
            self._blocked_until = max(self._blocked_until, now + wait)
            self._reason = f"the hour's {limit} requests are used up"
