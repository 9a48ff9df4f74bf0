"""A short campaign, the same each time; `make chaos` runs long ones."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.campaign import Campaign


def test_a_short_campaign() -> None:
    few = settings(max_examples=12, stateful_step_count=12, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Campaign, settings=few)
