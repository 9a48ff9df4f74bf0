"""The three-way table: what was last applied, what the manifests say, what 4me has."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.actions import Findings, Planner
from reconciler.core.drift import COUNTED, Base, Drift, DriftKind, Origin, counts_as_drift
from reconciler.core.members import Members
from reconciler.core.model import Desired, Live, Member, ResourceType, Source
from reconciler.core.names import Names
from reconciler.core.plan_model import ActionKind, Guard
from reconciler.core.tolerance import Tolerance, Tolerances
from reconciler.core.verdicts import Sides, tell_apart

if TYPE_CHECKING:
    from reconciler.core.model import Attributes
    from reconciler.core.plan_model import Action

USER, GROUP = ResourceType
SOURCE = Source("users.yaml", 3)
ANN, DESK = Member(USER, "ann"), Member(GROUP, "Desk")
NAMES = Names(
    {USER: {"ann": "1", "bob": "2", "cem": "3"}, GROUP: {"Desk": "9"}},
    {USER: {"1": "ann", "2": "bob", "3": "cem", "4": "eve"}, GROUP: {"9": "Desk"}},
    frozenset(),
)
TODAY = date(2026, 11, 24)
ORIGIN = Origin("state", "2026-11-23T08:00:00Z")


def tolerances(*rules: Tolerance) -> Tolerances:
    return Tolerances(rules, TODAY, {USER: {'phoneNumbers[type eq "mobile"].value': "mobile"}})


def told(desired: Desired | None, live: Live | None, base: Base | None, *rules: Tolerance) -> Drift:
    planner = Planner(NAMES, (), Findings())
    action: Action | None
    action = planner.plan_pair(desired, live) if desired else planner.plan_unlisted(live) if live else None
    assert action is not None
    sides = Sides(
        {Member(desired.type, desired.key): desired} if desired else {},
        {Member(live.type, live.id): live} if live else {},
        NAMES,
    )
    return tell_apart([action], sides, base, tolerances(*rules))


def kinds(drift: Drift) -> dict[str, str]:
    (judged,) = drift.actions
    action = judged.action
    return {
        **{change.path: each.kind.value for change, each in zip(action.changes, judged.changes, strict=True)},
        **{f"+ {m.name}": each.kind.value for m, each in zip(action.members.add, judged.added, strict=True)},
        **{f"- {m.name}": each.kind.value for m, each in zip(action.members.remove, judged.removed, strict=True)},
    }


def base_of(*lives: Live) -> Base:
    return Base(
        ORIGIN,
        {Member(each.type, each.id): each for each in lives},
        {Member(each.type, each.key.casefold()): each for each in lives},
    )


def user(values: Attributes, *, active: bool = True) -> tuple[Desired, Live]:
    attributes: Attributes = {"userName": "ann", **values}
    return Desired(USER, "ann", attributes, SOURCE, active), Live(USER, "1", "ann", attributes, active)


def emails(**types: str) -> Any:
    return [{"value": value, "type": type_} for type_, value in types.items()]


@pytest.mark.parametrize(
    ("applied", "desired", "live", "expected"),
    [
        ("a", "a", "b", "drift"),
        ("a", "b", "a", "pending"),
        ("a", "b", "c", "conflict"),
        ("a", "A", "b", "drift"),
        ("a", "b", "A", "pending"),
        (None, "a", None, "pending"),
        (None, "a", "b", "conflict"),
        ("a", None, "a", "pending"),
        ("a", None, "b", "conflict"),
        (None, None, "b", "drift"),
        ("a", "a", None, "drift"),
        ("a", "b", None, "conflict"),
        ("a", "", "a", "pending"),
    ],
)
def test_a_single_value(applied: str | None, desired: str | None, live: str | None, expected: str) -> None:
    base = base_of(user({"title": applied})[1])
    found = told(user({"title": desired})[0], user({"title": live})[1], base)
    assert kinds(found) == {"title": expected}


@pytest.mark.parametrize(
    ("applied", "desired", "live", "expected"),
    [
        (emails(work="a"), emails(work="a"), emails(work="b"), {'emails[type eq "work"].value': "drift"}),
        (emails(work="a"), emails(work="c"), emails(work="b"), {'emails[type eq "work"].value': "conflict"}),
        (
            emails(work="a", home="h"),
            emails(home="h", work="a2"),
            emails(work="a", home="h2"),
            {'emails[type eq "work"].value': "pending", 'emails[type eq "home"].value': "drift"},
        ),
        (emails(work="a"), emails(work="a"), None, {'emails[type eq "work"]': "drift"}),
        (
            emails(work="a"),
            emails(work="a", home="h"),
            emails(work="b"),
            {'emails[type eq "home"]': "pending", 'emails[type eq "work"].value': "drift"},
        ),
    ],
)
def test_values_of_a_list(applied: Any, desired: Any, live: Any, expected: dict[str, str]) -> None:
    base = base_of(user({"emails": applied})[1])
    assert kinds(told(user({"emails": desired})[0], user({"emails": live})[1], base)) == expected


@pytest.mark.parametrize(
    ("applied", "desired", "live", "expected"),
    [
        (["a", "b"], ["b", "a"], ["a"], "drift"),
        (["a"], ["a", "b"], ["a"], "pending"),
        (["a"], ["a", "b"], ["a", "c"], "conflict"),
    ],
)
def test_plain_lists_are_one_value(applied: Any, desired: Any, live: Any, expected: str) -> None:
    lists: list[Any] = [[{"value": each} for each in values] for values in (applied, desired, live)]
    base = base_of(user({"roles": lists[0]})[1])
    assert kinds(told(user({"roles": lists[1]})[0], user({"roles": lists[2]})[1], base)) == {"roles": expected}


@pytest.mark.parametrize(
    ("applied", "desired", "live", "kind", "expected"),
    [
        (True, True, False, ActionKind.REACTIVATE, "drift"),
        (False, True, False, ActionKind.REACTIVATE, "pending"),
        (True, False, True, ActionKind.DEACTIVATE, "pending"),
        (False, False, True, ActionKind.DEACTIVATE, "drift"),
    ],
)
def test_active(*, applied: bool, desired: bool, live: bool, kind: ActionKind, expected: str) -> None:
    base = base_of(user({}, active=applied)[1])
    found = told(user({}, active=desired)[0], user({}, active=live)[1], base)
    assert (found.actions[0].action.kind, kinds(found)) == (kind, {"active": expected})


def test_an_attribute_that_was_not_declared_before_is_pending() -> None:
    base = base_of(user({})[1])
    assert kinds(told(user({"title": "a"})[0], user({"title": "b"})[1], base)) == {"title": "pending"}


def group(*members: str) -> tuple[Desired, Live]:
    ids = Members.of(
        frozenset(Member(USER, {"ann": "1", "bob": "2", "cem": "3", "eve": "4"}[each]) for each in members)
    )
    wanted = frozenset(Member(USER, each) for each in members)
    attributes: Attributes = {"displayName": "Desk"}
    return Desired(GROUP, "Desk", attributes, SOURCE, members=wanted), Live(GROUP, "9", "Desk", attributes, members=ids)


def test_memberships_are_there_or_not() -> None:
    base = base_of(group("ann", "bob")[1])
    found = told(group("ann", "cem")[0], group("bob", "eve")[1], base)
    assert kinds(found) == {"+ ann": "drift", "+ cem": "pending", "- bob": "pending", "- eve": "drift"}


def test_memberships_that_were_not_managed_are_pending() -> None:
    unmanaged = Live(GROUP, "9", "Desk", {"displayName": "Desk"})
    found = told(group("ann")[0], group("bob")[1], base_of(unmanaged))
    assert kinds(found) == {"+ ann": "pending", "- bob": "pending"}


@pytest.mark.parametrize(
    ("declared", "in_live", "was_applied", "expected"),
    [
        (True, False, True, "drift"),
        (True, False, False, "pending"),
        (False, True, True, "pending"),
        (False, True, False, "drift"),
        (True, True, False, "pending"),
    ],
)
def test_whole_resources(*, declared: bool, in_live: bool, was_applied: bool, expected: str) -> None:
    desired, live = user({"title": "a"})[0], user({"title": "b"})[1]
    base = base_of(live) if was_applied else Base(ORIGIN)
    found = told(desired if declared else None, live if in_live else None, base)
    assert set(kinds(found).values()) == {expected}


def test_where_nothing_is_known_nothing_is_told_apart() -> None:
    found = told(user({"title": "a"})[0], user({"title": "b"})[1], None)
    assert (kinds(found), found.origin) == ({"title": "unknown"}, None)
    assert counts_as_drift(found, [], [])


def test_an_action_in_parts() -> None:
    base = base_of(user({"title": "a", "nickName": "x"}, active=False)[1])
    found = told(user({"title": "a", "nickName": "y"})[0], user({"title": "b", "nickName": "x"}, active=False)[1], base)
    (drift,), (pending,) = found.of(DriftKind.DRIFT), found.of(DriftKind.PENDING)
    assert (drift.kind, [each.path for each in drift.changes]) == (ActionKind.UPDATE, ["title"])
    assert (pending.kind, [each.path for each in pending.changes]) == (ActionKind.REACTIVATE, ["active", "nickName"])
    assert found.counts() == {kind: int(kind in (DriftKind.DRIFT, DriftKind.PENDING)) for kind in DriftKind}
    assert found.without([drift]).counts()[DriftKind.DRIFT] == 0
    assert found.without([found.actions[0].action]).actions == ()


def rule(**changed: Any) -> Tolerance:
    given = {"resource": USER, "keys": ("ann",), "owner": "Bob", "reason": "test", "until": TODAY, **changed}
    return Tolerance(**given)


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (rule(), {"title": "tolerated", 'phoneNumbers[type eq "mobile"].value': "tolerated"}),
        (rule(keys=("x", "A*")), {"title": "tolerated", 'phoneNumbers[type eq "mobile"].value': "tolerated"}),
        (rule(keys=("b*",)), {"title": "drift", 'phoneNumbers[type eq "mobile"].value': "drift"}),
        (rule(resource=GROUP), {"title": "drift", 'phoneNumbers[type eq "mobile"].value': "drift"}),
        (rule(attributes=("Title",)), {"title": "tolerated", 'phoneNumbers[type eq "mobile"].value': "drift"}),
        (rule(attributes=("mobile",)), {"title": "drift", 'phoneNumbers[type eq "mobile"].value': "tolerated"}),
        (rule(attributes=("phoneN*",)), {"title": "drift", 'phoneNumbers[type eq "mobile"].value': "tolerated"}),
        (rule(until=date(2026, 11, 23)), {"title": "drift", 'phoneNumbers[type eq "mobile"].value': "drift"}),
    ],
)
def test_tolerated_attributes(tolerance: Tolerance, expected: dict[str, str]) -> None:
    mobile = 'phoneNumbers[type eq "mobile"].value'
    desired = user({"title": "a", mobile: "1"})[0]
    live = user({"title": "b", "phoneNumbers": [{"type": "mobile", "value": "2"}]})[1]
    found = told(desired, live, base_of(user({"title": "a", mobile: "1"})[1]), tolerance)
    assert kinds(found) == expected


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (rule(resource=GROUP, keys=("desk",), attributes=("members",)), {"- bob": "tolerated", "- eve": "tolerated"}),
        (rule(keys=("bob",), attributes=("groups",)), {"- bob": "tolerated", "- eve": "drift"}),
        (rule(keys=("eve",)), {"- bob": "drift", "- eve": "tolerated"}),
        (rule(keys=("eve",), attributes=("members",)), {"- bob": "drift", "- eve": "drift"}),
    ],
)
def test_tolerated_memberships(tolerance: Tolerance, expected: dict[str, str]) -> None:
    found = told(group("ann")[0], group("ann", "bob", "eve")[1], base_of(group("ann")[1]), tolerance)
    assert kinds(found) == expected


def test_somebody_who_appeared_is_tolerated_as_a_whole_or_by_being_active() -> None:
    for tolerance in (rule(keys=("ann",)), rule(keys=("ann",), attributes=("active",))):
        found = told(None, user({})[1], Base(ORIGIN), tolerance)
        assert kinds(found) == {"active": "tolerated"}
        assert not counts_as_drift(found, COUNTED, [])


def test_the_longer_tolerance_counts() -> None:
    over = rule(until=date(2026, 11, 1))
    found = told(user({"title": "a"})[0], user({"title": "b"})[1], base_of(user({"title": "a"})[1]), over, rule())
    assert kinds(found) == {"title": "tolerated"}


@pytest.mark.parametrize(
    ("guard", "expected"), [("deactivations", False), ("membershipRemovals", False), ("identityConflicts", True)]
)
def test_guards_that_count_differences_do_not_count_twice(guard: str, *, expected: bool) -> None:
    found = told(None, user({})[1], Base(ORIGIN), rule())
    assert counts_as_drift(found, COUNTED, [Guard(guard, 9, 5, breached=True)]) is expected
