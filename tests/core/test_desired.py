"""Records to desired state: names resolved, membership from both sides, contradictions told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.desired import build_desired
from reconciler.core.model import Desired, DesiredState, Member, Record, ResourceType, Source
from reconciler.core.paths import MANAGER

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, MembershipMode, Value

USER, GROUP = ResourceType.USER, ResourceType.GROUP


def user(name: str, line: int = 1, *, groups: tuple[str, ...] | None = None, **given: Value) -> Record:
    attributes: Attributes = {MANAGER if key == "manager" else key: value for key, value in given.items()}
    return Record(USER, Source("a.yaml", line), {"userName": name, **attributes}, groups=groups)


def group(
    name: str,
    line: int = 1,
    *,
    members: tuple[Member, ...] | None = None,
    membership: MembershipMode | None = None,
    **given: Value,
) -> Record:
    attributes: Attributes = {"displayName": name, **given}
    return Record(GROUP, Source("a.yaml", line), attributes, members=members, membership=membership)


def said(users: list[Record], groups: list[Record]) -> list[tuple[int, tuple[str | int, ...], str]]:
    _, problems = build_desired(users, groups)
    return [(record.source.line, path, message) for record, path, message in problems]


def members_of(users: list[Record], groups: list[Record]) -> list[frozenset[Member] | None]:
    state, problems = build_desired(users, groups)
    assert problems == []
    return [each.members for each in state.groups]


def test_nothing_declared() -> None:
    assert build_desired([], []) == (DesiredState(), [])


@pytest.mark.parametrize("name", ["Boss@x", "boss@x", "E1", "e1"])
def test_a_manager_becomes_the_key_of_the_user(name: str) -> None:
    boss = user("Boss@x", externalId="E1")
    state, problems = build_desired([boss, user("ann@x", 2, manager=name)], [])
    assert problems == []
    assert state.users == (
        Desired(USER, "Boss@x", {"userName": "Boss@x", "externalId": "E1"}, Source("a.yaml", 1)),
        Desired(USER, "ann@x", {"userName": "ann@x", MANAGER: "Boss@x"}, Source("a.yaml", 2)),
    )


def test_a_manager_may_stand_after_the_report() -> None:
    state, _ = build_desired([user("ann", manager="boss"), user("boss")], [])
    assert state.users[0].attributes == {"userName": "ann", MANAGER: "boss"}


def test_a_manager_that_is_cleared_stays_cleared() -> None:
    state, problems = build_desired([user("ann", manager=None)], [])
    assert (state.users[0].attributes, problems) == ({"userName": "ann", MANAGER: None}, [])


@pytest.mark.parametrize(("active", "expected"), [(True, True), (False, False), (None, True)])
def test_active(active: Value, expected: Value) -> None:
    state, _ = build_desired([user("ann", active=active)], [])
    assert state.users[0].active is expected


def test_active_without_a_rule_for_it() -> None:
    state, _ = build_desired([user("ann")], [])
    assert (state.users[0].active, "active" in state.users[0].attributes) == (True, False)


def test_membership_is_managed_only_where_someone_says_so() -> None:
    users = [user("ann", groups=("named BY a user",))]
    groups = [
        group("Untouched"),
        group("Named by a user"),
        group("Explicit", membership="additive"),
        group("Empty", members=()),
    ]
    assert members_of(users, groups) == [None, {Member(USER, "ann")}, frozenset(), frozenset()]


def test_members_by_each_name_that_they_have() -> None:
    users = [user("a@x"), user("b@x", externalId="E2"), user("c@x", displayName="Cas")]
    groups = [
        group("All", members=(*(Member(USER, name) for name in ("A@X", "e2", "cas")), Member(GROUP, "g1"))),
        group("Night", externalId="G1"),
    ]
    keys = {Member(USER, "a@x"), Member(USER, "b@x"), Member(USER, "c@x"), Member(GROUP, "Night")}
    assert members_of(users, groups) == [frozenset(keys), None]


def test_a_member_named_twice_and_from_both_sides_is_one() -> None:
    users = [user("ann", externalId="E1", groups=("All",))]
    groups = [group("All", members=(Member(USER, "ann"), Member(USER, "E1")))]
    assert members_of(users, groups) == [frozenset({Member(USER, "ann")})]


def test_a_user_name_goes_before_what_others_are_called() -> None:
    users = [user("ann"), user("bob", externalId="ann"), user("cas", displayName="Ann")]
    assert members_of(users, [group("All", members=(Member(USER, "ann"),))]) == [frozenset({Member(USER, "ann")})]


def test_a_display_name_that_two_have_names_nobody() -> None:
    users = [user("a", 1, displayName="Ann"), user("b", 2, displayName="ann")]
    assert said(users, [group("All", 3, members=(Member(USER, "Ann"),))]) == [
        (3, ("members", 0), "member `Ann` could be any of 2: a.yaml:1, a.yaml:2; write the userName")
    ]


def test_groups_may_share_members_without_a_cycle() -> None:
    low = group("Low", members=())
    left = group("Left", members=(Member(GROUP, "Low"),))
    right = group("Right", members=(Member(GROUP, "Low"),))
    top = group("Top", members=(Member(GROUP, "Left"), Member(GROUP, "Right")))
    assert said([], [top, left, right, low]) == []


def test_each_cycle_is_told_once_wherever_it_is_entered() -> None:
    chain = [("x", "a"), ("b", "c"), ("c", "a"), ("a", "b"), ("y", "c"), ("d", "d")]
    users = [user(name, line, manager=boss) for line, (name, boss) in enumerate(chain, 1)]
    assert said(users, []) == [
        (4, ("manager",), "cycle of managers: a → b → c → a"),
        (6, ("manager",), "cycle of managers: d → d"),
    ]


def test_a_long_chain_of_managers_is_no_cycle() -> None:
    users = [user(f"u{number}", manager=f"u{number + 1}") for number in range(20_000)]
    assert said([*users, user("u20000")], []) == []


def test_everything_wrong_is_told() -> None:
    users = [user("", 1), user("Ann", 2, externalId="E1"), user("ann", 3), user("bob", 4, externalId="e1")]
    assert said(users, [group("", 5), group("A", 6, externalId="G"), group("B", 7, externalId="g")]) == [
        (1, (), "user without userName"),
        (5, (), "group without displayName"),
        (3, ("userName",), "two users with userName `ann`: also at a.yaml:2"),
        (4, ("externalId",), "two users with externalId `e1`: also at a.yaml:2"),
        (7, ("externalId",), "two groups with externalId `g`: also at a.yaml:6"),
    ]


def test_a_user_and_a_group_may_share_a_name_and_an_external_id() -> None:
    assert said([user("ops", externalId="1")], [group("ops", externalId="1")]) == []


def outside(record: Record) -> Record:
    return record._replace(outside="`IT`: department IS NOT NULL, has no value")


def test_a_record_out_of_scope_is_as_if_not_declared() -> None:
    state, problems = build_desired([user("ann"), outside(user("ANN", 2)), outside(user("bob", 3, active=False))], [])
    assert problems == []
    assert [each.key for each in state.users] == ["ann"]
    assert [(each.source.line, each.attributes["userName"]) for each in state.outside] == [(2, "ANN"), (3, "bob")]


def test_references_to_records_out_of_scope_are_left_out_and_told() -> None:
    users = [
        outside(user("boss", externalId="E1")),
        user("ann", 2, manager="E1", groups=("Old",)),
        user("bob", 3, title="x"),
    ]
    groups = [
        outside(group("Old", externalId="G1")),
        group("New", 2, members=(Member(USER, "Boss"), Member(USER, "bob"), Member(GROUP, "g1"))),
    ]
    state, problems = build_desired(users, groups)
    assert problems == []
    assert [each.attributes for each in state.users] == [{"userName": "ann"}, {"userName": "bob", "title": "x"}]
    assert [(each.key, each.members) for each in state.groups] == [("New", frozenset({Member(USER, "bob")}))]
    assert state.notes == (
        "left out, since they refer to records out of scope: manager E1, member Boss, member g1, group Old",
    )


def test_only_the_first_references_that_are_left_out_are_named() -> None:
    bosses = [outside(user(f"boss{number}")) for number in range(7)]
    reports = [user(f"ann{number}", number, manager=f"boss{number}") for number in range(7)]
    state, _ = build_desired([*bosses, *reports], [])
    assert state.notes[0].endswith(
        "manager boss0, manager boss1, manager boss2, manager boss3, manager boss4 and 2 more"
    )
