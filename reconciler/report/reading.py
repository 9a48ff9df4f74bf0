"""How live state was read, in words: which way was taken and what it cost, and what it builds on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.core.durations import show_seconds
from reconciler.report.words import safe

if TYPE_CHECKING:
    from reconciler.core.directory import Reading, Way


DAY = 86400


def render_ways(reading: Reading) -> str:
    """The way that was chosen, what it was expected to take and took, and the others that were considered."""
    chosen, *others = reading.ways
    made = reading.live.summary.requests
    lines = [f"read by {_expected(chosen)}, made {made:,}"]
    lines += [f"  considered: {_expected(way)}" for way in others]
    return "\n".join(map(safe, lines))


def render_reliance(reading: Reading, today: float) -> str:
    """How old what the read relied on is; `today` in epoch seconds."""
    snapshot = reading.relied_on
    if snapshot is None:
        what = "what was named" if reading.live.summary.strategy == "lookup" else "everything"
        return f"{what} was read just now"
    when = datetime.fromtimestamp(snapshot.full_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    age = max(0.0, today - snapshot.full_at)
    return f"builds on the full read of {when}, {_ago(age)}, and on what 4me says has changed since (--refresh full)"


def _ago(seconds: float) -> str:
    return f"{show_seconds(seconds)} ago" if seconds < 2 * DAY else f"{seconds / DAY:.0f} days ago"


def _expected(way: Way) -> str:
    requests = "" if way.requests is None else f", expected {way.requests:,} requests"
    return f"{way.name}{requests}{f' ({way.note})' if way.note else ''}"
