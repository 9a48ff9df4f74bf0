"""What an auditor asks: who gave whom what, when, by which commit and approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.plan_model import DONE_WITHOUT, ActionKind, Change, Outcome, OutcomeStatus
from reconciler.journal.changes import Query, RunFacts, find_changes
from reconciler.journal.reading import RunEntries, read_all
from reconciler.journal.writing import Approval, open_journal
from tests.builders import DIGEST, action, created, group, plan, user
from tests.journal.records import IDS, ORIGIN, clock, done, write_run

if TYPE_CHECKING:
    from pathlib import Path

RENAME = action(ActionKind.UPDATE, user("ann.lee"), Change("userName", "ann@widget.example", "ann.lee@widget.example"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Ann is created and joins Desk on the 1st, is renamed on the 2nd, loses Desk and is deactivated on the 3rd."""
    create = action(ActionKind.CREATE, user("ann"), *created(userName="ann@widget.example", active=True, title="Lead"))
    join = replace(action(ActionKind.UPDATE, group("Desk"), add=[user("ann"), group("Night")], line=9), id="g1")
    write_run(tmp_path, clock("2026-11-01T10:00:"), [done(create, "7"), done(join)])
    write_run(tmp_path, clock("2026-11-02T10:00:"), [done(RENAME)])
    leave = replace(action(ActionKind.UPDATE, group("Desk"), remove=[user("ann.lee")]), id="g1")
    gone = action(ActionKind.DEACTIVATE, user("ann.lee"), Change("active", before=True, after=False))
    refused = Outcome(gone, OutcomeStatus.FAILED, "HTTP 403: no", "7")
    write_run(tmp_path, clock("2026-11-03T10:00:"), [done(leave), refused])
    return tmp_path


def asked(state: Path, **query: Any) -> list[tuple[str, str, str, str, str | None]]:
    """Each change as day, status, change, name, and attribute or group."""
    return [
        (
            each.at[8:10],
            each.status,
            each.change,
            each.name.removesuffix("@widget.example"),
            each.attribute or each.group,
        )
        for each in find_changes(tuple(read_all(state)), Query(**query)).changes
    ]


ALL_OF_ANN = [
    ("01", "done", "created", "ann", None),
    ("01", "done", "changed", "ann", "userName"),
    ("01", "done", "changed", "ann", "title"),
    ("01", "done", "joined", "ann", "Desk"),
    ("02", "done", "changed", "ann.lee", "userName"),
    ("03", "done", "left", "ann.lee", "Desk"),
    ("03", "failed", "deactivated", "ann.lee", None),
]


@pytest.mark.parametrize("name", ["ann@widget.example", "ANN@widget.example", "ann.lee@widget.example"])
def test_a_user_is_found_under_every_name_that_they_had(state: Path, name: str) -> None:
    assert asked(state, user=name) == ALL_OF_ANN


def test_a_group_is_asked_for_with_its_members(state: Path) -> None:
    assert asked(state, group="desk") == [
        ("01", "done", "joined", "ann", "Desk"),
        ("01", "done", "joined", "Night", "Desk"),
        ("03", "done", "left", "ann.lee", "Desk"),
    ]
    assert asked(state, group="Night") == [("01", "done", "joined", "Night", "Desk")]
    assert asked(state, group="Desk", user="ann@widget.example") == [
        ("01", "done", "joined", "ann", "Desk"),
        ("03", "done", "left", "ann.lee", "Desk"),
    ]


def test_times_bound_what_is_told(state: Path) -> None:
    second, third = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    assert [day for day, *_ in asked(state, since=second)] == ["02", "03", "03"]
    assert [day for day, *_ in asked(state, since=second, until=third)] == ["02"]
    assert asked(state, user="nobody@widget.example") == []
    assert asked(state, tenant="another") == []


def test_a_change_carries_where_it_comes_from(tmp_path: Path) -> None:
    approval = Approval(DIGEST, "sha256:" + "1" * 64, "2026-11-24T09:00:00Z", ("sha256:" + "2" * 64,))
    name = write_run(tmp_path, clock(), [done(RENAME)], origin=replace(ORIGIN, approval=approval))
    (change,) = find_changes(tuple(read_all(tmp_path)), Query()).changes
    assert change.run == RunFacts(
        name,
        "jan",
        "production",
        "c" * 40,
        dirty=False,
        plan="sha256:" + "1" * 64,
        planned_at="2026-11-24T09:00:00Z",
        keys=("sha256:" + "2" * 64,),
        link="https://ci.example/run/7",
    )
    assert (change.before, change.after, change.source) == ("ann@widget.example", "ann.lee@widget.example", None)


def test_what_was_in_flight_is_told_as_unknown(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, DIGEST, clock())
    journal.begin(plan(RENAME), ORIGIN, IDS)
    journal.record_attempt(RENAME)
    journal.close()
    assert asked(tmp_path) == [("24", "unknown", "changed", "ann.lee", "userName")]


def test_of_what_failed_as_to_some_members_the_rest_is_done(tmp_path: Path) -> None:
    change = Change("displayName", "Dsk", "Desk")
    desk = action(
        ActionKind.UPDATE, group("Desk"), change, add=[user("ann"), user("carol")], remove=[user("bob")], line=9
    )
    detail = f"{DONE_WITHOUT} carol: not in 4me"
    write_run(tmp_path, clock(), [Outcome(desk, OutcomeStatus.FAILED, detail, "g1", 2)])
    changes = find_changes(tuple(read_all(tmp_path)), Query()).changes
    assert [(each.change, each.name, each.status, each.detail) for each in changes] == [
        ("changed", "Desk", "done", ""),
        ("joined", user("ann").name, "done", ""),
        ("joined", user("carol").name, "failed", detail),
        ("left", user("bob").name, "done", ""),
    ]


def test_an_attempt_that_does_not_say_what_it_is_about_is_told_by_its_action() -> None:
    """Those of format 1.0 do not."""
    attempt = {"entry": "attempt", "at": "2026-11-01T10:00:00Z", "action": "update", "resource": "User", "key": "ann"}
    older = RunEntries("older", ({"entry": "run", "who": "jan", "tenant": {}}, {**attempt, "id": "7"}), 0)
    (change,) = find_changes((older,), Query(user="ann")).changes
    assert (change.status, change.change, change.name) == ("unknown", "update", "ann")


def run_of(account: str, **outcome: Any) -> RunEntries:
    """A run with one outcome that tells no ids of members."""
    begin = {"entry": "run", "who": "jan", "tenant": {"name": account, "endpoint": "https://e", "account": account}}
    shared = {"entry": "outcome", "at": "2026-11-01T10:00:00Z", "status": "done", "detail": "", "changes": []}
    return RunEntries(account, (begin, {**shared, "members": {"add": [], "remove": []}, **outcome}), 2)


def test_two_accounts_in_one_state_directory_are_two() -> None:
    """An id holds within its account."""
    runs = [
        run_of(account, action="create", resource="User", key=key, id="7")
        for account, key in (("test", "ann"), ("production", "bob"))
    ]
    assert [each.name for each in find_changes(runs, Query(user="ann")).changes] == ["ann"]


def test_memberships_of_format_1_0_are_found_by_name() -> None:
    members = {"add": ["Ann"], "remove": []}
    older = run_of("older", action="update", resource="Group", key="Desk", id="g1", members=members)
    answer = find_changes((older,), Query(user="ann"))
    assert [(each.change, each.name, each.group) for each in answer.changes] == [("joined", "Ann", "Desk")]
    assert answer.unreadable == (("older", 2),)
