"""An approved plan beside what is needed now: each reason why an action is not done, and what is so already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler import __version__
from reconciler.core.members import Members
from reconciler.core.model import Live, LiveState, Member, ReadSummary, ResourceType
from reconciler.core.names import build_names
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.core.plan_model import ActionKind, Change
from reconciler.leftovers import HARDLY_NEWS, Sorted, sort_actions
from tests.builders import TIME, action, created, group, plan, user

if TYPE_CHECKING:
    from reconciler.core.model import Attributes
    from reconciler.core.plan_model import Action, Plan

CREATE, UPDATE = ActionKind.CREATE, ActionKind.UPDATE
REACTIVATE, DEACTIVATE = ActionKind.REACTIVATE, ActionKind.DEACTIVATE
ANN, BEN, DESK = user("ann"), user("ben"), group("Desk")
TITLE = Change("title", "A", "B")
OFF, ON = Change("active", before=True, after=False), Change("active", before=False, after=True)
UPDATED = action(UPDATE, ANN, TITLE)
FIRST_FIVE = ", ".join(user(f"u{number}").name for number in range(5))
OTHER_DIGEST = "sha256:" + "1" * 64
OTHERWISE = ("the manifests changed since", "the time that was given with --at is not the plan's")


def live_user(member: Member = ANN, live_id: str = "7", *, active: bool = True, **attributes: object) -> Live:
    given: Attributes = {name.replace("__", ":"): value for name, value in attributes.items()}  # type: ignore[misc]
    return Live(ResourceType.USER, live_id, member.name, given, active=active)


def live_group(*ids: str) -> Live:
    members = Members.of([Member(ResourceType.USER, each) for each in ids])
    return Live(ResourceType.GROUP, "7", DESK.name, {}, members=members)


def state(*resources: Live, complete: bool = True) -> LiveState:
    users = tuple(each for each in resources if each.type is ResourceType.USER)
    groups = tuple(each for each in resources if each.type is ResourceType.GROUP)
    return LiveState(users, groups, summary=ReadSummary(complete=complete))


def approved(*actions: Action) -> Plan:
    return replace(plan(*actions), tool_version=__version__)


def needed(*actions: Action, live: LiveState = LiveState()) -> Plan:
    found = replace(approved(*actions), at=TIME)
    return replace(found, live=replace(found.live, summary=live.summary))


def compare(before: Plan, now: Plan, live: LiveState = LiveState()) -> Sorted:
    now = replace(now, live=replace(now.live, summary=live.summary))
    return sort_actions(before, now, live, build_names((), live))


@pytest.mark.parametrize(
    ("then", "now", "reasons"),
    [
        pytest.param(
            UPDATED,
            action(UPDATE, ANN, Change("title", "C", "B")),
            ['title was "A" in 4me when it was approved, and is "C" now'],
            id="live changed",
        ),
        pytest.param(
            UPDATED,
            action(UPDATE, ANN, Change("title", "A", "C")),
            ['title was to become "B", and is to become "C" now: {wish}'],
            id="wish changed",
        ),
        pytest.param(
            UPDATED,
            action(UPDATE, ANN, TITLE, Change("nickName", None, "x")),
            ['{wish}: nickName is (none), to become "x"'],
            id="more to do",
        ),
        pytest.param(
            action(UPDATE, ANN, TITLE, Change("nickName", None, "x")),
            UPDATED,
            ["nickName is not to be changed any more: {wish}"],
            id="less to do",
        ),
        pytest.param(
            action(UPDATE, ANN, Change("nickName", "y", "x"), TITLE),
            action(UPDATE, ANN, Change("title", "A\u202e", "B")),
            [
                "nickName is not to be changed any more: {wish}",
                'title was "A" in 4me when it was approved, and is "A\\u202e" now',
            ],
            id="both, in safe text",
        ),
        pytest.param(
            UPDATED,
            action(REACTIVATE, ANN, ON, TITLE),
            ["approved was update, needed now is reactivate (inactive in 4me, declared active)"],
            id="another kind",
        ),
        pytest.param(
            action(DEACTIVATE, ANN, OFF),
            UPDATED,
            ["approved was deactivate, needed now is update (title differs)"],
            id="declared again",
        ),
        pytest.param(
            action(CREATE, ANN, *created(userName=ANN.name)),
            UPDATED,
            ["it is in 4me by now (id 7), and needs: update (title differs)"],
            id="created by somebody",
        ),
        pytest.param(
            UPDATED,
            replace(UPDATED, id="8"),
            ["it is another one in 4me: id 8, when it was approved 7"],
            id="another one of that name",
        ),
        pytest.param(
            UPDATED,
            replace(UPDATED, key="anna@x"),
            ["it is to be called anna@x: {wish}"],
            id="another name of that one",
        ),
        pytest.param(UPDATED, replace(UPDATED, digest=OTHER_DIGEST), [HARDLY_NEWS], id="other values below"),
        pytest.param(
            action(UPDATE, DESK, add=[ANN], remove=[BEN]),
            action(UPDATE, DESK, add=[ANN, user("cyd")], remove=[]),
            [
                "to be added too: cyd@widget.example ({wish})",
                "not to be removed any more: ben@widget.example ({wish})",
            ],
            id="other members",
        ),
        pytest.param(
            action(UPDATE, DESK, add=[user(f"u{number}") for number in range(8)]),
            action(UPDATE, DESK, TITLE),
            [
                '{wish}: title is "A", to become "B"',
                f"not to be added any more: {FIRST_FIVE} and 3 more ({{wish}})",
            ],
            id="many members",
        ),
    ],
)
def test_why_an_approved_action_is_not_the_same(then: Action, now: Action, reasons: list[str]) -> None:
    changed = needed(now)
    for wish, other in (
        ("4me changed since", changed),
        (OTHERWISE[0], replace(changed, manifests=replace(changed.manifests, digest=OTHER_DIGEST))),
        (OTHERWISE[1], replace(changed, at="2020-01-01T00:00:00Z")),
        (f"the plan was made by version {__version__}, this is 9", replace(changed, tool_version="9")),
    ):
        found = compare(approved(then), other)
        assert [leftover.reasons for leftover in found.outdated] == [tuple(each.format(wish=wish) for each in reasons)]
        assert (found.same, found.settled, found.unapproved) == ((), (), ())


MANAGED = action(UPDATE, ANN, Change(MANAGER, None, BEN.name))
MAILS = Change("emails", [], [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}])
HAS_MAILS: Attributes = {
    "emails": [{"value": "b@x", "type": "home"}, {"value": "A@x", "type": "work", "primary": True}]
}


@pytest.mark.parametrize(
    ("then", "live"),
    [
        pytest.param(UPDATED, state(live_user(title="b")), id="an update"),
        pytest.param(
            action(UPDATE, ANN, Change("title", "A", None)), state(live_user(title="")), id="an update to nothing"
        ),
        pytest.param(action(CREATE, ANN, *created(title="B", active=True)), state(live_user(title="B")), id="a create"),
        pytest.param(action(REACTIVATE, ANN, ON, TITLE), state(live_user(title="B")), id="a reactivation"),
        pytest.param(action(DEACTIVATE, ANN, OFF), state(live_user(active=False)), id="a deactivation"),
        pytest.param(action(DEACTIVATE, ANN, OFF), state(), id="a deactivation of who is not among the active"),
        pytest.param(
            MANAGED,
            state(Live(ResourceType.USER, "7", ANN.name, {MANAGER: "9"}), live_user(BEN, "9")),
            id="a manager",
        ),
        pytest.param(
            action(UPDATE, ANN, MAILS), state(Live(ResourceType.USER, "7", ANN.name, HAS_MAILS)), id="many values"
        ),
        pytest.param(
            action(UPDATE, ANN, TITLE, Change(f"{CUSTOM_FIELDS}payroll", None, "1")),
            state(live_user(title="B")),
            id="what is never given back",
        ),
        pytest.param(
            action(UPDATE, DESK, add=[ANN], remove=[BEN]),
            state(live_group("7", "3"), live_user(), live_user(BEN, "9")),
            id="members",
        ),
        pytest.param(action(DEACTIVATE, DESK, remove=[BEN]), state(live_group()), id="an emptied group"),
    ],
)
def test_what_is_so_already_is_settled(then: Action, live: LiveState) -> None:
    assert compare(approved(then), needed(), live) == Sorted(settled=(then,))


@pytest.mark.parametrize(
    ("then", "live", "reason"),
    [
        (UPDATED, state(live_user(title="A")), "it is not to be done any more: see the warnings of a new plan"),
        (UPDATED, state(), "4me does not have it any more"),
        (action(CREATE, ANN), state(), "it is not to be done any more: see the warnings of a new plan"),
        (
            action(DEACTIVATE, ANN, OFF),
            state(live_user(), complete=False),
            "4me was not read completely, and nothing is removed on doubt",
        ),
        (
            action(DEACTIVATE, ANN, OFF),
            state(complete=False),
            "4me was not read completely, and nothing is removed on doubt",
        ),
        (
            action(UPDATE, DESK, remove=[BEN]),
            state(live_group("9"), live_user(BEN, "9")),
            "it is not to be done any more: see the warnings of a new plan",
        ),
        (
            action(UPDATE, ANN, MAILS),
            state(live_user(emails=[{"value": "b@x", "type": "home"}])),
            "it is not to be done any more: see the warnings of a new plan",
        ),
    ],
)
def test_what_is_neither_needed_nor_so(then: Action, live: LiveState, reason: str) -> None:
    found = compare(approved(then), needed(), live)
    assert [(leftover.action, leftover.reasons) for leftover in found.outdated] == [(then, (reason,))]
    assert found.settled == ()


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (UPDATED, 'title is "A", to become "B"'),
        (action(UPDATE, DESK, TITLE, add=[ANN]), 'title is "A", to become "B", members differ'),
        (action(CREATE, ANN, *created(title="B")), "declared, not in 4me"),
        (action(DEACTIVATE, ANN, OFF), "declared nowhere"),
    ],
)
def test_what_was_not_approved(now: Action, what: str) -> None:
    found = compare(approved(), needed(now))
    assert [(leftover.action, leftover.reasons) for leftover in found.unapproved] == [
        (now, (f"4me changed since the plan was made: {what}",))
    ]
    changed = needed(now)
    changed = replace(changed, manifests=replace(changed.manifests, digest=OTHER_DIGEST))
    assert compare(approved(), changed).unapproved[0].reasons == (f"the manifests changed since: {what}",)


def test_what_is_the_same_keeps_its_order_and_its_place() -> None:
    moved = replace(action(UPDATE, BEN, TITLE, line=5), id="9")
    here = replace(moved, source=None)
    assert compare(approved(UPDATED, here), needed(moved, UPDATED)) == Sorted(same=(moved, UPDATED))


def test_an_action_that_stands_twice_is_done_once() -> None:
    other = action(UPDATE, ANN, Change("title", "A", "X"))
    found = compare(approved(other, UPDATED, UPDATED), needed(UPDATED))
    assert (found.same, [leftover.action for leftover in found.outdated]) == ((UPDATED,), [other])
