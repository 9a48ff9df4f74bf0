"""POST, PUT, PATCH with plain bodies, and DELETE: partial, clearing, validated, never really deleting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Opener

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"


def test_post_answers_201_with_the_whole_resource(empty: Caller) -> None:
    status, body = empty.answer("POST", "/Users", {"userName": "ann", "title": "Lead"})
    assert (status, body) == (201, empty.get("/Users/1"))
    assert (body["id"], body["active"], body["title"]) == ("1", True, "Lead")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_put_and_patch_change_only_what_is_sent(empty: Caller, method: str) -> None:
    empty.user("ann", title="Lead", locale="nl", emails=[{"value": "a@x.example", "type": "work"}])
    before = empty.get("/Users/1")
    empty.clock.now += 1
    status, body = empty.answer(method, "/Users/1", {"TITLE": "Head", "unknown": 1})
    meta = before["meta"] | {"lastModified": "2023-11-14T17:13:21-05:00"}
    assert (status, body) == (200, before | {"title": "Head", "meta": meta})


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_write_that_changes_nothing_leaves_the_time_alone(empty: Caller, method: str) -> None:
    empty.user("ann", title="Lead")
    before = empty.get("/Users/1")
    empty.clock.now += 1
    assert empty.answer(method, "/Users/1", {"title": "Lead"}) == (200, before)


@pytest.mark.parametrize(
    ("attribute", "value", "cleared"),
    [
        ("title", "Lead", ""),
        ("title", "Lead", None),
        ("name", {"givenName": "Ann"}, None),
        ("name", {"givenName": "Ann"}, {"givenName": ""}),
        ("emails", [{"value": "a@x.example"}], []),
        ("emails", [{"value": "a@x.example"}], [{"value": "", "type": "work"}]),
        (ENTERPRISE, {"department": "IT"}, {"department": ""}),
        (ENTERPRISE, {"manager": {"value": "1"}}, {"manager": {"value": ""}}),
        (ENTERPRISE, {"manager": {"value": "1"}}, {"manager": None}),
        (CUSTOM, {"payroll_id": "1"}, {"payroll_id": None}),
    ],
)
def test_an_empty_value_clears(empty: Caller, attribute: str, value: object, cleared: object) -> None:
    empty.user("boss")
    ann = empty.user("ann", **{attribute: value})
    assert attribute in empty.get(f"/Users/{ann}")
    status, body = empty.answer("PATCH", f"/Users/{ann}", {attribute: cleared})
    assert (status, attribute in body) == (200, False)


@pytest.mark.parametrize(("partial_complex", "given"), [("merge", "Ann"), ("replace", "")])
def test_whether_a_partial_name_keeps_its_other_parts_is_an_option(
    open_caller: Opener, partial_complex: str, given: str
) -> None:
    caller = open_caller(partial_complex=partial_complex)
    caller.user("ann", name={"givenName": "Ann", "familyName": "Lee"}, **{ENTERPRISE: {"site": "HQ"}})
    caller.send("PATCH", "/Users/1", {"name": {"familyName": "Fox"}, ENTERPRISE: {"department": "IT"}})
    body = caller.get("/Users/1")
    assert (body["name"]["givenName"], body["name"]["familyName"]) == (given, "Fox")
    assert body[ENTERPRISE] == {"department": "IT", "site": "HQ"}


def test_multi_valued_attributes_are_replaced_whole(empty: Caller) -> None:
    empty.user("ann", emails=[{"value": "a@x.example", "type": "work"}, {"value": "b@x.example", "type": "home"}])
    _, body = empty.answer("PATCH", "/Users/1", {"emails": [{"value": "c@x.example", "odd": 1}]})
    assert body["emails"] == [{"value": "c@x.example"}]


@pytest.mark.parametrize(
    "sent",
    [
        {"payroll_id": "9", "year": 1975},
        {"custom_fields": [{"id": "payroll_id", "value": "9"}, {"id": "year", "value": 1975}]},
    ],
)
def test_custom_fields_in_both_forms_come_back_as_a_map(empty: Caller, sent: object) -> None:
    empty.user("ann", **{CUSTOM: {"badge": True}})
    _, body = empty.answer("PATCH", "/Users/1", {CUSTOM: sent})
    assert body[CUSTOM] == {"badge": True, "payroll_id": "9", "year": 1975}


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({}, [["userName", "can't be blank"]]),
        ({"userName": " "}, [["userName", "can't be blank"]]),
        ({"userName": 7}, [["userName", "is invalid"]]),
        ({"userName": "a", "active": "maybe"}, [["active", "is invalid"]]),
        ({"userName": "a", "active": None}, [["active", "is invalid"]]),
        ({"userName": "a", "name": "Ann"}, [["name", "is invalid"]]),
        ({"userName": "a", "name": {"givenName": 1}}, [["name.givenName", "is invalid"]]),
        ({"userName": "a", "timezone": "Europe/Nowhere"}, [["timezone", "is not included in the list"]]),
        ({"userName": "a", "timezone": "../zone"}, [["timezone", "is not included in the list"]]),
        ({"userName": "a", "emails": "a@x.example"}, [["emails", "is invalid"]]),
        (
            {"userName": "a", "emails": [{"value": "a", "type": "mobile"}], "ims": [{"value": "a", "type": "sms"}]},
            [["emails.type", "is not included in the list"], ["ims.type", "is not included in the list"]],
        ),
        (
            {"userName": "a", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": "True"}]},
            [["emails.primary", "can be set only once"]],
        ),
        ({"userName": "a", ENTERPRISE: {"manager": {"value": "9"}}}, [["manager", "9 does not exist"]]),
        ({"userName": "a", ENTERPRISE: {"manager": {"value": "boss"}}}, [["manager", "boss does not exist"]]),
        ({"userName": "a", CUSTOM: ["payroll_id"]}, [[CUSTOM, "is invalid"]]),
    ],
)
def test_what_cannot_be_used_is_422(empty: Caller, sent: object, errors: list[list[str]]) -> None:
    expected = (422, {"message": "Validation Failed", "errors": errors})
    assert empty.answer("POST", "/Users", sent) == expected
    assert empty.get("/Users")["totalResults"] == 0


@pytest.mark.parametrize(("path", "name"), [("/Users", "userName"), ("/Groups", "displayName")])
def test_names_are_unique_without_regard_to_case(empty: Caller, path: str, name: str) -> None:
    empty.create(path, {name: "Ann"})
    other = empty.create(path, {name: "Bob"})
    message = f"{name} ANN is already in use"
    expected = (
        409,
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": "409",
            "scimType": "uniqueness",
            "detail": message,
            "message": message,
        },
    )
    assert empty.answer("POST", path, {name: "ANN"}) == expected
    assert empty.answer("PATCH", f"{path}/{other}", {name: "ANN"}) == expected
    assert empty.answer("PATCH", f"{path}/{other}", {name: "BOB"})[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"ann"', b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_is_400(empty: Caller, body: bytes) -> None:
    assert empty.answer("POST", "/Users", body)[0] == 400


def test_a_manager_is_shown_by_its_present_name(empty: Caller) -> None:
    boss = empty.user("boss", displayName="Old")
    ann = empty.user("ann", **{ENTERPRISE: {"manager": boss}})
    before = empty.get(f"/Users/{ann}")["meta"]
    empty.clock.now += 1
    empty.send("PATCH", f"/Users/{boss}", {"displayName": "New"})
    body = empty.get(f"/Users/{ann}")
    assert (body[ENTERPRISE]["manager"]["displayName"], body["meta"]) == ("New", before)


def test_delete_deactivates_a_user_and_keeps_it(empty: Caller) -> None:
    empty.user("ann", title="Lead")
    assert empty.answer("DELETE", "/Users/1") == (204, None)
    body = empty.get("/Users/1")
    assert (body["active"], body["title"]) == (False, "Lead")
    assert empty.answer("PATCH", "/Users/1", {"active": "True"})[1]["active"] is True


def test_delete_removes_a_group_and_its_memberships(empty: Caller) -> None:
    ann = empty.user("ann")
    group = empty.create("/Groups", {"displayName": "Ops", "members": [{"value": ann}]})
    assert empty.answer("DELETE", f"/Groups/{group}") == (204, None)
    assert "groups" not in empty.get(f"/Users/{ann}")
    assert empty.answer("DELETE", f"/Groups/{group}")[0] == 404


def test_a_hard_delete_removes_the_record_and_frees_the_name_but_not_the_id(empty: Caller) -> None:
    boss = empty.user("boss")
    ann = empty.user("ann", title="Lead", **{ENTERPRISE: {"manager": {"value": boss}}})
    group = empty.create("/Groups", {"displayName": "Ops", "members": [{"value": boss}, {"value": ann}]})
    assert empty.answer("DELETE", f"/Users/{boss}", hard="true") == (204, None)
    assert ENTERPRISE not in empty.get(f"/Users/{ann}")
    assert [member["value"] for member in empty.get(f"/Groups/{group}")["members"]] == [ann]
    assert empty.user("boss") == "3"


def members(caller: Caller, group: str) -> list[tuple[str, str]]:
    listed: list[dict[str, Any]] = caller.get(f"/Groups/{group}")["members"]
    return [(member.get("type", "User"), member["value"]) for member in listed]


def team(caller: Caller, *ids: str) -> str:
    for number in range(4):
        caller.user(f"user{number}")
    return caller.create("/Groups", {"displayName": "Ops", "members": [{"value": id_} for id_ in ids]})


def test_patch_adds_and_takes_away_members(empty: Caller) -> None:
    group = team(empty, "1", "2")
    sent = [
        {"value": "3"},
        {"value": "1"},
        {"value": "2", "operation": "delete"},
        {"value": "4", "operation": "Delete"},
    ]
    status, body = empty.answer("PATCH", f"/Groups/{group}", {"members": sent})
    assert (status, body) == (200, empty.get(f"/Groups/{group}"))
    assert members(empty, group) == [("User", "1"), ("User", "3")]
    empty.send("PATCH", f"/Groups/{group}", {"members": []})
    assert members(empty, group) == [("User", "1"), ("User", "3")]


def test_put_replaces_members_where_they_are_given(empty: Caller) -> None:
    group = team(empty, "1", "2")
    empty.send("PUT", f"/Groups/{group}", {"members": [{"value": "2"}, {"value": "4"}]})
    assert members(empty, group) == [("User", "2"), ("User", "4")]
    empty.send("PUT", f"/Groups/{group}", {"externalId": "G1"})
    assert members(empty, group) == [("User", "2"), ("User", "4")]
    empty.send("PUT", f"/Groups/{group}", {"members": []})
    assert members(empty, group) == []


def test_a_member_may_be_a_group_by_type_or_by_address(empty: Caller) -> None:
    group = team(empty)
    inner, other = (empty.create("/Groups", {"displayName": name}) for name in ("Inner", "Other"))
    sent = [
        {"value": inner, "type": "Group"},
        {"value": other, "$ref": f"https://widget.4me.com/scim/v2/Groups/{other}"},
    ]
    empty.send("PATCH", f"/Groups/{group}", {"members": [*sent, {"value": "2", "type": "User"}]})
    assert members(empty, group) == [("User", "2"), ("Group", inner), ("Group", other)]
    empty.send("PATCH", f"/Groups/{group}", {"members": [{"value": inner, "operation": "delete"}]})
    assert members(empty, group) == [("Group", inner), ("Group", other)]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ([{"value": "99"}], "99 does not exist"),
        ([{"value": "1", "type": "Group"}, {"value": "9", "type": "Group"}], "9 does not exist"),
        ([{"value": 1}], "1 does not exist"),
        ([{"value": "9" * 30}], "9" * 30 + " does not exist"),
        (["1"], "is invalid"),
        ("1", "is invalid"),
    ],
)
def test_members_must_exist(empty: Caller, sent: object, text: str) -> None:
    group = team(empty, "1")
    body = {"message": "Validation Failed", "errors": [["members", text]]}
    assert empty.answer("PATCH", f"/Groups/{group}", {"members": sent, "externalId": "G9"}) == (422, body)
    assert "externalId" not in empty.get(f"/Groups/{group}")


@pytest.mark.parametrize(("touches", "moved"), [(True, 1), (False, 0)])
def test_whether_memberships_move_the_groups_time_is_an_option(open_caller: Opener, touches: bool, moved: int) -> None:  # noqa: FBT001
    caller = open_caller(membership_touches_group=touches)
    group = team(caller, "1")
    caller.clock.now += 1
    caller.send("PATCH", f"/Groups/{group}", {"members": [{"value": "2"}]})
    assert members(caller, group) == [("User", "1"), ("User", "2")]
    modified = caller.get(f"/Groups/{group}")["meta"]["lastModified"]
    assert modified == f"2023-11-14T17:13:2{moved}-05:00"
    assert caller.get("/Users/2")["meta"]["lastModified"] == "2023-11-14T17:13:20-05:00"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/Users/1"), ("PATCH", "/Users"), ("DELETE", "/Users"), ("POST", "/Schemas")]
)
def test_other_requests_are_not_found(empty: Caller, method: str, path: str) -> None:
    assert empty.answer(method, path, {"userName": "a"}) == (404, {"message": "Not Found"})


def test_many_threads_lose_nothing(empty: Caller) -> None:
    group = empty.create("/Groups", {"displayName": "Ops"})

    def work(number: int) -> None:
        for turn in range(10):
            user = empty.user(f"user{number}-{turn}")
            empty.send("PATCH", f"/Groups/{group}", {"members": [{"value": user}]})
            empty.get("/Users")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(empty.get(f"/Groups/{group}")["members"]) == empty.get("/Users")["totalResults"] == 80
    assert len(empty.sandbox.requests) == 1 + 8 * 10 * 3 + 2
