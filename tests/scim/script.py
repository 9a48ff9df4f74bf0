"""A service that answers by a script, a clock that only waiting moves, and a client for both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reconciler.scim.client import Client
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.pacing import Timing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Condition

TOKEN = "0123456789abcdef" * 4
NOON = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
Step = tuple[int, dict[str, str], Any] | type[Exception]
FINE: Step = (200, {}, {"id": "1"})


@dataclass
class Clock:
    """Time that only waiting moves."""

    now: float = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def pause(self, _condition: Condition, seconds: float) -> None:
        self.wait(seconds)

    def timing(self) -> Timing:
        return Timing(
            lambda: self.now, lambda: NOON + self.now, self.wait, self.pause, lambda: 1.0, lambda at: f"+{at - NOON:g}"
        )


@dataclass
class Script:
    """A WSGI application that answers one step after the other, the last one for ever."""

    steps: list[Step]
    clock: Clock = field(default_factory=Clock)
    times: list[float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.times.append(self.clock.now)
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix('/scim/v2')}")
        self.headers.append({name: value for name, value in environ.items() if name.startswith("HTTP_")})
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, type):
            raise step
        status, headers, content = step
        start_response(f"{status} X", list(headers.items()))
        return [content if isinstance(content, bytes) else json.dumps(content).encode()]

    @property
    def waits(self) -> list[float]:
        """Seconds between requests, where there are any."""
        return [later - earlier for earlier, later in pairwise(self.times) if later != earlier]


def client(script: Script, talk: list[str] | None = None, waiting: Waiting = Waiting()) -> Client:
    waiting = replace(waiting, timing=script.clock.timing())
    connection = Connection("sandbox:", TOKEN, "widget", requests_per_two_seconds=10**6, waiting=waiting)
    heard = [] if talk is None else talk
    return Client(connection, application=script, on_talk=heard.append)
