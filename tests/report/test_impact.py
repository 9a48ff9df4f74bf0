"""The blast radius: what is counted, of whom, and what is counted only once."""

from __future__ import annotations

import pytest

from reconciler.core.access import (
    AccessDiff,
    AccessSummary,
    MembershipChange,
    PersonChange,
    PolicyChange,
    Side,
    Transition,
    Who,
)
from reconciler.core.drift import Drift, DriftKind, Judged, Verdict
from reconciler.core.model import ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import Action, ActionKind, Change
from reconciler.report.impact import diff_facts, drift_facts, impact, plan_facts, tell
from tests.builders import action, created, drift_of, group, plan, user

CREATE, UPDATE, REACTIVATE, DEACTIVATE = ActionKind
ANN, BOB, CID = user("ann"), user("bob"), user("cid")
TEAM, DESK = group("Team"), group("Desk")
LEAVES = action(DEACTIVATE, ANN, Change("active", before=True, after=False))
ARRIVES = action(CREATE, ANN, *created(userName=ANN.name))
RETURNS = action(REACTIVATE, ANN, Change("active", before=False, after=True))


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ([], "nothing changes"),
        ([LEAVES], "1 person loses all access"),
        (
            [LEAVES, action(DEACTIVATE, BOB), action(DEACTIVATE, TEAM, remove=[ANN, BOB, CID])],
            "2 people lose all access, 1 group is emptied, 1 person loses memberships",
        ),
        (
            [
                action(UPDATE, ANN, Change(MANAGER, BOB.name, CID.name), Change("title", "a", "b")),
                action(UPDATE, BOB, Change(MANAGER, CID.name, None)),
            ],
            "2 managers change",
        ),
        ([action(UPDATE, ANN, Change("userName", "x", ANN.name))], "1 person is renamed"),
        ([action(UPDATE, ANN, Change("roles", ["a"], ["b"]))], "1 person gets other roles"),
        ([action(UPDATE, ANN, Change("title", "a", "b"))], "1 person changes otherwise"),
        ([ARRIVES, action(UPDATE, TEAM, add=[ANN])], "1 person is new"),
        ([RETURNS, action(UPDATE, TEAM, add=[ANN, BOB])], "1 person comes back, 1 person gains memberships"),
        (
            [action(UPDATE, TEAM, add=[ANN, BOB]), action(UPDATE, DESK, add=[ANN], remove=[CID])],
            "1 person loses memberships, 2 people gain memberships",
        ),
        ([action(UPDATE, TEAM, add=[DESK])], "1 group joins others"),
        ([action(UPDATE, TEAM, remove=[DESK])], "1 group leaves others"),
        (
            [action(CREATE, TEAM), action(UPDATE, DESK, Change("externalId", "a", "b"))],
            "1 group is new, 1 group changes otherwise",
        ),
        (
            [action(UPDATE, user(f"u{number}"), Change("title", "a", "b")) for number in range(1234)],
            "1,234 people change otherwise",
        ),
    ],
)
def test_what_a_plan_does(actions: list[Action], told: str) -> None:
    assert impact(plan(*actions)) == told


def test_a_fact_has_a_view_that_shows_it() -> None:
    assert [(each.number, each.tone, each.view) for each in plan_facts(plan(LEAVES))] == [
        (1, "danger", "kind=deactivate&type=User")
    ]


def test_drift_is_told_from_4mes_side() -> None:
    mended = plan(LEAVES, action(UPDATE, TEAM, add=[BOB], remove=[CID]))
    assert tell(drift_facts(drift_of(mended))) == (
        "1 person has access that the manifests do not give, 1 person is in groups in 4me only,"
        " 1 person lacks memberships"
    )


def test_what_is_tolerated_or_waits_is_no_drift() -> None:
    title = action(UPDATE, ANN, Change("title", "a", "b"))
    judged = [Judged(title, (Verdict(kind),)) for kind in DriftKind]
    assert tell(drift_facts(Drift(tuple(judged)))) == (
        "1 resource is in conflict, 3 people differ otherwise, 1 resource waits to be applied,"
        " 1 resource differs as tolerated"
    )


def test_what_a_diff_does() -> None:
    ann, bob, cid, team = (Who(each.type, each.name) for each in (ANN, BOB, CID, TEAM))
    assert team.type is ResourceType.GROUP
    people = (
        PersonChange(ann, Transition.LEAVE, memberships=(MembershipChange(ann, team, (), None),), reports=(cid,)),
        PersonChange(bob, Transition.JOIN, memberships=(MembershipChange(bob, team, None, ()),)),
        PersonChange(cid, memberships=(MembershipChange(cid, team, None, ("Desk",)),)),
    )
    summary = AccessSummary(joins=1, leaves=1, leaving_managers=1, gains=2, losses=1)
    policies = (PolicyChange("tenant production", "unlisted", "report", "deactivate"),)
    diff = AccessDiff(Side("main", "abc"), Side("HEAD", "def"), people, (), policies, (), summary)
    assert tell(diff_facts(diff)) == (
        "1 person loses all access, 1 manager leaves who still has reports, 1 rule changes, 1 person is new,"
        " 1 person gains memberships"
    )


@pytest.mark.parametrize(("sure", "told"), [(True, "1 person loses memberships"), (False, "nothing changes")])
def test_a_loss_that_takes_nothing_away_in_4me_is_none(sure: bool, told: str) -> None:  # noqa: FBT001
    ann, team = Who(ResourceType.USER, "ann"), Who(ResourceType.GROUP, "Team")
    person = PersonChange(ann, memberships=(MembershipChange(ann, team, (), None, sure=sure),))
    diff = AccessDiff(Side("main", "abc"), Side("HEAD", "def"), (person,), (), (), (), AccessSummary(losses=1))
    assert tell(diff_facts(diff)) == told
