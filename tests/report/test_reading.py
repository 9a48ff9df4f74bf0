"""How a read is told: the way that was taken, what it was expected to take and took, and what it builds on."""

from __future__ import annotations

import pytest

from reconciler.core.directory import Reading, Way
from reconciler.core.model import LiveState, ReadSummary
from reconciler.core.snapshot import Snapshot, TypeSnapshot
from reconciler.report.reading import DAY, render_reliance, render_ways

AT = 1_795_000_000.0  # 2026-11-18 11:06:40 UTC
NOTHING = TypeSnapshot({})
SNAPSHOT = Snapshot(NOTHING, NOTHING, since=AT, full_at=AT, members_at=AT)
READING = Reading(
    LiveState(summary=ReadSummary("incremental", 5)),
    ways=(
        Way("incremental", 4),
        Way("scan", 4210),
        Way("active scan", None, "the filter is not to be \x1b[31mtrusted"),
    ),
    relied_on=SNAPSHOT,
)


def test_the_chosen_way_and_the_others() -> None:
    assert render_ways(READING).splitlines() == [
        "read by incremental, expected 4 requests, made 5",
        "  considered: scan, expected 4,210 requests",
        "  considered: active scan (the filter is not to be \\x1b[31mtrusted)",
    ]


@pytest.mark.parametrize(
    ("seconds", "ago"),
    [
        (-5, "0 s ago"),
        (90, "1 min 30 s ago"),
        (3 * 3600, "3 h ago"),
        (2 * DAY, "2 days ago"),
        (6.6 * DAY, "7 days ago"),
    ],
)
def test_how_old_it_is(seconds: float, ago: str) -> None:
    expected = f"builds on the full read of 2026-11-18 11:06 UTC, {ago}, and on what 4me says has changed since"
    assert render_reliance(READING, AT + seconds) == f"{expected} (--refresh full)"


@pytest.mark.parametrize(("strategy", "what"), [("scan", "everything"), ("lookup", "what was named")])
def test_what_builds_on_nothing(strategy: str, what: str) -> None:
    reading = Reading(LiveState(summary=ReadSummary(strategy, 5)), ways=READING.ways)
    assert render_reliance(reading, AT) == f"{what} was read just now"
