"""An apply of many hours on a clock that jumps: the sandbox's own limiter judges, and nothing really waits."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition, Event, Lock
from typing import TYPE_CHECKING

from reconciler.core.canary import Canary
from reconciler.core.durations import show_seconds
from reconciler.execution import ApplyOptions, carry_out
from reconciler.leftovers import Sorted
from reconciler.planning import make_session_plan
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.directory import Listener, open_directory
from reconciler.scim.pacing import Timing
from reconciler.session import PlanOptions, open_session
from tests.services import declare, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Outcome
    from reconciler.sandbox import Sandbox
    from reconciler.scim.directory import Directory

LATENCY = 0.05
"""Seconds that each request takes."""
ASKED = 20
"""With each so many outcomes it is asked again what the rest will take."""


@dataclass
class VirtualClock:
    """Seconds since it was made; waiting for an answer is the only thing that takes real time."""

    passed: float = 0.0
    _lock: Lock = field(default_factory=Lock)
    _start: float = field(default_factory=time.time)

    def now(self) -> float:
        return self.passed

    def epoch(self) -> float:
        return self._start + self.passed

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.passed += seconds

    def pause(self, condition: Condition, seconds: float) -> None:
        if seconds > 1e6:
            condition.wait()
            return
        condition.release()
        self.advance(seconds)
        condition.acquire()

    def show(self, epoch: float) -> str:
        return f"+{show_seconds(epoch - self._start)}"

    def timing(self) -> Timing:
        return Timing(self.now, self.epoch, self.advance, self.pause, lambda: 0.5, self.show, look=1e9)


@dataclass
class LongApply:
    """What was foretold at the start and with each outcome, and what happened; times in seconds from the start."""

    foretold: list[tuple[float, Forecast]] = field(default_factory=list)
    outcomes: tuple[Outcome, ...] = ()
    took: float = 0.0
    requests: int = 0
    waits: list[str] = field(default_factory=list)
    statuses: set[int | None] = field(default_factory=set)


def main(users: int = 10_000, per_hour: int = 3600) -> None:
    """The full size: `python -m tests.applying.virtual [USERS [PER_HOUR]]`."""
    with TemporaryDirectory() as folder:
        told = apply_long(Path(folder), users, per_hour, Canary(50))
    _, foretold = told.foretold[0]
    print(f"{users:,} writes and {told.requests - users} read-backs under {per_hour:,} requests an hour")  # noqa: T201
    print(f"foretold {show_seconds(foretold.seconds)}, took {show_seconds(told.took)}, answers {told.statuses}")  # noqa: T201
    print("\n".join(told.waits))  # noqa: T201


def apply_long(folder: Path, users: int, per_hour: int, canary: Canary | None = None, before: int = 0) -> LongApply:
    """Change every one of so many users, whom reading has to see first; `before`: requests that others sent."""
    clock, told = VirtualClock(), LongApply()
    sandbox = open_sandbox(
        SandboxOptions(
            database=None,
            organisation=Organisation(users=users, groups=0),
            rate_limit=per_hour,
            burst_limit=20,
            latency=LATENCY,
            clock=clock.epoch,
            sleep=clock.advance,
        )
    )
    organisation = declare(users, 0, 0)
    for user in organisation["users"]:
        user["title"] = "Changed"
    write(folder / "manifests", organisation, "https://widget.example/scim/v2", limits={"concurrency": 1})
    options = PlanOptions(folder / "manifests", folder / "state", on_talk=lambda _text: None)
    with closing(sandbox), _connected(sandbox, clock, told) as directory, open_session(options) as session:
        for _ in range(before):
            directory.client.get("/Users", {"count": "1"})
        planned = make_session_plan(session, directory, options)
        start, sent = clock.now(), len(sandbox.requests)
        heard = count()

        def hear_pace(foretell: Callable[[], Forecast]) -> None:
            if next(heard) % ASKED == 0:
                told.foretold.append((clock.now() - start, foretell()))

        how = ApplyOptions(
            canary=canary,
            on_start=lambda forecast, _stages: told.foretold.append((0.0, forecast)),
            on_pace=hear_pace,
            stop=Event(),
        )
        told.outcomes = carry_out(planned, Sorted(planned.plan.actions), (directory, session.tenant, options), how)
        told.took, told.requests = clock.now() - start, len(sandbox.requests) - sent
        told.statuses = {each.status for each in sandbox.requests}
    return told


def _connected(sandbox: Sandbox, clock: VirtualClock, told: LongApply) -> AbstractContextManager[Directory]:
    waiting = Waiting(timing=clock.timing())
    return open_directory(
        Connection("sandbox:", dialect="4me", concurrency=1, waiting=waiting),
        application=wsgi_application(sandbox),
        listener=Listener(on_talk=told.waits.append),
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
