"""A short campaign, the same each time; `make chaos` runs long ones."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.__main__ import campaign
from tests.chaos.campaign import DRAWN, Campaign


def test_a_short_campaign() -> None:
    few = settings(max_examples=12, stateful_step_count=12, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Campaign, settings=few)


def test_a_seed_gives_the_same_steps_again() -> None:
    drawn = []
    for number in (7, 7, 8):
        before = len(DRAWN)
        campaign(number, steps=7, worlds=2)
        drawn.append(DRAWN[before:])
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0]
