"""Rules on records: each case is rules and a record in, attributes and problems out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.mapping.mapper import RecordMapper
from reconciler.mapping.rules import Mapping, Rule
from reconciler.mapping.target_paths import TargetProblem, resolve_target

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

ZONES = frozenset(("Europe/Amsterdam", "UTC"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHORT = {"email": 'emails[type eq "work"].value', "customFields": CUSTOM_FIELDS, "manager": MANAGER}
WORK = 'emails[type eq "work"].value'


def mapper(*rules: Rule) -> RecordMapper:
    return RecordMapper(Mapping(ResourceType.USER, ("userName",), rules), lambda: ZONES, NOW)


def mapped(rules: tuple[Rule, ...], given: Attributes) -> tuple[Attributes, list[str]]:
    result = mapper(*rules).map_record(given)
    return result.attributes, [message for _, message in result.problems]


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        (Rule("title", "job"), {"job": "Lead"}, {"title": "Lead"}),
        (Rule("title", "job"), {}, {}),
        (Rule("title", "job"), {"job": None}, {"title": None}),
        (Rule("title", "job"), {"job": ""}, {"title": None}),
        (Rule("title", "job", default="Staff"), {"job": None}, {"title": "Staff"}),
        (Rule("title", "job", default="Staff"), {}, {"title": "Staff"}),
        (Rule("title", "job", default="Staff"), {"job": "Lead"}, {"title": "Lead"}),
        (Rule("title", constant="Staff"), {"title": "Lead"}, {"title": "Staff"}),
        (Rule("title", constant=None), {}, {"title": None}),
        (Rule("title", "job"), {"job": 12}, {"title": "12"}),
        (Rule("active", "active"), {"active": "False"}, {"active": False}),
        (Rule("active", "active", default=True), {"active": False}, {"active": False}),
        (Rule(WORK, "mail"), {"mail": "a@b"}, {WORK: "a@b"}),
        (Rule("roles", "roles"), {"roles": ["a", 7]}, {"roles": [{"value": "a"}, {"value": "7"}]}),
        (Rule("roles", "roles"), {"roles": "a"}, {"roles": [{"value": "a"}]}),
        (Rule("roles", "roles"), {"roles": []}, {"roles": None}),
        (
            Rule("emails", "emails"),
            {"emails": [{"value": "a@b", "type": "Work", "primary": "true"}]},
            {"emails": [{"value": "a@b", "type": "work", "primary": True}]},
        ),
        (Rule("name", "full"), {"full": {"givenName": "Ann"}}, {"name.givenName": "Ann"}),
        (Rule("timezone", "tz"), {"tz": "UTC"}, {"timezone": "UTC"}),
        (Rule(MANAGER, "boss"), {"boss": "bob"}, {MANAGER: "bob"}),
        (
            Rule(CUSTOM_FIELDS, "fields"),
            {"fields": {"a": 1, "b": None}},
            {f"{CUSTOM_FIELDS}:{n}": v for n, v in (("a", 1), ("b", None))},
        ),
        (Rule(f"{CUSTOM_FIELDS}:payroll", "pay"), {"pay": "x"}, {f"{CUSTOM_FIELDS}:payroll": "x"}),
    ],
)
def test_values(rule: Rule, given: Attributes, expected: Attributes) -> None:
    assert mapped((rule,), given) == (expected, [])


@pytest.mark.parametrize(
    ("rule", "given", "problem"),
    [
        (Rule("title", "job"), {"job": ["a"]}, "`job`: expected text, found a list"),
        (Rule("active", "on"), {"on": "yes"}, "`on`: expected true or false"),
        (Rule(WORK, "mail"), {"mail": "a b@c"}, "`mail`: `a b@c` is not an e-mail address"),
        (Rule("timezone", "tz"), {"tz": "Utc"}, "`tz`: `Utc` is not an IANA time zone; did you mean `UTC`?"),
        (
            Rule("ims", "ims"),
            {"ims": [{"value": "a", "type": "skyp"}]},
            (
                "`ims`: `skyp` is no type of `ims` in 4me: aim, gtalk, icq, xmpp, msn, skype, qq, yahoo; "
                "did you mean `skype`?"
            ),
        ),
        (
            Rule("name", "full"),
            {"full": "Ann"},
            (
                "`full`: expected a map with formatted, familyName, givenName, middleName, "
                "honorificPrefix, honorificSuffix"
            ),
        ),
    ],
)
def test_problems(rule: Rule, given: Attributes, problem: str) -> None:
    assert mapped((rule,), given) == ({}, [problem])


def test_apply_create_is_told() -> None:
    rules = (Rule("timezone", "tz", apply="create"), Rule("name", "full", apply="create"), Rule("title", "job"))
    given: Attributes = {"job": "Lead", "tz": "UTC", "full": {"givenName": "Ann"}}
    result = mapper(*rules).map_record(given)
    assert list(result.attributes.items()) == [("timezone", "UTC"), ("name.givenName", "Ann"), ("title", "Lead")]
    assert result.create_only == {"timezone", "name.givenName"}


def test_a_whole_attribute_and_a_part_of_it_contradict_each_other() -> None:
    rules = (Rule("emails", "emails"), Rule(WORK, "mail"))
    both = "`mail` and `emails` both set emails: give one of them"
    assert mapped(rules, {"mail": "a@b", "emails": ["c@d"]})[1] == [both]
    assert mapped(rules, {"mail": "a@b", "emails": [1, True]})[1] == [
        "`emails`: `1` is not an e-mail address",
        "`emails`: expected text, found true; quote it if it is meant as text",
    ]
    assert mapped(rules[::-1], {"mail": "a@b", "emails": ["c@d"]})[1] == []


@pytest.mark.parametrize(
    ("parts", "custom"), [({}, {}), ({"fields": {"a": 1}}, {f"{CUSTOM_FIELDS}:a": 1})], ids=["alone", "beside parts"]
)
def test_equal_texts_of_many_records_are_kept_once(parts: Attributes, custom: Attributes) -> None:
    one = mapper(Rule("title", "job"), Rule("userName", "name"), Rule("roles", "roles"), Rule(CUSTOM_FIELDS, "fields"))
    first, second = (
        one.map_record({"name": f"a{tail}", "job": f"x{tail}", "roles": ["x"], **parts}) for tail in ("b", "b")
    )
    assert first.attributes == second.attributes
    assert first.attributes == {"title": "xb", "userName": "ab", "roles": [{"value": "x"}], **custom}
    assert first.attributes["title"] is second.attributes["title"]
    assert first.attributes["roles"] is second.attributes["roles"]


def test_a_value_that_was_seen_as_text_is_not_taken_for_another_type() -> None:
    one = mapper(Rule("title", "job"), Rule("timezone", "tz"))
    values: list[Value] = ["1", 1, True, "", None, "1"]
    titles = [one.map_record({"job": each}).attributes.get("title") for each in values]
    assert titles == ["1", "1", None, None, None, "1"]
    assert [len(one.map_record({"tz": each}).problems) for each in ("UTC", "Utc", "UTC", "Utc")] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("title", "title"),
        ("TITLE", "title"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName"),
        ("name.GivenName", "name.givenName"),
        (WORK, WORK),
        ('Emails[TYPE eq "Work"].Value', WORK),
        ("email", WORK),
        ('addresses[type eq "home"].locality', 'addresses[type eq "home"].locality'),
        (MANAGER, MANAGER),
        (MANAGER.lower(), MANAGER),
        ("manager", MANAGER),
        ("customFields", CUSTOM_FIELDS),
        (f"{CUSTOM_FIELDS}:Payroll_ID", f"{CUSTOM_FIELDS}:Payroll_ID"),
        ("customFields.Payroll_ID", f"{CUSTOM_FIELDS}:Payroll_ID"),
    ],
)
def test_targets_are_known_in_all_their_forms(written: str, target: str) -> None:
    assert resolve_target(ResourceType.USER, written, SHORT) == target


def test_an_unknown_target_is_told_with_the_nearest_name() -> None:
    with pytest.raises(TargetProblem, match=r"unknown SCIM attribute `emial`; did you mean `email`\?"):
        resolve_target(ResourceType.USER, "emial", SHORT)
