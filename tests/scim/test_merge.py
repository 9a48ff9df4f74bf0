"""Changes merged into live attributes: what is sent whole is right whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.plan_model import Change
from reconciler.scim.merge import merge_changes, unit_of

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
WORK: dict[str, Value] = {"value": "w@x", "type": "work", "primary": True}
HOME: dict[str, Value] = {"value": "h@x", "type": "home"}


@pytest.mark.parametrize(
    ("path", "after", "merged"),
    [
        ('emails[type eq "work"].value', "n@x", [{**WORK, "value": "n@x"}, HOME]),
        ('emails[type eq "WORK"].value', "n@x", [{**WORK, "value": "n@x"}, HOME]),
        ('emails[type eq "other"].value', "n@x", [WORK, HOME, {"type": "other", "value": "n@x"}]),
        ('emails[type eq "work"].value', None, [HOME]),
        ('emails[type eq "work"].value', "", [HOME]),
        ('emails[type eq "other"].value', None, [WORK, HOME]),
        ('emails[type eq "home"]', None, [WORK]),
        ('emails[type eq "home"]', {"value": "n@x"}, [WORK, {**HOME, "value": "n@x"}]),
        ('emails[value eq "h@x"].type', "other", [WORK, {**HOME, "type": "other"}]),
        ('emails[type eq "home"].primary', True, [{"value": "w@x", "type": "work"}, {**HOME, "primary": True}]),
        ("emails", [HOME], [HOME]),
        ("emails", ["W@X", "n@x"], [WORK, {"value": "n@x"}]),
        ("emails", None, []),
        ("emails", [], []),
    ],
)
def test_values_of_a_multi_valued_attribute(path: str, after: Value, merged: Value) -> None:
    live: Attributes = {"userName": "ann", "emails": [WORK, HOME]}
    assert merge_changes(live, [Change(path, None, after)]) == {"userName": "ann", "emails": merged}
    assert live == {"userName": "ann", "emails": [WORK, HOME]}


@pytest.mark.parametrize(
    ("path", "after", "merged"),
    [
        ("title", "Lead", "Lead"),
        ("title", "", None),
        ("name.givenName", "Ann", "Ann"),
        (f"{ENTERPRISE}:department", None, None),
        (f"{CUSTOM}:tags", ["a", "b"], ["a", "b"]),
        ("active", False, False),
    ],
)
def test_single_values(path: str, after: Value, merged: Value) -> None:
    assert merge_changes({}, [Change(path, None, after)]) == {path: merged}


def test_several_changes_of_one_attribute_add_up() -> None:
    changes = [
        Change('addresses[type eq "work"].locality', None, "Delft"),
        Change('addresses[type eq "work"].country', None, "NL"),
        Change('addresses[type eq "work"].locality', "Delft", None),
    ]
    assert merge_changes({}, changes) == {"addresses": [{"type": "work", "country": "NL"}]}


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("title", "title"),
        ("name.givenName", "name"),
        ('emails[type eq "work"].value', "emails"),
        (f"{ENTERPRISE}:manager", ENTERPRISE),
        (f"{CUSTOM}:payroll.id", CUSTOM),
    ],
)
def test_what_is_sent_whole(path: str, unit: str) -> None:
    assert unit_of(path) == unit
