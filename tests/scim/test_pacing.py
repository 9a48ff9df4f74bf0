"""Pacing: never more than the limit in any window, however long answers take; what the service says counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.scim.pacing import Pacer, Timing

if TYPE_CHECKING:
    from threading import Condition

EPOCH = 1_700_000_000.0
EIGHTHS = st.integers(0, 40).map(lambda number: number / 8)


@dataclass
class Simulation:
    """Requests under way and a clock that jumps from one event to the next; all times in seconds."""

    per_hour: int
    per_two_seconds: int
    now: float = 0.0
    under_way: list[float] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        timing = Timing(lambda: self.now, lambda: EPOCH + self.now, self.sleep, self.pause, lambda: 0.5)
        self.pacer = Pacer(self.per_hour, self.per_two_seconds, on_wait=self.hear, timing=timing)

    def hear(self, seconds: float, reason: str) -> None:
        self.told.append((seconds, reason))

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pause(self, _condition: Condition, seconds: float | None) -> None:
        ends = [*self.under_way, *([] if seconds is None else [self.now + seconds])]
        self.now = min(ends)
        for end in [end for end in self.under_way if end <= self.now]:
            self.under_way.remove(end)
            self.pacer.release(None)

    def send(self, seconds: float) -> float:
        """Send a request that takes so long; the time at which it was sent."""
        self.pacer.acquire()
        self.under_way.append(self.now + seconds)
        return self.now

    def answered(self, **headers: str) -> None:
        self.pacer.acquire()
        self.pacer.release({f"x-ratelimit-{name}": value for name, value in headers.items()})


@given(st.integers(1, 5), st.lists(st.tuples(EIGHTHS, st.sampled_from([0.0, 0.5, 1.0])), max_size=40))
def test_never_more_than_the_limit_in_any_two_seconds(limit: int, requests: list[tuple[float, float]]) -> None:
    simulation = Simulation(10**6, limit)
    seen = sorted(simulation.send(seconds) + seconds * arrival for seconds, arrival in requests)
    assert all(later - earlier >= 2.0 for earlier, later in zip(seen, seen[limit:], strict=False))


@given(st.integers(1, 5), st.lists(EIGHTHS, max_size=20))
def test_never_more_than_the_limit_in_any_hour(limit: int, durations: list[float]) -> None:
    simulation = Simulation(limit, 10**6)
    sent = [simulation.send(seconds) for seconds in durations]
    assert all(later - earlier >= 3600.0 for earlier, later in zip(sent, sent[limit:], strict=False))


def test_no_longer_than_needed() -> None:
    simulation = Simulation(3600, 20)
    sent = [simulation.send(0.0) for _ in range(60)]
    assert sent == [0.0] * 20 + [2.0] * 20 + [4.0] * 20


def test_the_wait_for_the_hour_is_told_once() -> None:
    simulation = Simulation(1, 20)
    assert [simulation.send(0.0), simulation.send(0.0)] == [0.0, 3600.0]
    assert simulation.told == [(3600.0, "the limit of 1 requests in 3600 s")]


def test_the_hours_budget_is_learned_from_headers() -> None:
    simulation = Simulation(3600, 20)
    simulation.answered(limit="3600", remaining="0", reset=str(EPOCH + 90))
    assert simulation.pacer.remaining == 0
    assert simulation.send(0.0) == 90.0
    assert simulation.told == [(90.0, "the hour's 3600 requests are used up")]


def test_short_waits_are_not_told() -> None:
    simulation = Simulation(3600, 1)
    simulation.answered()
    simulation.now += 0.5
    assert (simulation.send(0.0), simulation.told) == (2.0, [])


def test_a_reset_that_is_far_away_waits_an_hour_at_most() -> None:
    simulation = Simulation(3600, 20)
    simulation.answered(limit="3600", remaining="0", reset=str(EPOCH + 10**6))
    assert simulation.send(0.0) == 3600.0


def test_a_lower_limit_is_learned_and_a_higher_one_is_not() -> None:
    simulation = Simulation(3, 20)
    simulation.answered(limit="2", remaining="1", reset=str(EPOCH + 3600))
    simulation.answered(limit="9", remaining="8", reset=str(EPOCH + 3600))
    assert simulation.send(0.0) == 3600.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"limit": "many", "remaining": "0", "reset": "9e99"},
        {"limit": "3600", "remaining": "0"},
        {"limit": "3600", "remaining": "0", "reset": str(EPOCH - 5)},
        {"limit": "3600", "remaining": "5", "reset": str(EPOCH + 90)},
        {"limit": "0", "remaining": "5", "reset": str(EPOCH + 90)},
    ],
)
def test_headers_that_say_nothing_stop_nobody(headers: dict[str, str]) -> None:
    simulation = Simulation(3600, 20)
    simulation.answered(**headers)
    assert simulation.send(0.0) == 0.0


def test_retry_after_stops_everybody_and_the_longest_counts() -> None:
    simulation = Simulation(3600, 20)
    simulation.pacer.block(7.0, "the service asked for it")
    simulation.pacer.block(3.0, "another")
    assert simulation.send(0.0) == 7.0
    assert simulation.told == [(7.0, "the service asked for it")]
