"""Hypothesis without chance and without a clock: the same cases each time, reported as found."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("repeatable")
