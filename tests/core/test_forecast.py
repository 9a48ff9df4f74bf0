"""How many requests an apply needs and how long they take, by table."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from reconciler.core.durations import parse_duration, show_seconds
from reconciler.core.forecast import Budget, count_requests, make_forecast
from reconciler.core.model import Member, ResourceType
from reconciler.core.plan_model import Action, ActionKind, Change, MemberChanges
from reconciler.report.forecast import render_budget, render_forecast

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))


def action(kind: str, add: int = 0, remove: int = 0, changes: int = 1) -> Action:
    resource = ResourceType.GROUP if add or remove else ResourceType.USER
    members = [
        tuple(Member(ResourceType.USER, f"{name}{number}") for number in range(count))
        for name, count in (("a", add), ("r", remove))
    ]
    return Action(
        ActionKind(kind), resource, "key", None, "", (Change("title", None, "x"),) * changes, MemberChanges(*members)
    )


@pytest.mark.parametrize(
    ("actions", "requests"),
    [
        ([], 0),
        ([action("create"), action("update"), action("reactivate"), action("deactivate")], 4),
        ([action("create", add=500)], 1),
        ([action("create", add=501)], 2),
        ([action("create", add=1500)], 3),
        ([action("update", add=250, remove=250)], 1),
        ([action("update", add=250, remove=251)], 2),
        ([action("update", add=0, remove=1001, changes=0)], 3),
        ([action("deactivate", remove=500, changes=0)], 1),
        ([action("deactivate", remove=501, changes=0)], 2),
    ],
)
def test_requests_of_actions(actions: list[Action], requests: int) -> None:
    assert count_requests(actions, 500) == requests


@pytest.mark.parametrize(
    ("requests", "left", "renewed_in", "seconds"),
    [
        (0, 3600, 3600.0, 0.0),
        (1, 3600, 3600.0, 0.0),
        (20, 3600, 3600.0, 0.0),
        (21, 3600, 3600.0, 2.0),
        (1234, 2100, 3600.0, 122.0),
        (2100, 2100, 60.0, 208.0),
        (2101, 2100, 900.0, 900.0),
        (2140, 2100, 900.0, 902.0),
        (3600, 0, 900.0, 900.0 + 358.0),
        (3601, 0, 900.0, 900.0 + 3600.0),
        (3600 + 7200 + 21, 3600, 3000.0, 3600.0 + 7200.0 + 2.0),
        (5, -3, 10.0, 10.0),
    ],
)
def test_seconds_within_both_limits(requests: int, left: int, renewed_in: float, seconds: float) -> None:
    assert make_forecast(requests, Budget(3600, 20, left, renewed_in)).seconds == seconds


@pytest.mark.parametrize(
    ("requests", "frees", "seconds"),
    [
        (2, (10.0, 20.0), 0.0),
        (3, (10.0, 20.0), 10.0),
        (4, (10.0, 20.0), 20.0),
        (5, (10.0, 20.0), 3600.0),
        (7, (10.0, 20.0), 3610.0),
        (8, (10.0, 20.0), 3620.0),
        (4 * 1000 + 4, (10.0, 20.0), 3600.0 * 1000 + 20.0),
        (4, (), 5.0),
    ],
)
def test_each_slot_comes_free_when_it_does(requests: int, frees: tuple[float, ...], seconds: float) -> None:
    assert make_forecast(requests, Budget(4, 20, 2, 5.0, frees=frees)).seconds == seconds


def test_where_the_burst_is_slower_than_the_hour() -> None:
    assert make_forecast(10_001, Budget(3600, 1, 3600)).seconds == 20_000.0


@pytest.mark.parametrize(
    ("requests", "left", "told", "text"),
    [
        (1, 3600, True, "apply will need 1 request: 3,600 are left this hour, done within seconds"),
        (
            1234,
            2100,
            True,
            "apply will need 1,234 requests: 2,100 are left this hour, done in about 2 min 2 s, at 12:02",
        ),
        (
            30,
            9,
            False,
            "apply will need 30 requests: 9 are left this hour as far as is known, done in about 15 min 2 s, at 12:15",
        ),
        (
            60_000,
            2100,
            True,
            "apply will need 60,000 requests: 2,100 are left this hour, done in about 16 h 16 min, at 2026-11-25 04:15",
        ),
    ],
)
def test_a_forecast_in_words(requests: int, left: int, text: str, *, told: bool) -> None:
    assert render_forecast(make_forecast(requests, Budget(3600, 20, left, 900.0, told=told)), NOON) == text


def test_a_budget_in_words() -> None:
    assert render_budget(Budget(3600, 20, 2100, 754.0, told=True), NOON) == (
        "2,100 of 3,600 requests this hour, more from 12:12 on"
    )
    assert render_budget(Budget(3600, 20, 3594), NOON) == "unknown; 3,594 of 3,600 requests this hour are assumed"


def test_a_forecast_beyond_the_calendar() -> None:
    assert "done in about" in render_forecast(make_forecast(10**15, Budget(1, 1, 0)), NOON)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59.5, "1 min"),
        (60, "1 min"),
        (750, "12 min 30 s"),
        (3599.5, "1 h"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (7500, "2 h 5 min"),
        (10.0000000001, "10 s"),
        (86_400 * 11.5, "276 h"),
    ],
)
def test_seconds_in_words(seconds: float, text: str) -> None:
    assert show_seconds(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1.5h", 5400), (" 0 ", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1d", "1h30m", "10 m", "٣", "1e3", "nan", "9" * 12])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 90s, 10m or 2h"):
        parse_duration(text)
