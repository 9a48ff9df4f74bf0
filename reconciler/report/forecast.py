"""What an apply will take and what is left of the service's limits, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.core.counts import plural
from reconciler.core.durations import show_seconds

if TYPE_CHECKING:
    from reconciler.core.forecast import Budget, Forecast

_FAR = 100 * 366 * 86400


def render_forecast(forecast: Forecast, now: datetime) -> str:
    """One line; `now` is local time."""
    seconds = min(forecast.seconds, _FAR)
    requests = f"{forecast.requests:,} {plural(forecast.requests, 'request')}"
    left = f"{forecast.budget.left:,} are left this hour"
    if not forecast.budget.told:
        left += " as far as is known"
    done = (
        f"done in about {show_seconds(seconds)}, at {show_clock(now + timedelta(seconds=seconds), now)}"
        if seconds
        else "done within seconds"
    )
    return f"apply will need {requests}: {left}, {done}"


def render_budget(budget: Budget, now: datetime) -> str:
    """What is left, of how many, and until when."""
    if not budget.told:
        return f"unknown; {budget.left:,} of {budget.per_hour:,} requests this hour are assumed"
    reset = show_clock(now + timedelta(seconds=budget.renewed_in), now)
    return f"{budget.left:,} of {budget.per_hour:,} requests this hour, more from {reset} on"


def show_clock(then: datetime, now: datetime) -> str:
    """The time of day, with the date where that is another."""
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"
