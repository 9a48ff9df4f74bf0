"""Rules on records: each case is rules and a record in, attributes and problems out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.model import Record, ResourceType, Source
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.mapping.rules import Mapping, Rule, check_target, map_record

if TYPE_CHECKING:
    from reconciler.core.model import Attributes

ZONES = frozenset(("Europe/Amsterdam", "UTC"))
WORK = 'emails[type eq "work"].value'


def mapped(rules: tuple[Rule, ...], given: Attributes) -> tuple[Attributes, list[str]]:
    record = Record(ResourceType.USER, Source("a.yaml", 1, 1), given)
    result, problems = map_record(record, Mapping(ResourceType.USER, ("userName",), rules), ZONES)
    return result.attributes, [message for _, _, message in problems]


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
    record = Record(ResourceType.USER, Source("a.yaml", 1, 1), {"tz": "UTC", "job": "Lead"})
    rules = (Rule("timezone", "tz", apply="create"), Rule("title", "job"))
    result, _ = map_record(record, Mapping(ResourceType.USER, ("userName",), rules), ZONES)
    assert (result.attributes, result.create_only) == ({"timezone": "UTC", "title": "Lead"}, frozenset({"timezone"}))


@pytest.mark.parametrize(
    "target",
    [
        "title",
        "name.givenName",
        WORK,
        'addresses[type eq "home"].locality',
        MANAGER,
        CUSTOM_FIELDS,
        f"{CUSTOM_FIELDS}:a",
    ],
)
def test_targets_that_are_fine(target: str) -> None:
    assert check_target(ResourceType.USER, target) is None
