"""Mappings the other way round: what is said by which name, and what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.model import Live, ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.manifests.profiles import profile
from reconciler.mapping.reverse import Reverser, irreversible
from reconciler.mapping.rules import Mapping, Rule

if TYPE_CHECKING:
    from reconciler.core.model import Attributes

USER = ResourceType.USER
DEFAULT = Reverser(profile("default", USER))


def value(text: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"value": text, **({"type": kind} if kind else {}), **more}


@pytest.mark.parametrize(
    ("live", "given"),
    [
        ({"userName": "a", "title": "", "meta.created": "2026"}, {"userName": "a"}),
        ({"name.givenName": "A", f"{ENTERPRISE}:site": "S"}, {"givenName": "A", "site": "S"}),
        ({"emails": [value("x", "work", primary=True)]}, {"email": "x"}),
        ({"emails": [value("x", "Work"), value("y", "home")]}, {"email": "x", "homeEmail": "y"}),
        ({"emails": [value("x", "work"), value("y", "home", primary=True)]},
         {"emails": [value("x", "work"), value("y", "home", primary=True)]}),
        ({"emails": [value("x", "work", display="X")]}, {"emails": [{"value": "x", "display": "X", "type": "work"}]}),
        ({"emails": [value("x")]}, {"emails": ["x"]}),
        ({"phoneNumbers": [value("1", "mobile"), value("2", "mobile")]},
         {"phoneNumbers": [value("1", "mobile"), value("2", "mobile")]}),
        ({"phoneNumbers": [value("1", "other")]}, {"phoneNumbers": [value("1", "other")]}),
        ({"roles": [value("b"), value("a")]}, {"roles": ["b", "a"]}),
        ({"roles": [{"value": "a", "$ref": "x"}]}, {"roles": ["a"]}),
        ({f"{CUSTOM_FIELDS}:a": 1, f"{CUSTOM_FIELDS}:b": ""}, {"customFields": {"a": 1}}),
        ({MANAGER: "7"}, {"manager": "boss"}),
    ],
)  # fmt: skip
def test_the_default_profile(live: Attributes, given: Attributes) -> None:
    assert DEFAULT.reverse(Live(USER, "1", "a", live), "boss") == (given, ())


def test_who_is_inactive_is_said_to_be() -> None:
    live = Live(USER, "1", "a", {"userName": "a", "active": False}, active=False)
    assert DEFAULT.reverse(live).given == {"userName": "a", "active": False}
    assert Reverser(profile("entra-scim", USER)).reverse(live).given == {
        "userPrincipalName": "a",
        "accountEnabled": False,
    }
    silent = Reverser(Mapping(USER, ("userName",), (Rule("userName", source="userName"),)))
    assert (silent.says_inactive, silent.reverse(live).given) == (False, {"userName": "a"})


def test_a_mapping_of_ones_own() -> None:
    rules = (
        Rule("name", source="fullName"),
        Rule("name.givenName", source="first"),
        Rule('phoneNumbers[type eq "work"].value', source="phone"),
        Rule("userName", source="mail"),
        Rule('emails[type eq "work"].value', source="mail"),
        Rule(f"{CUSTOM_FIELDS}:payroll_id", source="payroll"),
        Rule("userType", constant="Employee"),
        Rule("locale", default="en"),
    )
    mapping = Mapping(USER, ("userName",), rules)
    live: Attributes = {
        "userName": "a@b", "name.givenName": "A", "name.familyName": "B", "phoneNumbers": [value("1", "home")],
        "emails": [value("other@b", "work")], f"{CUSTOM_FIELDS}:payroll_id": "7", "userType": "VIP", "urn:x:y": 1,
    }  # fmt: skip
    given, left_over = Reverser(mapping).reverse(Live(USER, "1", "a", live))
    assert list(given) == ["mail", "fullName", "first", "payroll"]
    assert given == {"mail": "a@b", "fullName": {"familyName": "B"}, "first": "A", "payroll": "7"}
    assert left_over == ("phoneNumbers", "userType", "urn:x:y")
    assert [rule.target for rule in irreversible(mapping)] == ["userType"]
