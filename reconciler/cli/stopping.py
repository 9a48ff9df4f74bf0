"""A run that is asked to end: Ctrl-C, or what a pipeline or a system that shuts down sends (SIGTERM)."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stop:
    """`event` ends all waits; `gently`, once the apply has begun: what is in flight finishes."""

    event: Event
    gently: bool = False


@contextmanager
def stopping(say: Callable[[str], None]) -> Iterator[Stop]:
    """Both interrupt, but once the apply has begun the first one lets what is in flight finish."""
    stop = Stop(Event())

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        interrupt = stop.event.is_set() or not stop.gently
        stop.event.set()
        if interrupt:
            raise KeyboardInterrupt
        say("stopping: requests in flight finish first (Ctrl-C again to interrupt them)")

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
