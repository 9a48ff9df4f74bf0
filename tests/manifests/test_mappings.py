"""What a Mapping document makes of a profile's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.model import ResourceType
from reconciler.manifests.mappings import Around, build_mapping
from reconciler.manifests.profiles import profile
from reconciler.mapping.rules import Mapping, Rule

if TYPE_CHECKING:
    from reconciler.core.model import Value

AROUND = Around(frozenset)
BASE = profile("default", ResourceType.GROUP).rules


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, BASE),
        ({"extends": "default", "attributes": {"groupType": "kind_of"}}, (*BASE[:2], Rule("groupType", "kind_of"))),
        ({"attributes": {"groupType": None}}, BASE[:2]),
        ({"attributes": {"groupType": {"constant": "Team"}}}, (*BASE[:2], Rule("groupType", constant="Team"))),
        (
            {"extends": "none", "attributes": {"displayName": {"source": "name", "default": "x", "apply": "create"}}},
            (Rule("displayName", "name", default="x", apply="create"),),
        ),
        (
            {"attributes": {"urn:ietf:params:scim:schemas:core:2.0:Group:groupType": "type"}},
            (*BASE[:2], Rule("groupType", "type")),
        ),
    ],
)
def test_extending_overriding_and_dropping(document: dict[str, Value], expected: tuple[Rule, ...]) -> None:
    result = build_mapping({"kind": "Mapping", "resource": "Group", **document}, AROUND)
    assert result.findings == ()
    assert result.mapping == Mapping(ResourceType.GROUP, ("externalId", "displayName"), expected)


def test_match_is_kept_in_order() -> None:
    result = build_mapping({"kind": "Mapping", "resource": "User", "match": ["userName", "externalId"]}, AROUND)
    assert result.mapping == Mapping(
        ResourceType.USER, ("userName", "externalId"), profile("default", ResourceType.USER).rules
    )
