"""Dates as people and systems write them, in .NET's invariant culture: month before day, English names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from reconciler.mapping.expressions.inner import Unfit, to_text

if TYPE_CHECKING:
    from reconciler.mapping.expressions.inner import Inner

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_LONGEST = 200
_LATEST_SHORT_YEAR = 49
_NOON = 12
_NAMES = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS)
_DAYS = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in WEEKDAYS)
_DATE = re.compile(
    rf"""\s*(?:(?P<weekday>{_DAYS})(?:,\s*|\s+))?
    (?: (?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}})
      | (?P<us_month>\d{{1,2}})(?P<apart>[-/])(?P<us_day>\d{{1,2}})(?P=apart)(?P<us_year>\d{{4}}|\d{{2}})
      | (?P<named_day>\d{{1,2}})[-\s](?P<named>{_NAMES})(?:[-\s]|,\s*)(?P<named_year>\d{{4}}|\d{{2}})
      | (?P<first>{_NAMES})\s+(?P<second>\d{{1,2}})(?:,\s*|\s+)(?P<third>\d{{4}})
    )
    (?: (?:T|,?\s+)(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<after>\d{{2}})(?:\.(?P<fraction>\d{{1,9}}))?)?
        (?:\s*(?P<half>[AP])M?)? )?
    \s*(?P<zone>Z|GMT|UTC|[+-]\d{{1,2}}(?::?\d{{2}})?)?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def to_moment(value: Inner) -> datetime:
    """The date-time, in UTC, that a text means; one without an offset is in UTC."""
    if isinstance(value, datetime):
        return value
    text = to_text(value)
    found = _DATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise Unfit(f"`{text[:80]}` is no date that can be read")
    try:
        moment = datetime(*_day(found), *_time(found), tzinfo=zone_of(found["zone"]))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(f"`{text[:80]}` is no date in the calendar") from None


def _day(found: re.Match[str]) -> tuple[int, int, int]:
    if found["year"]:
        return int(found["year"]), int(found["month"]), int(found["day"])
    if found["us_year"]:
        return full_year(found["us_year"]), int(found["us_month"]), int(found["us_day"])
    if found["named"]:
        return full_year(found["named_year"]), month_of(found["named"]), int(found["named_day"])
    return int(found["third"]), month_of(found["first"]), int(found["second"])


def _time(found: re.Match[str]) -> tuple[int, int, int, int]:
    if found["hour"] is None:
        return 0, 0, 0, 0
    hour = hour_of(int(found["hour"]), found["half"]) if found["half"] else int(found["hour"])
    return hour, int(found["minute"]), int(found["after"] or 0), microseconds_of(found["fraction"] or "")


def hour_of(hour: int, half: str | None) -> int:
    """The hour of the day of a clock of twelve hours. Raises ValueError."""
    if hour > _NOON:
        raise ValueError("there are twelve hours before and after noon")
    return hour % _NOON + (_NOON if (half or "A")[0].upper() == "P" else 0)


def microseconds_of(fraction: str) -> int:
    """Digits behind a decimal point; what is below a microsecond is dropped."""
    return int(fraction.ljust(6, "0")[:6])


def full_year(digits: str) -> int:
    """A year, of two digits between 1950 and 2049."""
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year <= _LATEST_SHORT_YEAR else 1900)  # noqa: PLR2004


def month_of(name: str) -> int:
    """The number of a month of which three letters are enough."""
    return next(number for number, month in enumerate(MONTHS, 1) if month[:3].lower() == name[:3].lower())


def zone_of(text: str | None) -> timezone:
    """`Z`, `+02:00`, `-7` or nothing, which is UTC. Raises ValueError beyond 24 hours."""
    if not text or text[0] not in "+-":
        return UTC
    hours, _, minutes = text[1:].partition(":")
    if not minutes:
        hours, minutes = (hours[:-2], hours[-2:]) if len(hours) > 2 else (hours, "0")  # noqa: PLR2004
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)
