"""Functions of dates. A text that means a date may stand wherever a date-time is expected."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.core.suggest import did_you_mean
from reconciler.mapping.expressions.date_formats import pieces, read, write
from reconciler.mapping.expressions.date_texts import to_moment
from reconciler.mapping.expressions.inner import Unfit, is_empty, shown, to_text, to_texts, to_whole

if TYPE_CHECKING:
    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.expressions.values import Surroundings

_INTERVALS = {"d": 86_400, "ww": 604_800, "h": 3_600, "n": 60, "s": 1}
"""Seconds."""

_YEAR, _MONTH, _WEEK = "yyyy", "m", "ww"
_KNOWN = (_YEAR, _MONTH, *_INTERVALS)
_FILETIME = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS = 10
"""Of a FILETIME, in a microsecond."""

_STYLES = (
    "None", "AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite", "AllowWhiteSpaces", "NoCurrentDateDefault",
    "AdjustToUniversal", "AssumeLocal", "AssumeUniversal", "RoundtripKind",
)  # fmt: skip
_DEFAULT_STYLES = frozenset({"AllowLeadingWhite", "AllowTrailingWhite"})
_ALL_WHITE = _DEFAULT_STYLES | {"AllowInnerWhite"}


def now(surroundings: Surroundings) -> Inner:
    """The time of evaluation, to the second, as Entra prints it."""
    return surroundings.now.astimezone(UTC).replace(microsecond=0)


def to_date(value: Inner) -> Inner:
    """The date-time that a text means."""
    return None if is_empty(value) else to_moment(value)


def to_interval(value: Inner) -> str:
    """One of VBA's intervals."""
    text = to_text(value)
    if text.lower() not in _KNOWN:
        raise Unfit(f"expected an interval ({', '.join(_KNOWN)}), found {shown(value)}{did_you_mean(text, _KNOWN)}")
    return text.lower()


def date_add(interval: Inner, number: Inner, value: Inner) -> Inner:
    """The date-time moved by a number of intervals; the 31st becomes the last day of a shorter month."""
    unit, count = to_interval(interval), to_whole(number)
    if is_empty(value):
        return None
    moment = to_moment(value)
    try:
        if unit in _INTERVALS:
            return moment + timedelta(seconds=_INTERVALS[unit] * count)
        months = moment.year * 12 + moment.month - 1 + count * (12 if unit == _YEAR else 1)
        year, month = divmod(months, 12)
        return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        raise Unfit(f"{shown(number)} `{unit}` from {shown(moment)} is outside of the years 1 to 9999") from None


def date_difference(interval: Inner, first: Inner, second: Inner) -> Inner:
    """How many intervals later the second is, as VBA counts.

    Days, hours, minutes and seconds are full ones; weeks are the Sundays between; months and years are those of the
    calendar.
    """
    unit = to_interval(interval)
    if is_empty(first) or is_empty(second):
        return None
    one, other = to_moment(first), to_moment(second)
    if unit == _YEAR:
        return other.year - one.year
    if unit == _MONTH:
        return (other.year - one.year) * 12 + other.month - one.month
    if unit == _WEEK:
        return (_week(other) - _week(one)) // 7
    difference = other - one
    full = abs(difference) // timedelta(seconds=_INTERVALS[unit])
    return full if difference >= timedelta() else -full


def _week(moment: datetime) -> int:
    """The number of the day on which its week, from Sunday to Saturday, began."""
    return moment.toordinal() - moment.isoweekday() % 7


def date_from_number(value: Inner) -> Inner:
    """A Windows FILETIME, 100 ns since 1601, as a date-time."""
    if is_empty(value):
        return None
    ticks = to_whole(value)
    try:
        return _FILETIME + timedelta(microseconds=_whole_microseconds(ticks))
    except (ValueError, OverflowError):
        raise Unfit(f"{shown(value)} is no time between the years 1601 and 9999") from None


def _whole_microseconds(ticks: int) -> int:
    if ticks < 0:
        raise ValueError("before 1601")
    return ticks // _TICKS


def number_from_date(value: Inner) -> Inner:
    """A date-time as a Windows FILETIME."""
    if is_empty(value):
        return None
    moment = to_moment(value)
    if moment < _FILETIME:
        raise Unfit(f"{shown(moment)} is before the year 1601, where Windows begins to count")
    return (moment - _FILETIME) // timedelta(microseconds=1) * _TICKS


def to_layout(value: Inner) -> str:
    """A date-time format of .NET."""
    layout = to_text(value)
    pieces(layout)
    return layout


def to_styles(value: Inner) -> frozenset[str]:
    """Names of DateTimeStyles, separated by commas; only those about blanks have an effect, since all is UTC."""
    names = [each.removeprefix("DateTimeStyles.") for each in re.split(r"[\s,|]+", to_text(value)) if each]
    if not names:
        return _DEFAULT_STYLES
    known = {style.lower(): style for style in _STYLES}
    for name in names:
        if name.lower() not in known:
            near = did_you_mean(name, _STYLES)
            raise Unfit(f"expected styles of .NET such as `AllowWhiteSpaces`, found `{name}`{near}")
    styles = frozenset(known[name.lower()] for name in names)
    return styles | _ALL_WHITE if "AllowWhiteSpaces" in styles else styles


def format_date_time(surroundings: Surroundings, source: Inner, styles: Inner, layout: Inner, wanted: Inner) -> Inner:
    """A date, read by one layout, in the wanted one; what is a date-time already is not read."""
    if is_empty(source):
        return None
    allowed, written = to_styles(styles), to_layout(wanted)
    if isinstance(source, datetime):
        return write(source, written)
    results = [
        write(read(_trimmed(text, allowed), to_layout(layout), surroundings.now, inner_blanks=_inner(allowed)), written)
        for text in to_texts(source)
    ]
    return list(results) if isinstance(source, list) else results[0]


def _inner(styles: frozenset[str]) -> bool:
    return "AllowInnerWhite" in styles


def _trimmed(text: str, styles: frozenset[str]) -> str:
    text = text.lstrip() if "AllowLeadingWhite" in styles else text
    return text.rstrip() if "AllowTrailingWhite" in styles else text
