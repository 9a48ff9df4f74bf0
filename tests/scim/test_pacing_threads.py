"""Eight threads against servers that enforce their limits to the letter, on a clock that runs fast: no 429 at all."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.carryover import remember
from reconciler.scim.client import Client
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.pacing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from threading import Condition

    Application = Callable[..., Iterable[bytes]]

EPOCH = 1_700_000_000.0
THREADS = 8
TRAVEL = 0.0005


@dataclass(frozen=True, slots=True)
class FastClock:
    """So many seconds pass in a real one."""

    speed: float
    start: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return (time.monotonic() - self.start) * self.speed

    def epoch(self) -> float:
        return EPOCH + self.now()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)

    def pause(self, condition: Condition, seconds: float) -> None:
        condition.wait(seconds / self.speed)

    def timing(self) -> Timing:
        return Timing(self.now, self.epoch, self.sleep, self.pause, look=1e9)


@dataclass
class Strict:
    """Counts arrivals in windows of its own, sliding or fixed, and tells its limits or keeps them to itself."""

    clock: FastClock
    limits: dict[float, int]
    fixed: bool
    told: bool = True
    arrivals: list[float] = field(default_factory=list)
    refused: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, _environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        time.sleep(TRAVEL)
        with self._lock:
            now = self.clock.epoch()
            full = any(self._count(now, seconds) >= limit for seconds, limit in self.limits.items())
            self.refused += full
            self.arrivals += [] if full else [now]
            headers = self._headers(now)
        time.sleep(TRAVEL)
        start_response("429 X" if full else "200 X", [*headers, *([("Retry-After", "1")] if full else [])])
        return [b"{}"]

    def _count(self, now: float, seconds: float) -> int:
        if self.fixed:
            return sum(1 for each in self.arrivals if each // seconds == now // seconds)
        return sum(1 for each in self.arrivals if each > now - seconds)

    def _headers(self, now: float) -> list[tuple[str, str]]:
        if not self.told:
            return []
        hour = 3600.0
        start = now // hour * hour if self.fixed else min(each for each in [*self.arrivals, now] if each > now - hour)
        values = {
            "limit": self.limits[hour],
            "remaining": self.limits[hour] - self._count(now, hour),
            "reset": math.ceil(start + hour),
        }
        return [(f"x-ratelimit-{name}", str(value)) for name, value in values.items()]


def send(application: Application, clock: FastClock, connection: Connection, count: int) -> None:
    """A run of its own: so many requests by eight threads."""
    connection = replace(connection, waiting=replace(connection.waiting, timing=clock.timing()))
    client = Client(connection, application=application)
    with closing(client), remember(client.pacer, connection), ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: client.get("/Users"), range(count)))
    assert len(answers) == count


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_no_429_in_bursts_nor_in_runs_that_follow_each_other(tmp_path: Path, *, fixed: bool, told: bool) -> None:
    clock = FastClock(20.0)
    server = Strict(clock, {3600.0: 3600, 2.0: 20}, fixed, told)
    connection = Connection("sandbox:", waiting=Waiting(carryover=tmp_path / "pacing" / "t.json"))
    for count in (30, 25, 25):
        send(server, clock, connection, count)
    assert (server.refused, len(server.arrivals)) == (0, 80)


@pytest.mark.parametrize("fixed", [False, True])
def test_no_429_at_the_end_of_the_hour(tmp_path: Path, *, fixed: bool) -> None:
    clock = FastClock(20_000.0)
    server = Strict(clock, {3600.0: 30}, fixed)
    connection = Connection(
        "sandbox:", requests_per_two_seconds=1000, waiting=Waiting(carryover=tmp_path / "pacing" / "t.json")
    )
    for count in (28, 30, 22):
        send(server, clock, connection, count)
    assert (server.refused, len(server.arrivals)) == (0, 80)


def test_no_429_from_the_sandbox(tmp_path: Path) -> None:
    clock = FastClock(20.0)
    sandbox = open_sandbox(SandboxOptions(burst_limit=20, clock=clock.epoch))
    connection = Connection("sandbox:", waiting=Waiting(carryover=tmp_path / "pacing" / "t.json"))
    for count in (30, 25):
        send(wsgi_application(sandbox), clock, connection, count)
    assert Counter(each.status for each in sandbox.requests) == {200: 55}
    sandbox.close()
    assert "token" not in json.loads((tmp_path / "pacing" / "t.json").read_text(encoding="utf-8"))


def test_two_processes_at_once_share_without_hammering() -> None:
    clock = FastClock(20.0)
    server = Strict(clock, {3600.0: 3600, 2.0: 20}, fixed=False)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: send(server, clock, Connection("sandbox:"), 60), range(2)))
    assert len(server.arrivals) == 120
    assert server.refused < 60
