"""What of live state manifests can declare, and what is said of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.declarable import Undeclared, take_inventory
from reconciler.core.members import Members
from reconciler.core.model import Live, LiveState, Member, ResourceType
from reconciler.core.paths import MANAGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.core.declarable import Inventory
    from reconciler.core.model import Attributes

USER, GROUP = ResourceType.USER, ResourceType.GROUP
MATCH = {USER: ("externalId", "userName"), GROUP: ("externalId", "displayName")}


def user(number: int, name: str | None, *, owned: bool = True, **more: object) -> Live:
    given: Attributes = {} if name is None else {"userName": name}
    manager = more.pop("manager", None)
    given |= {key: str(value) for key, value in more.items() if key != "active"}
    if manager is not None:
        given[MANAGER] = str(manager)
    return Live(USER, str(number), name or str(number), given, more.get("active", True) is True, owned=owned)


def group(number: int, name: str, *, users: str = "", groups: str = "", owned: bool = True) -> Live:
    members = Members(frozenset(users.split()), frozenset(groups.split()))
    return Live(GROUP, str(number), name, {"displayName": name}, members=members, owned=owned)


def take(
    *lives: Live, include_inactive: bool = False, match: Mapping[ResourceType, tuple[str, ...]] = MATCH
) -> Inventory:
    state = LiveState(
        tuple(each for each in lives if each.type is USER),
        tuple(each for each in lives if each.type is GROUP),
        {Member(USER, "99"): "somebody"},
    )
    return take_inventory(state, match, include_inactive=include_inactive)


def test_users_come_by_name_without_those_who_are_inactive_or_not_owned() -> None:
    inventory = take(user(1, "b"), user(2, "A"), user(3, "c", active=False), user(4, "d", owned=False))
    assert [each.live.key for each in inventory.users] == ["A", "b"]
    assert (inventory.inactive, inventory.foreign, inventory.undeclarable) == (1, 1, ())


def test_who_has_no_name_or_that_of_another_cannot_be_declared() -> None:
    inventory = take(user(1, None), user(2, "a"), user(3, "A", active=False), group(1, "g"), group(2, "G"))
    assert [(each.id, reason) for each, reason in inventory.undeclarable] == [
        ("1", "it has no userName"),
        ("2", "several have this userName"),
        ("1", "several have this displayName"),
        ("2", "several have this displayName"),
    ]
    assert (inventory.users, inventory.groups) == ((), ())


def test_an_external_id_that_others_have_too_is_left_out_and_must_not_be_all_that_one_is_found_by() -> None:
    lives = (user(1, "a", externalId="E1"), user(2, "b", externalId="e1", owned=False), user(3, "c", externalId="E3"))
    assert [each.ambiguous for each in take(*lives).users] == [True, False]
    inventory = take(*lives, user(4, "d"), match={**MATCH, USER: ("externalId",)})
    assert [each.live.key for each in inventory.users] == ["c"]
    reason = "nothing that it is matched by (externalId) is its own"
    assert [(each.key, why) for each, why in inventory.undeclarable] == [("a", reason), ("d", reason)]


def test_managers_who_are_not_declared_are_left_out_with_the_reason() -> None:
    inventory = take(
        user(1, "a", manager=2),
        user(2, "b", manager=3),
        user(3, "c", active=False),
        user(4, "d", manager=5),
        user(5, "e", owned=False),
        user(6, "f", manager=77),
    )
    assert [each.manager for each in inventory.users] == [
        "b",
        Undeclared("c", "inactive"),
        Undeclared("e", "not owned by these manifests"),
        Undeclared("id 77", "not among what could be read"),
    ]


def test_circles_are_cut_where_they_close() -> None:
    inventory = take(
        user(1, "a", manager=2), user(2, "b", manager=1), user(3, "c", manager=3),
        group(1, "g", groups="2"), group(2, "h", groups="1 2"),
    )  # fmt: skip
    left_out = [each.live.key for each in inventory.users if isinstance(each.manager, Undeclared)]
    assert (len(left_out), left_out[-1]) == (2, "c")
    assert sum(len(each.members or ()) for each in inventory.groups) == 1
    assert {other.reason for each in inventory.groups for other in each.others} == {"a cycle of groups"}


def test_members_are_users_then_groups_and_others_are_named() -> None:
    inventory = take(
        user(1, "b"), user(2, "a"), user(3, "c", active=False),
        group(1, "g", users="1 2 3 99", groups="2 3"), group(2, "h"), group(3, "i", owned=False),
    )  # fmt: skip
    assert inventory.groups[0].members == (Member(USER, "a"), Member(USER, "b"), Member(GROUP, "h"))
    assert inventory.groups[0].others == (
        Undeclared("c", "inactive"),
        Undeclared("i", "not owned by these manifests"),
        Undeclared("somebody", "not among what could be read"),
    )


def test_inactive_users_are_declared_where_they_are_asked_for() -> None:
    inventory = take(user(1, "a", active=False), group(1, "g", users="1"), include_inactive=True)
    assert [each.live.key for each in inventory.users] == ["a"]
    assert inventory.groups[0].others == ()
