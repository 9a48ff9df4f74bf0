"""Points in time on the command line, as people say them of the past."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import click

from reconciler.core.durations import parse_duration
from reconciler.core.times import in_utc

DAY = timedelta(days=1)


class Moment(click.ParamType[datetime]):
    """A date, a time, or how long ago. `whole_days`: a date stands for the end of its day, not for its beginning."""

    name = "WHEN"

    def __init__(self, *, whole_days: bool = False) -> None:
        self._whole_days = whole_days

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            return _ago(text) or self._moment(text)
        except (ValueError, OverflowError):
            hint = "2026-11-01, 2026-11-01T08:00:00+01:00, or a time ago such as 7d or 12h"
            self.fail(f"{value!r} is not {hint}", param, ctx)

    def _moment(self, text: str) -> datetime:
        moment = in_utc(datetime.fromisoformat(text))
        return moment + DAY if self._whole_days and _is_date(text) else moment


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _ago(text: str) -> datetime | None:
    days = re.fullmatch(r"(\d{1,6})d", text, re.ASCII)
    if days:
        return datetime.now(UTC) - DAY * int(days[1])
    return datetime.now(UTC) - timedelta(seconds=parse_duration(text)) if text.endswith(("h", "m", "s")) else None
