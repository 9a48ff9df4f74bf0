"""Journals with little ceremony, and what is done to them behind the tool's back."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from reconciler.core.plan_model import ActionKind, Change, Outcome, OutcomeStatus
from reconciler.journal.writing import Origin, open_journal
from tests.builders import action, group, plan, user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reconciler.core.plan_model import Action

ORIGIN = Origin("jan", "c" * 40, dirty=False, link="https://ci.example/run/7")
IDS = {user("ann"): "7", user("ann.lee"): "7", user("bob"): "8", group("Desk"): "g1", group("Night"): "g2"}
ACTIONS = (
    action(ActionKind.UPDATE, user("ann"), Change("title", "Analyst", "Lead"), line=4),
    action(ActionKind.UPDATE, group("Desk"), add=[user("ann"), group("Night")], remove=[user("bob")], line=9),
)


def clock(start: str = "2026-11-24T10:00:") -> Callable[[], str]:
    """A clock that goes on by a millisecond with each look."""
    ticks = count()
    return lambda: f"{start}{next(ticks) / 1000:09.6f}Z"


def write_run(
    state: Path,
    now: Callable[[], str],
    outcomes: Sequence[Outcome] | None = None,
    *,
    origin: Origin = ORIGIN,
    ended: bool = True,
) -> str:
    """One apply in the journal, its name."""
    outcomes = [done(each) for each in ACTIONS] if outcomes is None else outcomes
    made = plan(*(outcome.action for outcome in outcomes))
    journal = open_journal(state, made.fingerprint, now)
    journal.begin(made, origin, IDS)
    for outcome in outcomes:
        journal.record_attempt(outcome.action)
        journal.record_outcome(outcome)
    if ended:
        journal.end(tuple(outcomes))
    journal.close()
    return journal.run


def done(what: Action, identity: str | None = None) -> Outcome:
    """That it was done, with one request."""
    return Outcome(what, OutcomeStatus.DONE, "", identity or what.id, 1)


def entries(state: Path, run: str) -> list[dict[str, Any]]:
    """A run's entries as any JSON parser reads them."""
    return [json.loads(line) for line in file_of(state, run).read_bytes().splitlines()]


def file_of(state: Path, run: str) -> Path:
    return state / "journal" / f"{run}.jsonl"
