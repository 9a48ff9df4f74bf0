"""Points in time as files and services write them (RFC 3339)."""

from __future__ import annotations

from datetime import UTC, datetime


def format_time(moment: datetime, timespec: str = "auto") -> str:
    """RFC 3339 in UTC; `timespec` as in `datetime.isoformat`."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def in_utc(moment: datetime) -> datetime:
    """The same in UTC, which it is meant in where it does not say its offset. Raises OverflowError."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_time(text: object) -> datetime | None:
    """A point in time in UTC; None for what is none, or does not say its offset."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
