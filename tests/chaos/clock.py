"""Time that passes only where somebody waits: back-off, limits and slow bodies take none of the real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.scim.pacing import Timing

if TYPE_CHECKING:
    from threading import Condition

START = 1_790_000_000.0
UNTIL_TOLD = 1e9
"""Seconds: so long waits who waits for an answer; whoever gets one tells."""


@dataclass(slots=True)
class Clock:
    """Epoch seconds, the same for the tool and for the service; safe for threads."""

    now: float = START
    _lock: Lock = field(default_factory=Lock)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds

    def timing(self) -> Timing:
        return Timing(self.time, self.time, self.sleep, self._pause, chance=lambda: 0.5, look=UNTIL_TOLD)

    def _pause(self, condition: Condition, seconds: float) -> None:
        if seconds < UNTIL_TOLD:
            self.sleep(seconds)
        condition.wait(0.05 if seconds >= UNTIL_TOLD else 0)
