"""Hours of writes: what is foretold is what it takes, and no request is ever refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.canary import Canary
from tests.applying.virtual import apply_long

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("users", "per_hour", "canary", "before"),
    [(400, 160, None, 0), (300, 120, Canary(20), 0), (150, 3600, Canary(5), 0), (100, 120, None, 100)],
)
def test_it_takes_as_long_as_foretold_and_nothing_is_refused(
    tmp_path: Path, users: int, per_hour: int, canary: Canary | None, before: int
) -> None:
    told = apply_long(tmp_path, users, per_hour, canary, before)
    _, first = told.foretold[0]
    assert (len(told.outcomes), told.statuses) == (users, {200})
    assert first.requests == told.requests == users + (canary.of(users) if canary else 0)
    assert first.seconds == pytest.approx(told.took, rel=0.03, abs=3)
    for at, rest in told.foretold:
        assert at + rest.seconds == pytest.approx(told.took, rel=0.03, abs=3)
