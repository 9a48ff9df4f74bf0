"""Pacing: no window of the server ever holds more than its limit; what the service says counts."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Event
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.forecast import Budget
from reconciler.errors import NotSent, Stopped
from reconciler.scim.pacing import Pace, Pacer, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Condition

EPOCH = 1_700_000_000.0
EIGHTHS = st.integers(0, 40).map(lambda number: number / 8)
HOURS, MOMENTS = 3600.0, 2.0


@dataclass
class Server:
    """Enforces limits to the letter, in sliding windows or in fixed ones; `used` requests are already gone."""

    per_hour: int = 10**6
    per_two_seconds: int = 10**6
    fixed: bool = False
    told: bool = True
    used: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    refused: int = 0

    def answer(self, now: float) -> tuple[int, dict[str, str]]:
        """Status and headers for a request that arrives now."""
        too_many = [
            seconds
            for seconds, limit in ((HOURS, self.per_hour), (MOMENTS, self.per_two_seconds))
            if self._count(now, seconds) >= limit
        ]
        if too_many:
            self.refused += 1
            return 429, self._headers(now) | {"retry-after": str(math.ceil(max(too_many)))}
        self.seen.append(now)
        return 200, self._headers(now)

    def _count(self, now: float, seconds: float) -> int:
        times = self.seen if seconds == MOMENTS else [*self.used, *self.seen]
        if self.fixed:
            return sum(1 for each in times if each // seconds == now // seconds)
        return sum(1 for each in times if each > now - seconds)

    def _headers(self, now: float) -> dict[str, str]:
        if not self.told:
            return {}
        start = (
            now // HOURS * HOURS
            if self.fixed
            else min([each for each in [*self.used, *self.seen] if each > now - HOURS] or [now])
        )
        return {
            "x-ratelimit-limit": str(self.per_hour),
            "x-ratelimit-remaining": str(self.per_hour - self._count(now, HOURS)),
            "x-ratelimit-reset": str(math.floor(EPOCH + start + HOURS)),
        }


@dataclass
class Simulation:
    """Requests that travel, and a clock that jumps from one event to the next; all times in seconds."""

    per_hour: int | None = None
    per_two_seconds: int = 10**6
    longest_wait: float | None = None
    answer: Callable[[float], tuple[int | None, Mapping[str, str]]] = lambda _now: (200, {})
    now: float = 0.0
    told: list[str] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        pace = Pace(self.per_hour, self.per_two_seconds, self.longest_wait, self.stop)
        self.pacer = Pacer(pace, on_wait=self.told.append, timing=self.timing())

    def timing(self) -> Timing:
        return Timing(
            lambda: self.now,
            lambda: EPOCH + self.now,
            self.advance,
            self.pause,
            lambda: 0.5,
            lambda epoch: f"+{epoch - EPOCH:g}",
            10_000.0,
        )

    def pause(self, condition: Condition, seconds: float) -> None:
        condition.release()
        self.advance(min(seconds, self._events[0][0] - self.now) if self._events else seconds)
        condition.acquire()

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        self.now = until

    def later(self, seconds: float, happens: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + seconds, self._number, happens))

    def finish(self) -> None:
        """Until all answers are there."""
        while self._events:
            self.advance(self._events[0][0] - self.now)

    def send(self, there: float = 0.0, back: float = 0.0, *, lost: bool = False) -> float:
        """Send a request that takes so long there and back (or is lost there); the time at which it was sent."""
        ticket = self.pacer.acquire()
        sent = self.now

        def arrive() -> None:
            status, headers = self.answer(self.now)
            self.later(back, lambda: self.pacer.release(ticket, *((None, {}) if lost else (status, headers))))

        self.later(there, arrive)
        if there == back == 0.0:
            self.advance(0.0)
        return sent

    def answered(self, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """One request and its answer, at once."""
        self.pacer.release(self.pacer.acquire(), status, headers)

    def limited(self, limit: object, remaining: object, reset: object, **headers: str) -> None:
        told = {"limit": limit, "remaining": remaining, "reset": reset}
        self.answered(200, {f"x-ratelimit-{name}": str(value) for name, value in told.items()} | headers)


@st.composite
def traffic(draw: st.DrawFn) -> list[tuple[float, float, float]]:
    """Requests: seconds since the one before, there, and back."""
    return draw(st.lists(st.tuples(EIGHTHS, EIGHTHS, EIGHTHS), max_size=40))


LIMITS = {"per_hour": st.integers(1, 6), "per_two_seconds": st.integers(1, 6)}
SERVERS = {"fixed": st.booleans(), "told": st.booleans()}


@given(requests=traffic(), **LIMITS, **SERVERS)
@settings(max_examples=300)
def test_no_server_ever_sees_more_than_its_limits(
    requests: list[tuple[float, float, float]], per_hour: int, per_two_seconds: int, *, fixed: bool, told: bool
) -> None:
    server = Server(per_hour, per_two_seconds, fixed=fixed, told=told)
    simulation = Simulation(per_hour, per_two_seconds, answer=server.answer)
    for gap, there, back in requests:
        simulation.advance(gap)
        simulation.send(there, back)
    simulation.advance(100.0)
    assert (server.refused, len(server.seen)) == (0, len(requests))


@given(
    requests=traffic(),
    lost=st.sets(st.integers(1, 40)),
    per_hour=st.integers(1, 12),
    used=st.lists(st.integers(-3599, 0).map(float), max_size=12),
    fixed=st.booleans(),
)
@settings(max_examples=300)
def test_what_others_used_and_a_lower_limit_are_learned_from_the_first_answer(
    requests: list[tuple[float, float, float]], lost: set[int], per_hour: int, used: list[float], *, fixed: bool
) -> None:
    used = [0.0] * len(used) if fixed else used
    server = Server(per_hour, fixed=fixed, used=used[: per_hour - 1])
    left = per_hour - len(server.used)  # after that, it is the answers that tell how many slots came free
    simulation = Simulation(answer=server.answer)
    for number, (gap, there, back) in enumerate(requests):
        simulation.advance(gap)
        simulation.send(there, back, lost=number in lost and number < left)
    simulation.finish()
    assert (server.refused, len(server.seen)) == (0, len(requests))


@given(runs=st.lists(traffic(), max_size=4), used=st.integers(0, 5), stated=st.booleans(), **LIMITS, **SERVERS)
@settings(max_examples=300)
def test_runs_that_follow_each_other_keep_the_limits_together(
    runs: list[list[tuple[float, float, float]]], used: int, per_hour: int, per_two_seconds: int, **how: bool
) -> None:
    told = how["told"] or not how["stated"]
    server = Server(per_hour, per_two_seconds, fixed=how["fixed"], told=told)
    server.used = [0.0] * min(used, per_hour - 1) if told else []
    limit = per_hour if how["stated"] else None
    now, before = 0.0, None
    for requests in runs:
        simulation = Simulation(limit, per_two_seconds, answer=server.answer, now=now)
        if before:
            simulation.pacer.recall(before)
        for gap, there, back in requests:
            simulation.advance(gap)
            simulation.send(there, back)
        simulation.finish()
        now, before = simulation.now, simulation.pacer.carry_over()
    assert (server.refused, len(server.seen)) == (0, sum(map(len, runs)))


def test_what_is_under_way_when_a_run_ends_counts_in_the_next() -> None:
    first, second = Simulation(3600, 2), Simulation(3600, 2)
    first.answered()
    first.send(9.0)
    second.pacer.recall(first.pacer.carry_over())
    assert [second.send(), second.pacer.budget().left] == [2.0, 3597]


def test_a_limit_that_an_earlier_run_learned_counts_until_the_next_answer() -> None:
    first, second = Simulation(), Simulation()
    first.limited(50, 0, EPOCH + 9)
    second.pacer.recall(first.pacer.carry_over())
    assert [second.send(), second.told] == [10.0, ["waiting 10 s, until +10: the hour's 50 requests are used up"]]
    second.limited(90, 80, EPOCH + 9)
    assert second.pacer.budget().per_hour == 90


def test_headers_that_stop_coming_are_not_waited_for() -> None:
    simulation = Simulation(answer=lambda _now: (200, {}))
    simulation.limited(3600, 0, EPOCH + 9)
    assert [simulation.send(1.0, 1.0) for _ in range(4)] == [10.0, 12.0, 12.0, 12.0]


def test_no_longer_than_needed() -> None:
    simulation = Simulation(3600, 20)
    assert [simulation.send() for _ in range(60)] == [0.0] * 20 + [2.0] * 20 + [4.0] * 20


def test_one_request_goes_ahead_and_the_others_follow_its_answer() -> None:
    simulation = Simulation()
    assert [simulation.send(0.5, 0.5) for _ in range(4)] == [0.0, 1.0, 1.0, 1.0]
    simulation.advance(60.0)
    assert [simulation.send(0.5, 0.5) for _ in range(3)] == [61.0, 62.0, 62.0]


def test_eight_at_a_time_send_only_what_remains() -> None:
    server = Server(10, used=[-3000.0] * 6)
    simulation = Simulation(answer=server.answer)
    assert [simulation.send(0.5, 0.5) for _ in range(5)] == [0.0, 1.0, 1.0, 1.0, 601.0]
    assert simulation.told == ["waiting 9 min 59 s, until +601: the hour's 10 requests are used up"]
    assert server.refused == 0


def test_a_wait_is_told_once_however_many_wait() -> None:
    simulation = Simulation(1, 20)
    assert [simulation.send() for _ in range(3)] == [0.0, 3600.0, 7200.0]
    assert simulation.told == [
        "waiting 1 h, until +3600: the hour's 1 requests are used up",
        "waiting 1 h, until +7200: the hour's 1 requests are used up",
    ]
    parallel = Simulation()
    parallel.pacer.block(90.0, "the service asked for it")
    for _ in range(8):
        parallel.pacer._judge(90.0, "the service asked for it")
    assert parallel.told == ["waiting 1 min 30 s, until +90: the service asked for it"]


def test_short_waits_are_not_told() -> None:
    simulation = Simulation(3600, 1)
    assert [simulation.send() for _ in range(3)] == [0.0, 2.0, 4.0]
    simulation.pacer.block(1.5, "the service asked for it")
    assert (simulation.send(), simulation.told) == (6.0, [])


@pytest.mark.parametrize(
    ("reset", "date", "waits"),
    [
        (EPOCH + 90, None, 91.0),
        (EPOCH + 90 + 500, EPOCH + 500, 91.0),
        (EPOCH + 90 - 500, EPOCH - 500, 91.0),
        (EPOCH + 10**6, None, 3600.0),
        (EPOCH, None, 1.0),
        (EPOCH - 5, None, 0.0),
        ("9e99", None, 3600.0),
        ("nan", None, 0.0),
        (90, None, 0.0),
    ],
)
def test_the_hour_ends_when_the_service_says_by_its_own_clock(reset: object, date: float | None, waits: float) -> None:
    simulation = Simulation()
    simulation.limited(3600, 0, reset, **({"date": formatdate(date, usegmt=True)} if date else {}))
    assert simulation.send() == waits


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH + 90)},
        {"x-ratelimit-limit": "3600", "x-ratelimit-remaining": "0"},
        {"x-ratelimit-limit": "3600", "x-ratelimit-remaining": "5", "x-ratelimit-reset": str(EPOCH + 90)},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "5", "x-ratelimit-reset": str(EPOCH + 90), "date": "noon"},
    ],
)
def test_headers_that_say_nothing_stop_nobody(headers: dict[str, str]) -> None:
    simulation = Simulation()
    simulation.answered(200, headers)
    assert simulation.send() == 0.0


@pytest.mark.parametrize(
    ("stated", "told", "counts"), [(None, 5, 5), (None, 9000, 9000), (7, 5, 5), (7, 9000, 7), (None, None, 3600)]
)
def test_a_lower_limit_always_counts_and_a_higher_one_where_none_is_stated(
    stated: int | None, told: int | None, counts: int
) -> None:
    simulation = Simulation(stated)
    if told:
        simulation.limited(told, told - 1, EPOCH + 3600)
    assert simulation.pacer.budget().per_hour == counts


def test_the_budget_is_the_smaller_of_what_is_known_and_what_is_told() -> None:
    simulation = Simulation(100)
    assert simulation.pacer.budget() == Budget(100, 10**6, 100, 3600.0, told=False)
    simulation.answered()
    simulation.advance(60.0)
    assert simulation.pacer.budget() == Budget(100, 10**6, 99, 3540.0, told=False)
    simulation.limited(3600, 40, EPOCH + 600)
    assert simulation.pacer.budget() == Budget(100, 10**6, 40, 541.0, told=True)
    simulation.limited(3600, 3000, EPOCH + 600)
    assert simulation.pacer.budget() == Budget(100, 10**6, 97, 3540.0, told=True)


def test_what_the_service_asks_for_holds_for_everybody_and_the_longest_counts() -> None:
    simulation = Simulation()
    simulation.answered(429, {"retry-after": "7"})
    simulation.pacer.block(3.0, "another")
    assert simulation.send() == 7.0
    assert simulation.told == ["waiting 7 s, until +7: the service asked for it (HTTP 429)"]
    simulation.answered(
        503, {"retry-after": formatdate(EPOCH + 500, usegmt=True), "date": formatdate(EPOCH + 490, usegmt=True)}
    )
    assert simulation.send() == 17.0


def test_after_a_429_one_goes_ahead_and_all_go_slower_until_it_is_quiet() -> None:
    refuse = [True]
    simulation = Simulation(per_two_seconds=8, answer=lambda _now: (429, {}) if refuse.pop() else (200, {}))
    refuse[:] = [False] * 1000 + [True, True, True] + [False]
    for _ in range(4):
        simulation.send(0.125, 0.125)
    simulation.advance(10.0)
    start = simulation.now
    sent = [simulation.send(0.125, 0.125) - start for _ in range(200)]
    assert sent[:6] == [0.0, 0.25, 0.25, 0.25, 0.5, 2.25]
    rate = Counter(math.floor(each / 2) for each in sent)
    assert max(rate.values()) == 8
    assert simulation.pacer.budget().per_two_seconds == 8


def test_a_wait_that_is_too_long_ends_the_run() -> None:
    simulation = Simulation(longest_wait=600.0)
    simulation.limited(3600, 0, EPOCH + 899)
    with pytest.raises(NotSent) as caught:
        simulation.send()
    assert caught.value.message == "15 min to wait, until +900: the hour's 3600 requests are used up"
    assert caught.value.hint == "run it again then, or allow a longer wait with --max-wait"
    simulation.advance(300.0)
    assert simulation.send() == 900.0


def test_speed_is_no_wait() -> None:
    simulation = Simulation(per_two_seconds=1, longest_wait=0.0)
    assert [simulation.send() for _ in range(3)] == [0.0, 2.0, 4.0]


def test_no_wait_is_longer_than_limits_can_ask_for() -> None:
    simulation = Simulation()
    simulation.answered(429, {"retry-after": "9" * 400})
    with pytest.raises(NotSent) as caught:
        simulation.send()
    assert caught.value.hint == "run it again then"


def test_a_stop_ends_waits_and_rests() -> None:
    simulation = Simulation()
    simulation.pacer.block(1000.0, "the service asked for it")
    simulation.later(400.0, simulation.stop.set)
    with pytest.raises(Stopped):
        simulation.send()
    assert simulation.now == 400.0
    with pytest.raises(Stopped):
        simulation.pacer.rest(5.0)
    assert simulation.now == 400.0
