from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.core.times import format_time, parse_time

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("moment", "timespec", "text"),
    [
        (datetime(2026, 11, 1, 9, 30, tzinfo=EAST), "auto", "2026-11-01T07:30:00Z"),
        (datetime(2026, 11, 1, 9, 30, 0, 5, tzinfo=UTC), "auto", "2026-11-01T09:30:00.000005Z"),
        (datetime(2026, 11, 1, 9, 30, 0, 5, tzinfo=UTC), "seconds", "2026-11-01T09:30:00Z"),
    ],
)
def test_a_moment_is_written_in_utc_and_read_back(moment: datetime, timespec: str, text: str) -> None:
    assert format_time(moment, timespec) == text
    assert parse_time(text) == moment.replace(microsecond=moment.microsecond if timespec == "auto" else 0)


@pytest.mark.parametrize(
    "text", [None, 7, "", "yesterday", "2026-11-01", "2026-11-01T07:30:00", "0001-01-01T00:00+01:00"]
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert parse_time(text) is None
