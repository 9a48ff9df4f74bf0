"""Each parser of what comes from outside, fed with the same broken values each time; `make fuzz` feeds many more."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.targets import NAMES, find_target

VALUES = {"journals": 40, "entra": 60, "manifests": 80, "data": 80}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_comes_out_but_what_is_documented(name: str) -> None:
    target = find_target(name)

    @settings(max_examples=VALUES.get(name, 120), suppress_health_check=list(HealthCheck))
    @given(target.given)
    def feed(value: object) -> None:
        target.check(value)

    feed()
