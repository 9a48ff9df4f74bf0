"""RFC 7644 PatchOp bodies on the same endpoint: what Entra and Okta send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
WORK = {"value": "a@x.example", "type": "work", "primary": True}
HOME = {"value": "h@x.example", "type": "home"}
START = {
    "userName": "ann",
    "title": "Lead",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [WORK, HOME],
    ENTERPRISE: {"department": "IT", "manager": {"value": "1"}},
    CUSTOM: {"badge": "7"},
}


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"op": "Replace", "path": "title", "value": "Head"}, {"title": "Head"}),
        ({"op": "add", "path": "nickName", "value": "A"}, {"nickName": "A"}),
        ({"op": "remove", "path": "title"}, {"title": None}),
        ({"op": "replace", "path": "active", "value": "False"}, {"active": False}),
        ({"op": "replace", "value": {"active": False, "title": "Head"}}, {"active": False, "title": "Head"}),
        ({"op": "replace", "path": "name.familyName", "value": "Fox"}, {"name": {"familyName": "Fox"}}),
        ({"op": "remove", "path": "NAME.givenname"}, {"name": {"givenName": ""}}),
        ({"op": "add", "value": {"name.familyName": "Fox", "unknown": 1}}, {"name": {"familyName": "Fox"}}),
        (
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@x.example"},
            {"emails": [WORK | {"value": "n@x.example"}, HOME]},
        ),
        (
            {"op": "replace", "path": "emails[primary eq true]", "value": {"value": "n@x.example"}},
            {"emails": [WORK | {"value": "n@x.example"}, HOME]},
        ),
        (
            {"op": "add", "path": 'emails[type eq "other"].value', "value": "o@x.example"},
            {"emails": [WORK, HOME, {"value": "o@x.example", "type": "other"}]},
        ),
        (
            {"op": "add", "path": "emails", "value": [{"value": "o@x.example", "primary": True}, HOME]},
            {"emails": [WORK | {"primary": False}, HOME, {"value": "o@x.example", "primary": True}]},
        ),
        ({"op": "add", "path": "emails", "value": [HOME]}, {"emails": [WORK, HOME]}),
        ({"op": "replace", "path": "emails", "value": [HOME]}, {"emails": [HOME]}),
        ({"op": "remove", "path": 'emails[type eq "HOME"]'}, {"emails": [WORK]}),
        ({"op": "remove", "path": 'emails[type ne "home" and value eq "a@x.example"]'}, {"emails": [HOME]}),
        ({"op": "remove", "path": "emails.primary"}, {"emails": [{"value": "a@x.example", "type": "work"}, HOME]}),
        ({"op": "remove", "path": "emails", "value": [{"value": "h@x.example"}]}, {"emails": [WORK]}),
        ({"op": "remove", "path": "emails"}, {"emails": None}),
        (
            {"op": "add", "path": 'addresses[type eq "work"].locality', "value": "Delft"},
            {"addresses": [{"locality": "Delft", "type": "work"}]},
        ),
        ({"op": "add", "path": f"{ENTERPRISE}:site", "value": "HQ"}, {ENTERPRISE: {"site": "HQ"}}),
        ({"op": "add", "value": {ENTERPRISE: {"site": "HQ"}}}, {ENTERPRISE: {"site": "HQ"}}),
        ({"op": "add", "value": {f"{ENTERPRISE}:site": "HQ"}}, {ENTERPRISE: {"site": "HQ"}}),
        ({"op": "remove", "path": f"{ENTERPRISE}:department"}, {ENTERPRISE: {"department": None}}),
        ({"op": "replace", "path": f"{CUSTOM}:badge", "value": "8"}, {CUSTOM: {"badge": "8"}}),
        ({"op": "remove", "path": f"{CUSTOM}:badge"}, {CUSTOM: None}),
        (
            {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "Head"},
            {"title": "Head"},
        ),
        ({"op": "replace", "path": "favouriteColour", "value": "blue"}, {}),
        ({"op": "replace", "path": "urn:example:other:colour", "value": "blue"}, {}),
    ],
)
def test_operations_on_a_user(empty: Caller, operation: dict[str, object], changed: dict[str, object]) -> None:
    empty.user("boss")
    ann = empty.create("/Users", START)
    expected = empty.get(f"/Users/{ann}")
    for name, value in changed.items():
        expected[name] = expected[name] | value if isinstance(value, dict) else value
        if isinstance(value, dict):
            expected[name] = {part: given for part, given in expected[name].items() if given is not None}
    status, body = empty.patch(f"/Users/{ann}", operation)
    assert (status, body) == (200, {name: value for name, value in expected.items() if value is not None})


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": "3"},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "3"}},
        {"op": "add", "path": f"{ENTERPRISE}:manager.value", "value": "3"},
    ],
)
def test_a_manager_in_every_form(empty: Caller, operation: dict[str, object]) -> None:
    empty.user("boss")
    ann = empty.create("/Users", START)
    empty.user("other", displayName="Other")
    assert empty.patch(f"/Users/{ann}", operation)[1][ENTERPRISE]["manager"] == {
        "value": "3",
        "$ref": "https://widget.4me.com/scim/v2/Users/3",
        "displayName": "Other",
    }


@pytest.mark.parametrize(
    ("operation", "status", "scim_type"),
    [
        ({"op": "move", "path": "title"}, 400, "invalidSyntax"),
        ({"path": "title"}, 400, "invalidSyntax"),
        ({"op": "remove"}, 400, "noTarget"),
        ({"op": "add", "value": "Lead"}, 400, "invalidValue"),
        ({"op": "replace", "path": 'emails[type eq "other"].value', "value": "a"}, 400, "noTarget"),
        ({"op": "replace", "path": 'emails[type eq "work"]', "value": "a"}, 400, "invalidValue"),
        ({"op": "replace", "path": "emails[type]", "value": "a"}, 400, "invalidFilter"),
        ({"op": "replace", "path": 'emails[type gt "a"].value', "value": "a"}, 400, "invalidFilter"),
        ({"op": "replace", "path": "emails[[", "value": "a"}, 400, "invalidPath"),
        ({"op": "replace", "path": "timezone", "value": "Nowhere"}, 422, None),
        ({"op": "remove", "path": "userName"}, 422, None),
    ],
)
def test_operations_that_are_refused(
    empty: Caller, operation: dict[str, object], status: int, scim_type: str | None
) -> None:
    empty.user("boss")
    ann = empty.create("/Users", START)
    before = empty.get(f"/Users/{ann}")
    answered, body = empty.patch(f"/Users/{ann}", {"op": "add", "path": "nickName", "value": "A"}, operation)
    assert (answered, body.get("scimType")) == (status, scim_type)
    assert empty.get(f"/Users/{ann}") == before


def test_operations_must_be_a_list(empty: Caller) -> None:
    empty.user("ann")
    assert empty.answer("PATCH", "/Users/1", {"operations": {"op": "add"}})[0] == 400


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ({"op": "Add", "path": "members", "value": [{"value": "3"}, {"value": "1"}]}, "123"),
        ({"op": "add", "path": "members", "value": {"value": "3"}}, "123"),
        ({"op": "add", "value": {"members": [{"value": "4"}]}}, "124"),
        ({"op": "remove", "path": 'members[value eq "1"]'}, "2"),
        ({"op": "remove", "path": 'members[value eq "1" or value eq "2"]'}, ""),
        ({"op": "remove", "path": 'members[value eq "1" and type eq "Group"]'}, "12"),
        ({"op": "remove", "path": "members", "value": [{"value": "1"}]}, "2"),
        ({"op": "remove", "path": "members"}, ""),
        ({"op": "replace", "path": "members", "value": [{"value": "4"}]}, "4"),
        ({"op": "replace", "path": "members", "value": []}, ""),
        ({"op": "replace", "path": "displayName", "value": "Dev"}, "12"),
    ],
)
def test_operations_on_members(empty: Caller, operation: dict[str, object], members: str) -> None:
    for number in range(4):
        empty.user(f"user{number}")
    group = empty.create("/Groups", {"displayName": "Ops", "members": [{"value": "1"}, {"value": "2"}]})
    status, body = empty.patch(f"/Groups/{group}", operation)
    assert (status, "".join(member["value"] for member in body["members"])) == (200, members)


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "add", "path": 'members[value eq "1"]', "value": "x"}, 400),
        ({"op": "remove", "path": 'members[display eq "ann"]'}, 400),
        ({"op": "remove", "path": 'members[value ne "1"]'}, 400),
        ({"op": "remove", "path": 'members[value eq "x"]'}, 422),
        ({"op": "add", "path": "members", "value": [{"value": "99"}]}, 422),
    ],
)
def test_operations_on_members_that_are_refused(empty: Caller, operation: dict[str, object], status: int) -> None:
    group = empty.create("/Groups", {"displayName": "Ops"})
    assert empty.patch(f"/Groups/{group}", operation)[0] == status
