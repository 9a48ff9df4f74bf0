"""What may be sent now: sliding windows over what was answered, and the service's own count. No clock inside."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.scim.ratelimit import RateLimit


@dataclass(slots=True)
class Window:
    """At most `limit` requests in any `seconds`.

    A slot is free again one window after its answer came, so that however long a request travels the service never sees
    more than the limit in any window of this length, sliding or fixed.
    """

    seconds: float
    limit: int
    answered: deque[float] = field(default_factory=deque)

    def wait(self, now: float, under_way: int) -> float | None:
        """Seconds until one more request may start; None while only an answer can free a slot."""
        self.forget(now)
        excess = under_way + len(self.answered) - self.limit
        if excess < 0:
            return 0.0
        if excess < len(self.answered):
            return self.answered[excess] + self.seconds - now
        return None

    def forget(self, now: float) -> None:
        """Let go of the slots that are free again."""
        answered = self.answered
        horizon = now - self.seconds
        while answered and answered[0] <= horizon:
            answered.popleft()


@dataclass(slots=True)
class ToldBudget:
    """What the service says is left of its hour, less what it may not have counted yet.

    Answers overtake each other, so a reading counts until there is one of a request that started after its answer. The
    lowest reading that counts, less all requests without an answer, is never more than what is really left.
    """

    reset: float = 0.0
    answers: int = 0
    lowest_limit: int | None = None
    _readings: deque[tuple[int, int]] = field(default_factory=deque)
    _unread: deque[int] = field(default_factory=deque)
    _lowest: int | None = None

    def left(self, under_way: int) -> int | None:
        """How many more may be sent; None where nothing is known."""
        return None if self._lowest is None else self._lowest - len(self._unread) - under_way

    def read(self, ticket: int, told: RateLimit, reset: float) -> None:
        """An answer that said what remains; `ticket` is the number of answers when its request started."""
        self.answers += 1
        if told.limit > 0:
            self.lowest_limit = min(told.limit, self.lowest_limit or told.limit)
        while self._readings and self._readings[0][0] <= ticket:
            self._readings.popleft()
        while self._unread and self._unread[0] <= ticket:
            self._unread.popleft()
        self._readings.append((self.answers, told.remaining))
        self._lowest = min(reading for _, reading in self._readings)
        self.reset = reset

    def miss(self) -> None:
        """An answer that did not say what remains, or none at all: the service may have counted its request."""
        self.answers += 1
        if self._lowest is not None:
            self._unread.append(self.answers)

    def recall(self, remaining: int, reset: float) -> None:
        """What an earlier run was told; it counts until there is an answer."""
        self._readings.append((0, remaining))
        self._lowest, self.reset = remaining, reset

    def forget(self) -> None:
        """The hour is over: nothing is known."""
        self._readings.clear()
        self._unread.clear()
        self._lowest = None
