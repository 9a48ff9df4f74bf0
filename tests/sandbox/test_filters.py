"""4me's filters: those that are documented work, all others are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.sandbox.filters import Comparison, compile_filter, parse_filter
from reconciler.sandbox.messages import Refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

USERS = [
    ("Ann@widget.example", "E1", True),
    ("bob@widget.example", "E2", False),
    ("cy@widget.example", None, True),
]


def test_and_binds_tighter_than_or() -> None:
    parsed = parse_filter('userName eq "a" or externalId NE "b" And active eq "true"')
    assert parsed == (
        (Comparison("userName", "eq", "a"),),
        (Comparison("externalId", "ne", "b"), Comparison("active", "eq", "true")),
    )


def test_text_may_hold_quotes_and_words_of_the_language() -> None:
    assert parse_filter(r'displayName eq "a \"b\" and c or \u00e9"') == (
        (Comparison("displayName", "eq", 'a "b" and c or é'),),
    )


def test_values_become_parameters() -> None:
    assert compile_filter(parse_filter('userName eq "X\' OR 1=1 --" or active ne "False"'), "User") == (
        "(name_key = ?) OR (active IS NOT ?)",
        ("x' or 1=1 --", 0),
    )


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('userName eq "ANN@WIDGET.EXAMPLE"', ["Ann"]),
        ('username EQ "ann@widget.example"', ["Ann"]),
        ('userName ne "ann@widget.example"', ["cy", "bob"]),
        ('userName lt "bob@widget.example"', ["Ann"]),
        ('userName gt "bob@widget.example"', ["cy"]),
        ('externalId eq "e2"', ["bob"]),
        ('externalId ne "E2"', ["cy", "Ann"]),
        ('active eq "true"', ["cy", "Ann"]),
        ('active eq "False"', ["bob"]),
        ('active ne "true"', ["bob"]),
        ('active eq "true" and userName gt "b" or externalId eq "E2"', ["cy", "bob"]),
        ('meta.created gt "2023-11-14T22:13:20Z"', ["cy", "bob"]),
        ('meta.created eq "2023-11-14T17:13:20-05:00"', ["Ann"]),
        ('meta.lastModified lt "2023-11-14T22:13:22Z"', ["bob", "Ann"]),
        ('externalId eq "nobody"', []),
    ],
)
def test_filters_on_users(empty: Caller, expression: str, names: list[str]) -> None:
    for name, external_id, active in USERS:
        empty.user(name, externalId=external_id, active=active)
        empty.clock.now += 1
    assert [name.partition("@")[0] for name in empty.names(filter=expression)] == names


@pytest.mark.parametrize(
    ("expression", "names"),
    [('displayName eq "ops"', ["Ops"]), ('externalId eq "g2" or displayName lt "P"', ["Dev", "Ops"])],
)
def test_filters_on_groups(empty: Caller, expression: str, names: list[str]) -> None:
    empty.create("/Groups", {"displayName": "Ops", "externalId": "G1"})
    empty.create("/Groups", {"displayName": "Dev", "externalId": "G2"})
    assert empty.names("/Groups", filter=expression) == names


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "userName",
        "userName pr",
        'userName sw "a"',
        'userName co "a"',
        'userName ge "a"',
        'userName le "a"',
        'not userName eq "a"',
        '(userName eq "a")',
        'userName eq "a" or (active eq "true")',
        'userName eq "a" xor active eq "true"',
        'userName eq "a" and',
        "userName eq a",
        'userName eq "a',
        'userName eq "\\x"',
        "active eq true",
        'active eq "yes"',
        'active gt "true"',
        'meta.lastModified gt "yesterday"',
        'title eq "Lead"',
        'displayName eq "Ann"',
        'emails[type eq "work"] eq "a"',
        '"a" eq "a"',
        " or ".join(['userName eq "a"'] * 501),
    ],
)
def test_anything_else_is_a_bad_request(empty: Caller, expression: str) -> None:
    status, body = empty.answer("GET", "/Users", filter=expression)
    assert (status, body["scimType"], body["message"][:14]) == (400, "invalidFilter", "invalid filter")


def test_a_group_is_not_filtered_by_what_only_users_have() -> None:
    with pytest.raises(Refusal):
        compile_filter(parse_filter('active eq "true"'), "Group")


def test_a_batch_of_names_is_answered_from_an_index(empty: Caller) -> None:
    names = [f"user{number}@widget.example" for number in range(60)]
    for name in names:
        empty.user(name)
    wanted = " or ".join(f'userName eq "{name}"' for name in names[:50])
    page = empty.get("/Users", filter=wanted, count=25)
    assert (page["totalResults"], len(page["Resources"])) == (50, 25)
