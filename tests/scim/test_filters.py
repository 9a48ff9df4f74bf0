"""Filters are read whole or refused with the place; they are evaluated as a service would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.scim.filters import Comparison, Logical, ValuePath, equals_any, matches, parse_filter

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
OPERATORS = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le)"
LITERALS = 'a "text" or a number or true or false or null'

ANN: Attributes = {
    "userName": "Ann@widget.example",
    "title": "Lead",
    "nickName": "",
    "active": True,
    "name.givenName": "Ann",
    "emails": [{"value": "ann@widget.example", "type": "work", "primary": True}, {"value": "a@home.example"}],
    "roles": [{"value": "specialist"}],
    "meta.lastModified": "2024-05-01T10:00:00-05:00",
    f"{ENTERPRISE}:department": "IT Operations",
    f"{ENTERPRISE}:employeeNumber": "42",
    f"{ENTERPRISE}:manager": "7",
    f"{CUSTOM}:payroll_id": "P1",
}


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ANN@WIDGET.example"',
        'USERNAME Eq "ann@widget.example"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ann@"',
        'title co "EA" and title ew "d"',
        "title pr",
        "name pr",
        "not (nickName pr)",
        "nickName eq null",
        'nickName eq ""',
        "nickName ne 5",
        "title ne null",
        "not (nickName ne null)",
        "active eq true",
        'active eq "True"',
        "active ne false",
        'name.givenName eq "ann"',
        'emails eq "a@home.example"',
        'emails.type eq "work"',
        'emails[type eq "work" and primary eq true]',
        'emails[type eq "work" and value co "@widget."] and roles eq "specialist"',
        'roles.value eq "specialist"',
        'department eq "it operations"',
        f'{ENTERPRISE}:department sw "IT"',
        f'{ENTERPRISE.lower()}:DEPARTMENT sw "IT"',
        'manager eq "7"',
        'manager.value eq "7"',
        f'{ENTERPRISE}:manager.value eq "7"',
        "employeeNumber eq 42",
        "employeeNumber gt 7",
        "employeeNumber le 42",
        f'{CUSTOM}:payroll_id eq "p1"',
        'meta.lastModified eq "2024-05-01T15:00:00Z"',
        'meta.lastmodified gt "2024-05-01T16:00:00+02:00"',
        'title ge "lead" and title lt "leaf"',
        'title eq "no" and title eq "no" or title eq "lead"',
        'title eq "lead" or title eq "no" and title eq "no"',
        'not (title eq "no" or department eq "no")',
        'userName eq "no" and title pr or active eq true',
        'userName co "no" or displayName pr or name.givenName eq "ann"',
        f'{ENTERPRISE}:DEPARTMENT eq "it operations" and emails.value eq "A@home.example"',
    ],
)
def test_filters_that_ann_passes(text: str) -> None:
    assert matches(parse_filter(text), ANN)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ben@widget.example"',
        'title eq ""',
        "nickName pr",
        "displayName pr",
        'displayName co ""',
        "displayName ne null",
        "active eq false",
        'emails[type eq "home"]',
        'emails[type eq "work" and primary eq false]',
        'title[type eq "work"]',
        "employeeNumber gt 42",
        "title gt 5",
        'meta.lastModified lt "2024-05-01T15:00:00Z"',
        '(title eq "lead" or title eq "no") and title eq "no"',
        'not (title eq "Lead")',
        'userName eq "no" and (title pr or active eq true)',
        'userName ne "ann@widget.example"',
    ],
)
def test_filters_that_ann_does_not_pass(text: str) -> None:
    assert not matches(parse_filter(text), ANN)


@pytest.mark.parametrize(
    ("text", "column", "found", "expected"),
    [
        ("", 1, "the end", "an attribute or `not` or `(`"),
        ("userName", 9, "the end", f"{OPERATORS} or `pr` or `[`"),
        ("userName eq", 12, "the end", LITERALS),
        ("userName eq bob", 13, "`bob`", LITERALS),
        ("active eq truely", 11, "`truely`", LITERALS),
        ('userName is "a"', 10, '`is "a"`', f"{OPERATORS} or `pr` or `[`"),
        ("(title pr", 10, "the end", "`)`"),
        ("title pr)", 9, "`)`", "the end"),
        ("title pr and", 13, "the end", "an attribute or `not` or `(`"),
        ('title eq "a" "b"', 14, '`"b"`', "`and` or `or` or the end"),
        ('title eq "a\\x"', 10, '`"a\\x"`', LITERALS),
        ("not title pr", 5, "`title pr`", "`(`"),
        ('emails[type eq "work"', 22, "the end", "`]`"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_place(text: str, column: int, found: str, expected: str) -> None:
    with pytest.raises(ValueError, match="not a SCIM filter") as caught:
        parse_filter(text)
    assert str(caught.value) == f"not a SCIM filter: `{text}`, column {column}: found {found}, expected {expected}"


def test_the_whole_grammar() -> None:
    assert parse_filter('a.b PR AND NOT (c lt -1.5) or emails[type EQ "w\\u00f6rk" and primary eq True]') == Logical(
        "or",
        (
            Logical("and", (Comparison("a.b", "pr"), Logical("not", (Comparison("c", "lt", -1.5),)))),
            ValuePath("emails", Logical("and", (Comparison("type", "eq", "wörk"), Comparison("primary", "eq", True)))),  # noqa: FBT003
        ),
    )


@pytest.mark.parametrize("active", ["True", "true", True])
def test_booleans_may_be_text(active: Value) -> None:
    assert matches(parse_filter("active eq true"), {"active": active})
    assert not matches(parse_filter("active eq false"), {"active": active})


def test_values_are_quoted() -> None:
    assert equals_any([("userName", 'a"b\\c'), ("externalId", "é")]) == 'userName eq "a\\"b\\\\c" or externalId eq "é"'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_look_ups_say_what_they_mean_whatever_the_values(values: list[str]) -> None:
    parsed = parse_filter(equals_any([("userName", value) for value in values]))
    terms = parsed.terms if isinstance(parsed, Logical) else (parsed,)
    assert terms == tuple(Comparison("userName", "eq", value) for value in values)
