"""An imported mapping makes of records what Entra makes of them: expected values are worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.import_entra import check_document
from reconciler.core.model import ResourceType
from reconciler.entra.importing import import_schema
from reconciler.manifests.mappings import Around, build_mapping
from reconciler.manifests.yaml_reader import read_yaml
from reconciler.mapping.mapper import RecordMapper
from tests.entra.exports import (
    ENTERPRISE,
    USER_NAME,
    attribute,
    clause,
    constant,
    export,
    function,
    objects,
    rule,
    scope,
)

if TYPE_CHECKING:
    from reconciler.core.model import Attributes
    from tests.entra.exports import Json

CASES = Path(__file__).parent / "cases"
ZONES = frozenset(("Europe/Oslo", "Europe/Amsterdam"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def mappers(data: bytes) -> dict[ResourceType, RecordMapper]:
    known = Around(lambda: ZONES, frozenset(("widget.example",)))
    found = {}
    for document in read_yaml(import_schema(data, check_document).text):
        assert isinstance(document, dict)
        mapping = build_mapping(document, known).mapping
        assert mapping
        found[mapping.resource] = RecordMapper(mapping, lambda: ZONES, NOW)
    return found


def mapped(mapper: RecordMapper, record: Attributes) -> Attributes:
    result = mapper.map_record(record)
    assert list(result.problems) == []
    assert result.outside is None
    return result.attributes


GENERIC = mappers((CASES / "generic_scim_app.json").read_bytes())
DOCUMENTED = mappers((CASES / "documented.json").read_bytes())
JANE: Attributes = {
    "userPrincipalName": "jane.doe@widget.example",
    "accountEnabled": True,
    "displayName": "Jane Doe",
    "givenName": "Jane",
    "surname": "Doe",
    "mail": "jane@widget.example",
    "jobTitle": "Analyst",
    "mailNickname": "jdoe",
    "employeeId": "00123",
    "department": "IT",
    "manager": "card.skimmer@widget.example",
    "mobile": "+31 6 1234",
    "city": "Amsterdam",
    "preferredLanguage": "nl-NL",
    "dirSyncEnabled": True,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            {
                "userName": "jane.doe@widget.example",
                "active": True,
                "displayName": "Jane Doe",
                "title": "Analyst",
                'emails[type eq "work"].value': "jane@widget.example",
                "preferredLanguage": "nl-NL",
                "name.givenName": "Jane",
                "name.familyName": "Doe",
                "name.formatted": "Jane Doe",
                'addresses[type eq "work"].locality': "Amsterdam",
                'phoneNumbers[type eq "mobile"].value': "+31 6 1234",
                "externalId": "jdoe",
                f"{ENTERPRISE}:employeeNumber": "00123",
                f"{ENTERPRISE}:department": "IT",
                f"{ENTERPRISE}:manager": "card.skimmer@widget.example",
            },
        ),
        ({"accountEnabled": False}, {"active": False}),
        ({"accountEnabled": "False"}, {"active": False}),
        ({"IsSoftDeleted": True}, {"active": False}),
        ({"IsSoftDeleted": "False", "accountEnabled": False}, {"active": True}),
        ({"surname": None}, {"name.formatted": "Jane", "name.familyName": None}),
        ({"givenName": None, "surname": ""}, {"name.formatted": None}),
        ({"surname": 'O\'Neil "x" #1'}, {"name.formatted": 'Jane O\'Neil "x" #1'}),
        ({"mail": None}, {'emails[type eq "work"].value': None}),
    ],
)
def test_the_generic_scim_app(changes: Attributes, expected: Attributes) -> None:
    attributes = mapped(GENERIC[ResourceType.USER], JANE | changes)
    assert expected.items() <= attributes.items()
    if not changes:
        assert attributes == expected


def test_its_groups() -> None:
    record: Attributes = {"displayName": "Service Desk", "objectId": "0a1b"}
    assert mapped(GENERIC[ResourceType.GROUP], record) == {"displayName": "Service Desk", "externalId": "0a1b"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"active": True, "locale": "nl_NL", "timezone": "Europe/Oslo"}),
        ({"accountEnabled": False}, {"active": False}),
        ({"preferredLanguage": None}, {"locale": "en_US"}),
    ],
)
def test_the_documented_example(changes: Attributes, expected: Attributes) -> None:
    attributes = mapped(DOCUMENTED[ResourceType.USER], JANE | changes)
    assert expected.items() <= attributes.items()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"dirSyncEnabled": "True"}, None),
        ({"dirSyncEnabled": False}, '`AD On Premise users`: dirSyncEnabled EQUALS "True", is "False"'),
        ({"jobTitle": ""}, "`AD On Premise users`: jobTitle IS NOT NULL, is empty"),
    ],
)
def test_its_scope(changes: Attributes, reason: str | None) -> None:
    assert DOCUMENTED[ResourceType.USER].map_record(JANE | changes).outside == reason


@pytest.mark.parametrize(
    ("source", "keys", "record", "expected"),
    [
        (constant('"Staff" \\ #1'), {}, {}, '"Staff" \\ #1'),
        ("jobTitle", {"defaultValue": "Staff"}, {"jobTitle": None}, "Staff"),
        ("jobTitle", {"defaultValue": "Staff"}, {}, "Staff"),
        ("jobTitle", {"defaultValue": "Staff"}, {"jobTitle": "Lead"}, "Lead"),
        (function('Switch([a], "Other", "x", "X")'), {}, {"a": "x"}, "X"),
        (function('Switch([a], "Other", "x", "X")'), {}, {"a": "y"}, "Other"),
        (function('ToUpper(Mid([a], "1", "3"))'), {}, {"a": "abcdef"}, "ABC"),
        (function('Replace([a], , "\\\\s+", , "-", , )'), {}, {"a": "a  b c"}, "a-b-c"),
        (function('Join("@", [a], DefaultDomain())'), {}, {"a": "x"}, "x@widget.example"),
        (function('IIF([a]="it\'s", "a: b", [b])'), {}, {"a": "it's", "b": "no"}, "a: b"),
    ],
)
def test_values(source: Json | str, keys: dict[str, Any], record: Attributes, expected: str) -> None:
    mapper = mappers(export(rule(objects(USER_NAME, attribute("title", source, **keys)))))[ResourceType.USER]
    assert mapped(mapper, {"userPrincipalName": "x", **record})["title"] == expected


def test_records_are_in_scope_where_one_filter_holds() -> None:
    groups = scope(it=[clause("department", "EQUALS", "IT")], old=[clause("employeeId", "Greater_Than", "1000")])
    mapper = mappers(export(rule(objects(USER_NAME, scope=groups))))[ResourceType.USER]
    records: list[Attributes] = [{"department": "IT"}, {"employeeId": "1001"}, {"department": "it", "employeeId": 1000}]
    outside = [mapper.map_record({"userPrincipalName": "x", **each}).outside is not None for each in records]
    assert outside == [False, False, True]
