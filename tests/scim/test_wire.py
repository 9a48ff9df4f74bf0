"""What comes over the wire is read for what it means; one odd value never costs a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.core.members import Members
from reconciler.core.model import Attributes, Member, ResourceType
from reconciler.errors import ServiceError
from reconciler.scim.wire import Page, decode_page, decode_resource, member_displays, to_live, to_members

USER, GROUP = ResourceType.USER, ResourceType.GROUP
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"


@pytest.mark.parametrize(
    ("row", "attributes"),
    [
        ({"title": None, "name": None, "emails": None, "nickName": "", "roles": []}, {}),
        ({"NickName": "", "addresses": {}, "name": {"givenName": "Ann", "middleName": "", "formatted": None}},
         {"name.givenName": "Ann"}),
        ({"age": 0, "odd": False, "active": False}, {"age": 0, "odd": False, "active": False}),
        ({"name": "Ann Lee"}, {"name": "Ann Lee"}),
        ({"NAME": {"GivenName": "Ann", "odd": [1]}}, {"name.givenName": "Ann", "name.odd": [1]}),
        ({"emails": "a@x"}, {"emails": [{"value": "a@x"}]}),
        ({"emails": ["a@x", None, {"Value": "b@x", "primary": "false"}]},
         {"emails": [{"value": "a@x"}, {"value": "b@x", "primary": False}]}),
        ({"active": "FALSE"}, {"active": False}),
        ({"active": "maybe"}, {"active": "maybe"}),
        ({"title": ["odd"]}, {"title": ["odd"]}),
        ({"roles": [{"value": "a"}, {"value": "b"}]}, {"roles": [{"value": "a"}, {"value": "b"}]}),
        ({"roles": [{"value": 1}, {"value": True}, "c"]}, {"roles": [{"value": 1}, {"value": True}, {"value": "c"}]}),
        ({"meta": {"created": "2020", "LASTMODIFIED": "2021", "location": "https://x/Users/1", "version": "1"}},
         {"meta.created": "2020", "meta.lastModified": "2021"}),
        ({"schemas": ["x"], "password": "hunter2", "groups": [{"value": "1"}]}, {}),
        ({"Schemas": ["x"], "PassWord": "hunter2", "Groups": {"value": "1"}}, {}),
        ({ENTERPRISE: {"manager": {"value": 4, "displayName": "Boss"}, "Department": "IT"}},
         {f"{ENTERPRISE}:manager": "4", f"{ENTERPRISE}:department": "IT"}),
        ({ENTERPRISE: {"manager": "4"}}, {f"{ENTERPRISE}:manager": "4"}),
        ({ENTERPRISE: {"manager": {"value": ""}}}, {}),
        ({ENTERPRISE.upper(): {"manager": {"Value": 4}}}, {f"{ENTERPRISE}:manager": "4"}),
        ({CUSTOM: {"payroll": "1", "Born": 1975, "none": ""}},
         {f"{CUSTOM}:payroll": "1", f"{CUSTOM}:Born": 1975, f"{CUSTOM}:none": ""}),
        ({CUSTOM: {"custom_fields": [{"id": "payroll", "value": "1"}, "odd"]}}, {f"{CUSTOM}:payroll": "1"}),
        ({CUSTOM: [{"id": "payroll", "value": "1"}]}, {f"{CUSTOM}:payroll": "1"}),
        ({"urn:example:2.0:User": {"badge": "7"}}, {"urn:example:2.0:User:badge": "7"}),
    ],
)  # fmt: skip
def test_attributes(row: dict[str, Any], attributes: Attributes) -> None:
    assert to_live({"id": "1", "userName": "ann", **row}, USER, "GET /Users").attributes == {
        "userName": "ann",
        **attributes,
    }


@pytest.mark.parametrize(
    ("row", "identity", "key", "active"),
    [
        ({"id": "1", "userName": "ann"}, "1", "ann", True),
        ({"Id": 1, "USERNAME": 7}, "1", "7", True),
        ({"id": 0}, "0", "0", True),
        ({"id": "1", "userName": "ann", "active": False}, "1", "ann", False),
        ({"id": "1", "userName": "ann", "active": None}, "1", "ann", True),
    ],
)
def test_identity(row: dict[str, Any], identity: str, key: str, *, active: bool) -> None:
    live = to_live(row, USER, "GET /Users")
    assert (live.id, live.key, live.active, live.members) == (identity, key, active, None)


@pytest.mark.parametrize("identity", [{}, {"id": None}, {"id": ""}])
def test_a_resource_without_id_is_named(identity: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as caught:
        to_live({"displayName": "Team", **identity}, GROUP, "GET /Groups")
    assert caught.value.message == "GET /Groups: a Group without id: Team"


def test_members() -> None:
    value = [
        {"value": "1", "display": "ann"},
        {"value": 2, "type": "group", "display": "Inner"},
        {"value": "3", "$ref": "https://x/scim/v2/Groups/3"},
        {"value": "4", "type": "User", "$ref": "https://x/scim/v2/Groups/4"},
        {"value": ""}, {"display": "nobody"}, "odd", None,
    ]  # fmt: skip
    members = Members(frozenset("14"), frozenset("23"))
    assert to_members(value) == members == to_live({"id": "9", "MEMBERS": value}, GROUP, "").members
    assert member_displays(value) == {Member(USER, "1"): "ann", Member(GROUP, "2"): "Inner"}
    assert (to_members(None), to_live({"id": "9"}, GROUP, "").members) == (Members(), None)


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b'{"totalResults": 2, "Resources": [{"id": "1"}]}', Page(2, [{"id": "1"}])),
        (b'{"TOTALRESULTS": "2", "resources": [{"id": "1"}], "extra": {}}', Page(2, [{"id": "1"}])),
        (b'{"totalResults": 0}', Page(0, [])),
        (b'{"totalResults": 0, "Resources": null}', Page(0, [])),
    ],
)
def test_pages(body: bytes, page: Page) -> None:
    assert decode_page(body, "GET /Users") == page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the answer is not JSON: it is empty"),
        (b" <html><title>Sign\n in</title>", "the answer is not JSON: an HTML page titled 'Sign in'"),
        (b'{"totalResults": 1, "Resources": [{"userName": "ann@x"', "the answer is not JSON: it is cut off or broken"),
        (b'[{"userName": "ann@x"', "the answer is not JSON: it is cut off or broken"),
        (b"[" * 100_000, "the answer is not JSON: it is cut off or broken"),
        (b"\xff\xfe", "the answer is not JSON: it is not in UTF-8"),
        ('{"displayName":"Zoë"}'.encode("latin-1"), "the answer is not JSON: it is not in UTF-8"),
        ('{"displayName":"Zoë'.encode()[:-1], "the answer is not JSON: it is cut off or broken"),
        (b"[]", "the answer is not a JSON object"),
    ],
)
def test_what_is_no_object(body: bytes, said: str) -> None:
    with pytest.raises(ServiceError) as caught:
        decode_resource(body, "GET /Users")
    assert caught.value.message == f"GET /Users: {said}"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"totalResults": "many"}',
        b'{"totalResults": 1, "Resources": {}}',
        b'{"totalResults": 1, "Resources": [7]}',
    ],
)
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(ServiceError, match=r"^GET /Users: not a SCIM list: "):
        decode_page(body, "GET /Users")


@pytest.mark.parametrize(
    ("total", "read"), [(3, 3), ("3", 3), (3.0, 3), ("x", None), (2.5, None), (None, None), ("", None), (1e999, None)]
)
def test_totals(total: object, read: int | None) -> None:
    body = json.dumps({"totalResults": total, "Resources": []}).encode()
    if read is None:
        with pytest.raises(ServiceError, match="not a SCIM list: totalResults: expected a whole number"):
            decode_page(body, "GET /Users")
    else:
        assert decode_page(body, "GET /Users") == Page(read, [])


def test_what_many_have_is_kept_once() -> None:
    body = json.dumps({"id": "1", "roles": [{"value": "a"}]}).encode()
    one, other = (to_live(decode_resource(body, ""), GROUP, "") for _ in range(2))
    assert one.attributes["roles"] is other.attributes["roles"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"totalResults":1,"Resources":[],"totalResults":0}', "totalResults"),
        ('{"totalResults":1,"Resources":[{"id":"1","userName":"a","userName":"b"}]}', "userName"),
        ('{"totalResults":1,"Resources":[{"id":"1","name":{"givenName":"a","givenName":"b"}}]}', "givenName"),
    ],
)
def test_a_name_that_stands_twice_is_an_error(text: str, name: str) -> None:
    with pytest.raises(ServiceError, match=f"^GET x: the answer says '{name}' twice"):
        decode_page(text.encode(), "GET x")


@pytest.mark.parametrize(
    "text", ['"a\\":\\"a\\":"', '"\\u0022:\\u0022"', '{"a":{"a":1},"b":{"a":1}}', '[{"a":1},{"a":1}]']
)
def test_what_only_looks_as_if_it_stood_twice_is_read(text: str) -> None:
    assert decode_page(f'{{"totalResults":0,"Resources":[],"x":{text}}}'.encode(), "GET x").total == 0
