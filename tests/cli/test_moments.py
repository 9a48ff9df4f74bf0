"""Points in time as people say them of the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cli.moments import Moment


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)),
        ("20261101", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)),
        ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00:00+01:00", datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("2026-11-01T08:00", datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_dates_and_times(text: str, since: datetime, until: datetime) -> None:
    assert Moment().convert(text, None, None) == since
    assert Moment(whole_days=True).convert(text, None, None) == until


@pytest.mark.parametrize(("text", "ago"), [("7d", timedelta(days=7)), ("12h", timedelta(hours=12))])
def test_how_long_ago(text: str, ago: timedelta) -> None:
    before = datetime.now(UTC) - ago
    moment = Moment().convert(text, None, None)
    assert before <= moment <= datetime.now(UTC) - ago
