"""What is sent, to the letter: both dialects, from the same changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.directory import MemberDelta
from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.paths import CORE_GROUP, CORE_USER, CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.plan_model import Change
from reconciler.scim.dialects import FOURME, PATCH_OP, Dialect
from reconciler.scim.merge import merge_changes

if TYPE_CHECKING:
    from reconciler.core.model import Attributes

USER, GROUP = ResourceType.USER, ResourceType.GROUP
RFC = Dialect("rfc7644", page_size=100)
WORK: dict[str, Any] = {"value": "a@x", "type": "work", "primary": True}
HOME: dict[str, Any] = {"value": "h@x", "type": "home"}
LIVE: Attributes = {
    "userName": "ann@x",
    "title": "Lead",
    "active": True,
    "name.givenName": "Ann",
    "name.familyName": "Lee",
    "emails": [WORK, HOME],
    "roles": [{"value": "Specialist", "display": "The specialist"}],
    f"{ENTERPRISE}:department": "IT",
    MANAGER: "4",
    f"{CUSTOM_FIELDS}:payroll": "1",
    f"{CUSTOM_FIELDS}:born": 1975,
}
PHONE: dict[str, Any] = {"type": "work", "value": "+1"}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


CASES: list[tuple[str, Any, dict[str, Any], list[dict[str, Any]]]] = [
    ("title", "Boss", {"title": "Boss"}, [replace("title", "Boss")]),
    ("title", None, {"title": ""}, [remove("title")]),
    ("title", "", {"title": ""}, [remove("title")]),
    ("active", False, {"active": False}, [replace("active", value=False)]),
    ("nickName", "A", {"nickName": "A"}, [replace("nickName", "A")]),
    (
        "name.familyName",
        "Day",
        {"name": {"givenName": "Ann", "familyName": "Day"}},
        [replace("name.familyName", "Day")],
    ),
    ("name.familyName", None, {"name": {"givenName": "Ann", "familyName": ""}}, [remove("name.familyName")]),
    (
        "name.middleName",
        "B",
        {"name": {"givenName": "Ann", "familyName": "Lee", "middleName": "B"}},
        [replace("name.middleName", "B")],
    ),
    (
        'emails[type eq "work"].value',
        "b@x",
        {"emails": [{**WORK, "value": "b@x"}, HOME]},
        [replace("emails", [{**WORK, "value": "b@x"}, HOME])],
    ),
    ('emails[type eq "work"].value', None, {"emails": [HOME]}, [replace("emails", [HOME])]),
    ('emails[type eq "home"]', None, {"emails": [WORK]}, [replace("emails", [WORK])]),
    ('emails[value eq "H@X"].type', "other", {"emails": [WORK, {**HOME, "type": "other"}]},
     [replace("emails", [WORK, {**HOME, "type": "other"}])]),
    ('phoneNumbers[type eq "work"].value', "+1", {"phoneNumbers": [PHONE]}, [replace("phoneNumbers", [PHONE])]),
    ("emails", None, {"emails": []}, [remove("emails")]),
    ("emails", [HOME], {"emails": [HOME]}, [replace("emails", [HOME])]),
    (
        "roles",
        ["specialist", "auditor"],
        {"roles": [{"value": "Specialist", "display": "The specialist"}, {"value": "auditor"}]},
        [replace("roles", [{"value": "Specialist", "display": "The specialist"}, {"value": "auditor"}])],
    ),
    ("roles", [], {"roles": []}, [remove("roles")]),
    (
        f"{ENTERPRISE}:department",
        "HR",
        {ENTERPRISE: {"department": "HR", "manager": {"value": "4"}}},
        [replace(f"{ENTERPRISE}:department", "HR")],
    ),
    (MANAGER, "5", {ENTERPRISE: {"department": "IT", "manager": {"value": "5"}}}, [replace(MANAGER, {"value": "5"})]),
    (MANAGER, None, {ENTERPRISE: {"department": "IT", "manager": {"value": ""}}}, [remove(MANAGER)]),
    (
        f"{CUSTOM_FIELDS}:payroll",
        None,
        {CUSTOM_FIELDS: {"payroll": "", "born": 1975}},
        [remove(f"{CUSTOM_FIELDS}:payroll")],
    ),
    (
        f"{CUSTOM_FIELDS}:born",
        0,
        {CUSTOM_FIELDS: {"payroll": "1", "born": 0}},
        [replace(f"{CUSTOM_FIELDS}:born", 0)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "after", "fourme", "rfc"), CASES, ids=[f"{case[0]} = {case[1]}" for case in CASES])
def test_one_change_in_both_dialects(path: str, after: Any, fourme: dict[str, Any], rfc: list[dict[str, Any]]) -> None:
    live, changes = Live(USER, "7", "ann@x", LIVE), [Change(path, LIVE.get(path), after)]
    assert list(FOURME.encode_updates(live, changes, MemberDelta(), 500)) == [fourme]
    assert list(RFC.encode_updates(live, changes, MemberDelta(), 500)) == [{"schemas": [PATCH_OP], "Operations": rfc}]


@pytest.mark.parametrize("dialect", [FOURME, RFC], ids=["4me", "rfc7644"])
def test_nothing_to_change_sends_nothing(dialect: Dialect) -> None:
    assert list(dialect.encode_updates(Live(USER, "7", "ann@x", LIVE), [], MemberDelta(), 500)) == []


def test_attributes_go_with_the_first_members() -> None:
    group, changes = Live(GROUP, "7", "G", {"displayName": "G"}), [Change("externalId", None, "G1")]
    delta = MemberDelta((Member(USER, "1"), Member(GROUP, "2")), (Member(USER, "3"), Member(GROUP, "4")))
    assert list(FOURME.encode_updates(group, changes, delta, 3)) == [
        {
            "externalId": "G1",
            "members": [{"value": "1"}, {"value": "2", "type": "Group"}, {"value": "3", "operation": "delete"}],
        },
        {"members": [{"value": "4", "type": "Group", "operation": "delete"}]},
    ]
    assert [body["Operations"] for body in RFC.encode_updates(group, changes, delta, 3)] == [
        [
            replace("externalId", "G1"),
            remove('members[value eq "3"]'),
            {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2", "type": "Group"}]},
        ],
        [remove('members[value eq "4"]')],
    ]


def test_a_member_who_shares_an_id_with_one_that_goes_stays() -> None:
    group = Live(GROUP, "7", "G", {}, members=Members(frozenset("35"), frozenset("3")))
    delta = MemberDelta((Member(USER, "4"),), (Member(USER, "3"), Member(GROUP, "4")))
    expected = [{"value": "4"}, {"value": "3", "type": "Group"}]
    assert [body["Operations"] for body in RFC.encode_updates(group, [], delta, 500)] == [
        [
            remove('members[value eq "3"]'),
            remove('members[value eq "4"]'),
            {"op": "add", "path": "members", "value": expected},
        ]
    ]


def test_what_is_created_carries_its_schemas() -> None:
    attributes: Attributes = {"userName": "ann@x", "name.givenName": "Ann", 'emails[type eq "work"].value': "a@x"}
    core = {"userName": "ann@x", "name": {"givenName": "Ann"}, "emails": [{"type": "work", "value": "a@x"}]}
    assert FOURME.encode_create(USER, attributes, ()) == {"schemas": [CORE_USER], **core}
    attributes |= {MANAGER: "4", f"{ENTERPRISE}:department": None, f"{CUSTOM_FIELDS}:payroll": "1", "title": None}
    extensions = {ENTERPRISE: {"manager": {"value": "4"}}, CUSTOM_FIELDS: {"payroll": "1"}}
    both = [CORE_USER, ENTERPRISE]
    assert FOURME.encode_create(USER, attributes, ()) == {"schemas": both, **core, **extensions}
    assert RFC.encode_create(USER, attributes, ()) == {"schemas": [*both, CUSTOM_FIELDS], **core, **extensions}
    assert FOURME.encode_create(GROUP, {"displayName": "G"}, (Member(USER, "1"), Member(GROUP, "2"))) == {
        "schemas": [CORE_GROUP],
        "displayName": "G",
        "members": [{"value": "1"}, {"value": "2", "type": "Group"}],
    }


PATHS = st.sampled_from(["title", "name.givenName", f"{ENTERPRISE}:department", MANAGER, f"{CUSTOM_FIELDS}:payroll"])
TEXTS = st.one_of(st.none(), st.text(max_size=3))


@given(st.dictionaries(PATHS, TEXTS), st.dictionaries(PATHS, TEXTS))
def test_merging_leaves_all_else_alone_and_is_repeatable(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = [Change(path, before.get(path), value) for path, value in after.items()]
    merged = merge_changes(before, changes)
    assert merged == before | {path: value or None for path, value in after.items()}
    assert merge_changes(merged, changes) == merged


@given(
    st.lists(
        st.tuples(st.sampled_from(["work", "home", "other"]), st.one_of(st.none(), st.sampled_from("abc"))), max_size=6
    )
)
def test_selected_values_stay_one_a_type(writes: list[tuple[str, str | None]]) -> None:
    changes = [Change(f'emails[type eq "{kind}"].value', None, value) for kind, value in writes]
    merged = merge_changes({}, changes).get("emails", [])
    expected = {kind: value for kind, value in writes if value is not None or kind in dict(writes)}
    assert isinstance(merged, list)
    assert {item["type"]: item["value"] for item in merged if isinstance(item, dict)} == {
        kind: value for kind, value in expected.items() if value is not None
    }
    assert len(merged) == sum(value is not None for value in expected.values())
