"""One budget of requests for the whole process, shared by all threads; docs/decisions/0004-pacing.md says why so.

Two sliding windows (an hour, two seconds), what the service's headers say, and the waits that it asks for. Where
nothing is known (at the start, after the hour's end, after a 429) one request goes ahead of the others.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from http import HTTPStatus
from threading import Condition, Event, Lock
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.durations import show_seconds
from reconciler.core.forecast import BURST, HOUR, Budget
from reconciler.errors import NotSent, Stopped
from reconciler.scim.carryover import Carryover, gather
from reconciler.scim.ratelimit import ServerClock, read_rate_limit, read_retry_after
from reconciler.scim.windows import ToldBudget, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ASSUMED_PER_HOUR = 3600
"""What 4me documents; it counts until the Tenant document or the service says otherwise."""
LONGEST_WAIT = HOUR
"""Seconds: the rolling hour is the longest that 4me's limits can ask for."""
SHOWN_FROM_SECONDS = 2.0
_SHOWN_AGAIN_AFTER = 30.0
_IDLE_AFTER = 30.0
_LONGEST_BLOCK = 1e6


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from.

    `pause` waits on a condition for so many seconds at most; `clock` shows epoch seconds as local time; `look` is how
    often, in seconds, who waits looks whether the run is stopped.
    """

    monotonic: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    pause: Callable[[Condition, float], object] = Condition.wait
    chance: Callable[[], float] = random.random
    clock: Callable[[float], str] = lambda epoch: time.strftime("%H:%M:%S", time.localtime(epoch))
    look: float = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to send and how long to wait.

    `per_hour` None: what the service says, until then what 4me documents. `longest_wait` None: as long as limits can
    ask for. `stop`, once set, ends every wait.
    """

    per_hour: int | None
    per_two_seconds: int
    longest_wait: float | None
    stop: Event


class _Hindrance(NamedTuple):
    """Why no request may start now: for so many seconds, or (None) until an answer comes. No reason: only speed."""

    seconds: float | None
    reason: str = ""


_UNTIL_AN_ANSWER = _Hindrance(None)


class Pacer:
    """Hands out permission to send. `on_wait` hears of each wait that a person would notice, once."""

    def __init__(self, pace: Pace, *, on_wait: Callable[[str], None], timing: Timing = Timing()) -> None:
        self._pace, self._on_wait, self.timing = pace, on_wait, timing
        self._hour = Window(HOUR, pace.per_hour or ASSUMED_PER_HOUR)
        self._burst = Window(BURST, pace.per_two_seconds)
        self._told = ToldBudget()
        self._server = ServerClock()
        self._condition = Condition(Lock())
        self._under_way = self._parked = 0
        self._one_ahead = True
        self._blocked_until, self._reason = float("-inf"), ""
        self._shown_at = self._shown_until = self._answered_at = float("-inf")
        self._slowed_at = self._calm = 0

    def acquire(self) -> int:
        """Return when a request may be sent; `release` must follow, with the ticket that this returns.

        Raises NotSent where that would take too long, Stopped when the run is stopped.
        """
        with self._condition:
            while (hindrance := self._hindrance()) is not None:
                self._await(hindrance)
            self._under_way += 1
            return self._told.answers

    def release(self, ticket: int, status: int | None, headers: Mapping[str, str]) -> None:
        """The answer came, or never will (`status` None): free the slot in time and learn from the headers."""
        with self._condition:
            now = self._answered_at = self.timing.monotonic()
            self._under_way -= 1
            self._hour.answered.append(now)
            self._burst.answered.append(now)
            self._learn(ticket, headers, now)
            self._adapt(ticket, status)
            if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                asked = read_retry_after(headers, self.timing.epoch())
                self._block(asked or 0.0, f"the service asked for it (HTTP {status})")
            if self._parked:
                self._condition.notify_all()

    def block(self, seconds: float, reason: str) -> None:
        """Nobody sends for so many seconds."""
        with self._condition:
            self._block(seconds, reason)

    def rest(self, seconds: float) -> None:
        """Wait before one request is repeated, while others go on. Raises Stopped when the run is stopped."""
        while seconds > 0:
            self._check_stop()
            self.timing.sleep(min(seconds, self.timing.look))
            seconds -= self.timing.look

    def budget(self) -> Budget:
        """What may still be sent, as far as is known."""
        with self._condition:
            now = self.timing.monotonic()
            self._hour.forget(now)
            used = self._hour.answered
            left = self._hour.limit - len(used) - self._under_way
            renewed_in = used[0] + HOUR - now if used else HOUR
            frees = [*(at + HOUR - now for at in used), *[HOUR] * self._under_way]
            told = self._told.left(self._under_way)
            if told is not None and told <= left:
                renewed_in = max(0.0, self._told.reset - now)
                frees = sorted([*frees, *[renewed_in] * (left - max(0, told))])
                left = told
            return Budget(
                self._hour.limit,
                self._pace.per_two_seconds,
                max(0, left),
                renewed_in,
                told=told is not None,
                frees=tuple(frees),
            )

    def recall(self, earlier: Carryover) -> None:
        """Count what an earlier run has sent and was told."""
        with self._condition:
            shift = self.timing.monotonic() - self.timing.epoch()
            times = [at + shift for at, count in earlier.answered for _ in range(count)]
            self._hour.answered.extend(times)
            self._burst.answered.extend(times)
            if earlier.remaining is not None:
                self._told.recall(earlier.remaining, earlier.reset + shift)
                self._hour.limit = min(self._pace.per_hour or earlier.limit, earlier.limit) or self._hour.limit

    def carry_over(self) -> Carryover:
        """What the next run is to count."""
        with self._condition:
            now, epoch = self.timing.monotonic(), self.timing.epoch()
            self._hour.forget(now)
            times = [at - now + epoch for at in self._hour.answered] + [epoch] * self._under_way
            left = self._told.left(self._under_way)
            known = None if left is None else max(0, left)
            reset = self._told.reset - now + epoch
            return Carryover(epoch, gather(times, epoch - BURST), known, reset, self._hour.limit)

    def _hindrance(self) -> _Hindrance | None:
        self._check_stop()
        now, under_way = self.timing.monotonic(), self._under_way
        if self._blocked_until > now:
            return _Hindrance(self._blocked_until - now, self._reason)
        left = self._told.left(under_way)
        if under_way:
            if self._one_ahead or (left is not None and left <= 0):
                return _UNTIL_AN_ANSWER
        elif left is not None and left <= 0:
            if self._told.reset > now:
                return _Hindrance(self._told.reset - now, self._used_up())
            self._told.forget()
            self._one_ahead = True
        elif now - self._answered_at > _IDLE_AFTER:
            self._one_ahead = True
        if (wait := self._hour.wait(now, under_way)) != 0.0:
            return _Hindrance(wait, self._used_up())
        return None if (wait := self._burst.wait(now, under_way)) == 0.0 else _Hindrance(wait)

    def _used_up(self) -> str:
        return f"the hour's {self._hour.limit} requests are used up"

    def _await(self, hindrance: _Hindrance) -> None:
        if hindrance.seconds is None:
            self._parked += 1
            try:
                self.timing.pause(self._condition, self.timing.look)
            finally:
                self._parked -= 1
            return
        if hindrance.reason:
            self._judge(hindrance.seconds, hindrance.reason)
        self.timing.pause(self._condition, min(hindrance.seconds, self.timing.look))

    def _judge(self, seconds: float, reason: str) -> None:
        """Whether to wait at all, and whether that is news."""
        longest = self._pace.longest_wait
        clock = self.timing.clock(self.timing.epoch() + seconds)
        if seconds > (LONGEST_WAIT if longest is None else min(longest, LONGEST_WAIT)):
            hint = "run it again then" + ("" if longest is None else ", or allow a longer wait with --max-wait")
            raise NotSent(f"{show_seconds(seconds)} to wait, until {clock}: {reason}", hint=hint)
        now = self.timing.monotonic()
        news = now + seconds > self._shown_until + 1.0 and now + seconds > self._shown_at + _SHOWN_AGAIN_AFTER
        if news and seconds >= SHOWN_FROM_SECONDS:
            self._shown_at, self._shown_until = now, now + seconds
            self._on_wait(f"waiting {show_seconds(seconds)}, until {clock}: {reason}")

    def _check_stop(self) -> None:
        if self._pace.stop.is_set():
            raise Stopped("stopped before it was started")

    def _block(self, seconds: float, reason: str) -> None:
        until = self.timing.monotonic() + min(seconds, _LONGEST_BLOCK)
        if until > self._blocked_until:
            self._blocked_until, self._reason = until, reason

    def _learn(self, ticket: int, headers: Mapping[str, str], now: float) -> None:
        told = read_rate_limit(headers)
        if told is None:
            self._told.miss()
            return
        reset_in = min(self._server.seconds_until(told.reset, headers, (now, self.timing.epoch())), LONGEST_WAIT)
        self._told.read(ticket, told, now + reset_in)
        lowest = self._told.lowest_limit
        if lowest:
            self._hour.limit = min(lowest, self._pace.per_hour or lowest)

    def _adapt(self, ticket: int, status: int | None) -> None:
        """After a 429 somebody else is sending too: half as fast, and back up again step by step."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            if ticket >= self._slowed_at:
                self._burst.limit = max(1, self._burst.limit // 2)
                self._slowed_at, self._calm = self._told.answers, 0
            self._one_ahead = True
        elif status is not None and ticket >= self._slowed_at:
            self._one_ahead = False
            self._calm += 1
            if self._calm >= self._burst.limit < self._pace.per_two_seconds:
                self._burst.limit, self._calm = self._burst.limit + 1, 0
