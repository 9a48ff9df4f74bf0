"""What is there again is told, own changes there and back are not, and large journals cost little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Member, ResourceType
from reconciler.core.plan_model import Action, ActionKind, Change, MemberChanges, Outcome, OutcomeStatus
from reconciler.core.repeats import Again, PastWrite, find_repeats
from reconciler.journal.past_writes import read_past
from reconciler.journal.writing import Origin, open_journal
from reconciler.report.repeats import tell_repeats
from tests.builders import plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.core.model import Attributes, Value

ANN = Member(ResourceType.USER, "1")
DESK = Member(ResourceType.GROUP, "g")
TITLES = st.sampled_from(["A", "B", None])
BOB = Member(ResourceType.USER, "bob")


def update(change: Change, key: str = "ann", id_: str = "1") -> Action:
    return Action(ActionKind.UPDATE, ResourceType.USER, key, id_, "", (change,))


def write(number: int, change: Change, stored: Attributes | None) -> PastWrite:
    when = f"2026-11-{number + 1:02}T00:00:00Z"
    return PastWrite(f"run{number}", when, {change.path: change.before}, {change.path: change.after}, stored)


@given(st.lists(st.tuples(TITLES, TITLES), min_size=1, max_size=8))
def test_told_is_just_what_others_changed_back(steps: list[tuple[Value, Value]]) -> None:
    """Each step: what is declared, and what somebody else makes of it after the apply (most often nothing)."""
    past: list[PastWrite] = []
    live: Value = None
    alike = 0
    for number, (want, meddled) in enumerate(steps):
        if want == live:
            continue
        change = Change("title", live, want)
        found = list(find_repeats([update(change)], {ANN: past}))
        alike = alike + 1 if past and past[-1].sent["title"] == want else 0
        assert [len(each.runs) for each in found] == ([alike] if alike else [])
        past.append(write(number, change, {}))
        live = want if number % 2 else meddled


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_own_memberships_there_and_back_are_not_told(steps: list[bool]) -> None:
    past: list[PastWrite] = []
    present = False
    for wanted in steps:
        if wanted == present:
            continue
        sides = MemberChanges((BOB,), ()) if wanted else MemberChanges((), (BOB,))
        action = Action(ActionKind.UPDATE, ResourceType.GROUP, "Desk", "g", "", members=sides)
        assert list(find_repeats([action], {DESK: past})) == []
        past.append(PastWrite("run", "", {}, {}, {}, frozenset(sides.add), frozenset(sides.remove)))
        present = wanted


@pytest.mark.parametrize(
    ("stored", "now", "again", "told"),
    [
        ({"title": "lead"}, "lead", Again.STORED, "stored as"),
        ({"title": None}, None, Again.STORED, "not stored"),
        ({"title": "lead"}, "Guru", Again.CHANGED, ""),
        ({}, "Old", Again.BACK, "was changed back since the run run0 (2026-11-01)"),
        ({}, "Guru", Again.CHANGED, ""),
        (None, "Guru", Again.UNCLEAR, "stored so, or changed since"),
    ],
)
def test_why_it_is_there_again(stored: Attributes | None, now: Value, again: Again, told: str) -> None:
    past = [write(0, Change("title", "Old", "Lead Agent"), stored)]
    (found,) = find_repeats([update(Change("title", now, "Lead Agent"))], {ANN: past})
    assert found.again is again
    warnings = list(tell_repeats([found]))
    assert [told in each for each in warnings] == ([True] if told else [])


def test_thousands_are_told_once() -> None:
    change = Change("title", "Lead", "Lead ")
    ids = [str(number) for number in range(3000)]
    past = {Member(ResourceType.USER, each): [write(0, change, {"title": "Lead"})] for each in ids}
    found = list(find_repeats([update(change, f"u{each}", each) for each in ids], past))
    (told,) = tell_repeats(found)
    assert told.startswith(
        'title of u0 (3000 users in all) was sent as "Lead " by the run run0, and stored as "Lead": '
    )


def _record(state: Path, actions: Sequence[Action], minute: int) -> None:
    journal = open_journal(state, "sha256:" + "0" * 64, lambda: f"2026-11-24T10:{minute:02}:00.000000Z")
    journal.begin(plan(*actions), Origin("somebody"), {})
    for action in actions:
        journal.record_outcome(Outcome(action, OutcomeStatus.DONE, "", action.id, 1))
    journal.end(())
    journal.close()


def test_only_what_is_asked_for_is_read_of_the_journal(tmp_path: Path) -> None:
    tenant = plan().tenant
    for minute in range(3):
        _record(
            tmp_path, [update(Change("title", None, f"{id_}{minute}"), id_=id_) for id_ in ("1", "11", "2")], minute
        )
    found = read_past(tmp_path, tenant, frozenset((ANN,)))
    assert list(found) == [ANN]
    assert [(each.sent, each.stored) for each in found[ANN]] == [({"title": f"1{number}"}, None) for number in range(3)]
    other = Member(ResourceType.GROUP, "1")
    assert read_past(tmp_path, tenant, frozenset((other,))) == {}
