"""Made-up organisations: the same for the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.sandbox import Organisation

if TYPE_CHECKING:
    from tests.sandbox.conftest import Opener


def test_user_and_group_by_number(open_caller: Opener) -> None:
    caller = open_caller(organisation=Organisation(45, 3, 20))
    user, group = caller.get("/Users/41"), caller.get("/Groups/3")
    extension = user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
    assert (user["userName"], user["externalId"], user["active"]) == ("chen.ito.41@widget.example", "E000041", True)
    assert (extension["manager"]["value"], extension["manager"]["displayName"]) == ("2", "Chen Costa 2")
    assert [member["value"] for member in group["members"]][:6] == ["1", "2", "3", "4", "5", "6"]
    assert (group["displayName"], len(group["members"])) == ("Group 0003", 20)


def test_the_same_numbers_give_the_same_people(open_caller: Opener) -> None:
    few, many = (open_caller(organisation=Organisation(users)) for users in (5, 50))
    assert few.get("/Users/5") == many.get("/Users/5")


@pytest.mark.parametrize(
    ("organisation", "members"),
    [(Organisation(3, 2, 100), [3, 3]), (Organisation(0, 1), [0]), (Organisation(4, 1, 0), [0])],
)
def test_groups_are_never_larger_than_the_organisation(
    open_caller: Opener, organisation: Organisation, members: list[int]
) -> None:
    caller = open_caller(organisation=organisation)
    sizes = [len(caller.get(f"/Groups/{number}")["members"]) for number in range(1, organisation.groups + 1)]
    assert sizes == members


def test_new_users_come_after_generated_ones(open_caller: Opener) -> None:
    assert open_caller(organisation=Organisation(3)).user("new") == "4"
