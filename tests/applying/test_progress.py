"""What a pipeline's log shows while an apply is under way: each outcome where they are few, else how far it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Bar, Console
from reconciler.cli.progress import EACH_UP_TO, Progress
from reconciler.core.forecast import Budget, make_forecast
from reconciler.core.plan_model import ActionKind, Outcome, OutcomeStatus
from tests.builders import action, user

if TYPE_CHECKING:
    import pytest

DONE, FAILED, SKIPPED = OutcomeStatus


class Clock:
    def __init__(self) -> None:
        self.now = 0.0


def progress(clock: Clock) -> Progress:
    bar = Bar("applying", shown=False, plain=True)
    noon = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()
    told = Progress(
        Console(None, Path("state")), bar, bar, lambda: clock.now, lambda: datetime.fromtimestamp(noon + clock.now, UTC)
    )
    told.start()
    return told


def outcome(number: int, status: OutcomeStatus = DONE, detail: str = "") -> Outcome:
    return Outcome(action(ActionKind.UPDATE, user(f"u{number}")), status, detail)


def test_few_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    told = progress(Clock())
    for number in range(EACH_UP_TO):
        told.hear(outcome(number), EACH_UP_TO)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"[{each + 1}/200] done ~ User u{each}@widget.example" for each in range(EACH_UP_TO)]


def test_of_many_each_twentieth_is_told_with_rate_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    told = progress(clock)
    for number in range(1000):
        clock.now += 0.5
        told.hear_pace(lambda: make_forecast(1000 - told.done, Budget(3600, 20, 500, 3000.0)))
        told.hear(outcome(number), 1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert lines[:2] == [
        "[50/1000] 5 %, 120 a minute, done at about 12:51",
        "[100/1000] 10 %, 120 a minute, done at about 12:51",
    ]
    assert lines[-2:] == ["[950/1000] 95 %, 120 a minute, done at about 12:08", "[1000/1000] 100 %, 120 a minute"]


def test_of_many_that_take_long_it_is_told_every_two_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    told = progress(clock)
    for number in range(30):
        clock.now += 40.0
        told.hear_pace(lambda: make_forecast(10, Budget(3600, 20, 500)))
        told.hear(outcome(number), 10_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "[3/10000] 0 %, 2 a minute, done at about 2026-11-29 03:06"


def test_what_is_not_done_is_told_once_for_each_reason(capsys: pytest.CaptureFixture[str]) -> None:
    told = progress(Clock())
    ends = [(DONE, ""), (FAILED, "no"), (FAILED, "no"), (SKIPPED, "stopped"), (SKIPPED, "stopped"), (SKIPPED, "else")]
    for number, (status, detail) in enumerate(ends):
        told.hear(outcome(number, status, detail), 1000)
    assert capsys.readouterr().err.splitlines() == [
        "[2/1000] failed ~ User u1@widget.example: no",
        "[3/1000] failed ~ User u2@widget.example: no",
        "[4/1000] skipped ~ User u3@widget.example: stopped",
        "[6/1000] skipped ~ User u5@widget.example: else",
    ]
