"""Lists and single resources: pages of 25, an order of their own, groups without members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.sandbox import Organisation

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Opener


def test_a_page_has_25_at_most_and_tells_the_total(open_caller: Opener) -> None:
    caller = open_caller(organisation=Organisation(30))
    first, second, beyond = (caller.get("/Users", startIndex=start) for start in (1, 26, 31))
    shown = [
        (page["totalResults"], page["itemsPerPage"], page["startIndex"], len(page["Resources"]))
        for page in (first, second, beyond)
    ]
    assert shown == [(30, 25, 1, 25), (30, 25, 26, 5), (30, 25, 31, 0)]
    assert len({user["id"] for user in first["Resources"] + second["Resources"]}) == 30


@pytest.mark.parametrize(
    "query",
    [
        {"count": 0},
        {"count": 26},
        {"count": 100},
        {"count": -1},
        {"count": "ten"},
        {"count": ""},
        {"startIndex": 0},
        {"startIndex": "1.5"},
    ],
)
def test_other_pages_are_bad_requests(empty: Caller, query: dict[str, object]) -> None:
    limits = "from 1 to 25" if "count" in query else "1 or more"
    message = f"{next(iter(query))} must be a whole number, {limits}"
    assert empty.answer("GET", "/Users", **query) == (400, {"message": message})


def test_the_last_modified_comes_first(empty: Caller) -> None:
    first, _ = empty.user("first"), empty.user("second")
    assert empty.names() == ["second", "first"]
    empty.clock.now += 1
    empty.send("PATCH", f"/Users/{first}", {"title": "Lead"})
    assert empty.names() == ["first", "second"]


def test_a_user_as_4me_shows_it(empty: Caller) -> None:
    boss = empty.user("boss@widget.example", displayName="The Boss")
    ann = empty.user(
        "ann@widget.example",
        externalId="E1",
        password="secret",
        name={"givenName": "Ann"},
        favouriteColour="blue",
        groups=[{"value": "99"}],
        **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"site": "HQ", "manager": {"value": boss}}},
    )
    group = empty.create("/Groups", {"displayName": "Ops", "members": [{"value": ann}]})
    expected = {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "id": ann,
        "userName": "ann@widget.example",
        "externalId": "E1",
        "name": {
            "familyName": "",
            "givenName": "Ann",
            "middleName": "",
            "honorificPrefix": "",
            "honorificSuffix": "",
            "formatted": "",
        },
        "active": True,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "manager": {
                "value": boss,
                "$ref": f"https://widget.4me.com/scim/v2/Users/{boss}",
                "displayName": "The Boss",
            },
            "site": "HQ",
        },
        "meta": {
            "resourceType": "User",
            "created": "2023-11-14T17:13:20-05:00",
            "lastModified": "2023-11-14T17:13:20-05:00",
            "location": f"https://widget.4me.com/scim/v2/Users/{ann}",
        },
        "groups": [
            {"value": group, "display": "Ops", "$ref": f"https://widget.4me.com/scim/v2/Groups/{group}"},
        ],
    }
    assert empty.get(f"/Users/{ann}") == expected
    assert empty.get("/Users", filter='externalId eq "E1"')["Resources"] == [expected]


def test_only_a_single_group_shows_its_members(empty: Caller) -> None:
    ann = empty.user("ann@widget.example")
    inner = empty.create("/Groups", {"displayName": "Inner"})
    outer = empty.create(
        "/Groups", {"displayName": "Outer", "members": [{"value": ann}, {"value": inner, "type": "Group"}]}
    )
    assert (ann, inner) == ("1", "1")
    assert empty.get(f"/Groups/{outer}")["members"] == [
        {"value": ann, "display": "ann@widget.example", "$ref": "https://widget.4me.com/scim/v2/Users/1"},
        {"value": inner, "display": "Inner", "$ref": "https://widget.4me.com/scim/v2/Groups/1", "type": "Group"},
    ]
    assert empty.get(f"/Groups/{inner}")["members"] == []
    assert not any("members" in group for group in empty.get("/Groups")["Resources"])


def test_locations_are_on_the_accounts_host(open_caller: Opener) -> None:
    caller = open_caller(account="acme")
    caller.user("ann")
    assert caller.get("/Users/1")["meta"]["location"] == "https://acme.4me.com/scim/v2/Users/1"


@pytest.mark.parametrize(
    "path", ["/Users/1", "/Users/x", "/Users/" + "9" * 30, "/Groups/-1", "/Nothing", "/Me", "/Users/1/2"]
)
def test_what_is_not_there_is_not_found(empty: Caller, path: str) -> None:
    assert empty.answer("GET", path) == (404, {"message": "Not Found"})
