"""Attribute mappings: what Entra exports in, the rule and what is told out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.import_entra import check_document
from reconciler.entra.importing import import_schema
from reconciler.manifests.yaml_reader import read_yaml
from tests.entra.exports import (
    ENTERPRISE,
    GROUP_NAME,
    USER_NAME,
    attribute,
    clause,
    constant,
    direct,
    export,
    function,
    objects,
    parameters,
    rule,
    scope,
)

if TYPE_CHECKING:
    from tests.entra.exports import Json

MANAGER = f"{ENTERPRISE}:manager"
WORK = 'emails[type eq "work"].value'


def imported(
    *mappings: Json, resource: str = "User", **keys: Any
) -> tuple[dict[str, Any], list[tuple[str, str, bool]]]:
    """The document without its userName or displayName, and the notes without their lines."""
    key = USER_NAME if resource == "User" else GROUP_NAME
    result = import_schema(export(rule(objects(key, *mappings, resource=resource, **keys))), check_document)
    (document,) = read_yaml(result.text)
    assert isinstance(document, dict)
    return document, [(note.about, note.text, note.lost) for note in result.notes]


def rules(*mappings: Json, resource: str = "User") -> dict[str, Any]:
    document, notes = imported(*mappings, resource=resource)
    assert [note for note in notes if note[2]] == []
    attributes = document["attributes"]
    assert isinstance(attributes, dict)
    return {target: each for target, each in attributes.items() if target != document["match"][0]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("jobTitle", "jobTitle"),
        ({"type": "attribute", "name": "jobTitle", "expression": "[jobTitle]"}, "jobTitle"),
        ({"type": "ATTRIBUTE", "name": "jobTitle", "expression": None}, "jobTitle"),
        ({"expression": "[jobTitle]"}, "jobTitle"),
        ("extension_0a1b_job", "extension_0a1b_job"),
        (constant("Staff"), {"constant": "Staff"}),
        (constant('say "no" \\ yes'), {"constant": 'say "no" \\ yes'}),
        ({"type": "constant", "name": "Staff"}, {"constant": "Staff"}),
        ({"type": "Constant", "name": "", "expression": "Staff"}, {"constant": "Staff"}),
        ({"expression": '"Staff"'}, {"constant": "Staff"}),
        (function("Not([a])"), {"expression": "Not([a])"}),
        ({"type": "function", "name": "Not", "expression": " Not([a])\n"}, {"expression": "Not([a])"}),
        ({"expression": "Not([a])"}, {"expression": "Not([a])"}),
        (function('Join(" ", [a], "#: it\'s")'), {"expression": 'Join(" ", [a], "#: it\'s")'}),
    ],
)
def test_sources(source: Json | str, expected: Any) -> None:
    assert rules(attribute("title", source)) == {"title": expected}


@pytest.mark.parametrize(
    ("source", "expression"),
    [
        (parameters("Not", ("source", direct("a"))), "Not([a])"),
        (parameters("Append", ("suffix", constant("x")), ("source", direct("a"))), 'Append([a], "x")'),
        (
            parameters("Join", ("separator", constant(" ")), ("source", direct("a")), ("source", direct("b"))),
            'Join(" ", [a], [b])',
        ),
        (
            parameters("Mid", ("source", direct("a")), ("start", constant("1")), ("length", constant("8"))),
            'Mid([a], "1", "8")',
        ),
        (
            parameters(
                "Switch",
                ("source", direct("a")),
                ("defaultValue", None),
                ("switchValue", constant("x")),
                ("switchValue", constant("y")),
            ),
            'Switch([a], , "x", "y")',
        ),
        (
            parameters(
                "Switch", ("source", direct("a")), ("switchValue1", constant("x")), ("switchValue2", constant("y"))
            ),
            'Switch([a], , "x", "y")',
        ),
        (
            parameters("Replace", ("source", direct("a")), ("find", constant("x")), ("replacement", constant('"\\'))),
            'Replace([a], "x", , , "\\"\\\\", , )',
        ),
        (
            parameters(
                "FormatDateTime",
                ("source", direct("a")),
                ("inputFormat", constant("yyyyMMdd")),
                ("outputFormat", constant("yyyy")),
            ),
            'FormatDateTime([a], "yyyyMMdd", "yyyy")',
        ),
        (
            parameters("ToUpper", ("source", parameters("Append", ("source", direct("a")), ("suffix", direct("b"))))),
            "ToUpper(Append([a], [b]))",
        ),
    ],
)
def test_expressions_are_rebuilt_from_parameters(source: Json, expression: str) -> None:
    assert rules(attribute("title", source)) == {"title": {"expression": expression}}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"flowType": "ObjectAddOnly"}, {"source": "t", "apply": "create"}),
        (
            {"flowType": "objectaddonly", "defaultValue": "Staff"},
            {"source": "t", "default": "Staff", "apply": "create"},
        ),
        ({"defaultValue": ""}, "t"),
        ({"flowType": None, "flowBehavior": None}, "t"),
        ({"unknown": {"key": []}}, "t"),
    ],
)
def test_flow_types_and_defaults(keys: Json, expected: Any) -> None:
    document, notes = imported(attribute("title", "t", **keys))
    assert document["attributes"]["title"] == expected
    assert notes == []


def test_no_source_leaves_only_the_default() -> None:
    mappings = (
        attribute("timezone", None, defaultValue="Europe/Oslo"),
        attribute("locale", None, defaultValue="nb", flowType="ObjectAddOnly"),
    )
    assert rules(*mappings) == {"timezone": {"default": "Europe/Oslo"}, "locale": {"default": "nb", "apply": "create"}}


@pytest.mark.parametrize(
    ("target", "canonical"),
    [
        ('emails[type eq "work"].Value', WORK),
        ('Emails[Type EQ "Work"].value', WORK),
        ("DISPLAYNAME", "displayName"),
        ("name.givenname", "name.givenName"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:nickName", "nickName"),
        (f"{ENTERPRISE.lower()}:COSTCENTER", f"{ENTERPRISE}:costCenter"),
        (
            "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields:Payroll_ID",
            "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields:Payroll_ID",
        ),
        (f"{MANAGER}", MANAGER),
        (f"{MANAGER}.Value", MANAGER),
        ("manager", MANAGER),
        ('addresses[type eq "work"].formatted', 'addresses[type eq "work"].formatted'),
    ],
)
def test_targets_get_their_canonical_spelling(target: str, canonical: str) -> None:
    assert rules(attribute(target, "x")) == {canonical: "x"}


@pytest.mark.parametrize(
    ("mapping", "about", "reason"),
    [
        (attribute("id", "objectId"), "id", "4me gives every resource its id"),
        (attribute("nickNam", "a"), "nickNam", "unknown SCIM attribute `nickNam`; did you mean `nickName`?"),
        (attribute("", "a"), "(no target)", "`(no target)` is not an attribute path"),
        (
            attribute('emails[primary eq "True"].value', "a"),
            'emails[primary eq "True"].value',
            (
                '`emails[primary eq "True"].value` could be any of several values: select one by its type, for example'
                ' `emails[type eq "work"].value`'
            ),
        ),
        (
            attribute('emails[type eq "private"].value', "a"),
            'emails[type eq "private"].value',
            "`private` is no type of `emails` in 4me: work, home, other",
        ),
        (
            attribute("title", constant("")),
            "title",
            "an empty constant: Entra sends no empty values, and here it would clear the attribute",
        ),
        (attribute("title", {"type": "Magic", "name": "x"}), "title", "unknown type of source `magic`"),
        (attribute("title", {"type": "Function"}), "title", "it has neither an expression nor a name"),
        (
            attribute("title", parameters("Mid", ("source", direct("a")), ("begin", constant("1")))),
            "title",
            "Mid has no parameter `begin`",
        ),
        (
            attribute("title", parameters("Mid", ("source", direct("a")), ("source", direct("b")))),
            "title",
            "Mid has `source` 2 times",
        ),
        (
            attribute("timezone", constant("Europe/Amsterdm")),
            "timezone",
            "`constant`: `Europe/Amsterdm` is not an IANA time zone; did you mean `Europe/Amsterdam`?",
        ),
        (attribute("active", "on", defaultValue="yes"), "active", "`default`: expected true or false"),
        (
            attribute("title", "adopt"),
            "title",
            "`adopt` is a key of the manifests, not an attribute: rename the source",
        ),
        (
            attribute("externalId", function("Guid()"), matchingPriority=2),
            "externalId",
            "Guid() gives new values, and resources are found by this attribute",
        ),
        (
            attribute("externalId", function("SelectUniqueValue([a], [b])"), matchingPriority=2),
            "externalId",
            "SelectUniqueValue() gives new values, and resources are found by this attribute",
        ),
        (attribute("userName", "mail"), "userName", "line 17 maps it already"),
        (attribute("USERNAME", "mail"), "userName", "line 17 maps it already"),
    ],
)
def test_what_cannot_be_carried_over_is_told(mapping: Json, about: str, reason: str) -> None:
    document, notes = imported(mapping)
    assert document["attributes"] == {"userName": "userPrincipalName"}
    assert [note for note in notes if note[2]] == [(about, reason, True)]


@pytest.mark.parametrize("expression", ["Not([a]", "Magic([a])", "Not([a]) Not([b])", "", "Switch()"])
def test_expressions_that_cannot_work_are_told_and_kept_as_comments(expression: str) -> None:
    source = {"type": "Function", "name": "Magic", "expression": expression or "Magic()"}
    result = import_schema(export(rule(objects(USER_NAME, attribute("title", source)))), check_document)
    assert [note.about for note in result.notes if note.lost] == ["title"]
    assert f"\n  #   {expression or 'Magic()'}\n" in result.text
    assert (result.carried, result.total) == (1, 2)


@pytest.mark.parametrize(
    ("mapping", "expected", "told"),
    [
        (
            attribute("title", function("Guid()")),
            {"expression": "Guid()", "apply": "create"},
            ["Guid() gives new values: set at creation only"],
        ),
        (
            attribute("title", function('RandomString("6", "0", "0", "0", "0", "x")'), flowType="ObjectAddOnly"),
            {"expression": 'RandomString("6", "0", "0", "0", "0", "x")', "apply": "create"},
            [],
        ),
        (
            attribute("title", function("SelectUniqueValue([a], [b])")),
            {"expression": "SelectUniqueValue([a], [b])", "apply": "create"},
            ["SelectUniqueValue() gives new values: set at creation only"],
        ),
        (
            attribute("title", function('Join("@", [a], DefaultDomain())')),
            {"expression": 'Join("@", [a], DefaultDomain())'},
            ["DefaultDomain() needs `defaultDomain` in the Tenant document"],
        ),
        (
            attribute("title", function("SingleAppRoleAssignment([appRoleAssignments])")),
            {"expression": "SingleAppRoleAssignment([appRoleAssignments])"},
            ["SingleAppRoleAssignment() reads the record's `appRoleAssignments`, which the schema does not hold"],
        ),
        (
            attribute("title", "a", flowType="MultiValueAddOnly"),
            "a",
            ["MultiValueAddOnly: Entra only adds values here; this tool also takes away those that are not declared"],
        ),
        (attribute("title", "a", flowType="Sometimes"), "a", ["unknown flow type `sometimes`: taken for Always"]),
        (
            attribute("title", "a", flowBehavior="FlowAlways"),
            "a",
            ["FlowAlways: Entra sends it in every cycle; this tool sends it where 4me has something else"],
        ),
        (
            attribute("title", constant("x"), defaultValue="y"),
            {"constant": "x"},
            ["the default `y` is left out: a constant is never empty"],
        ),
        (
            attribute("title", "a", matchingPriority=3),
            "a",
            ["Entra matches by it; 4me finds users by externalId and userName only"],
        ),
    ],
)
def test_what_differs_is_told(mapping: Json, expected: Any, told: list[str]) -> None:
    document, notes = imported(mapping)
    assert document["attributes"]["title"] == expected
    assert notes == [("title", each, False) for each in told]


def test_a_target_without_source_and_default_is_left_alone() -> None:
    document, notes = imported(attribute("title", None))
    assert document["attributes"] == {"userName": "userPrincipalName"}
    told = "Entra leaves it alone, since it has neither a source nor a default: no rule is written"
    assert notes == [("title", told, False)]


def test_defaults_at_updates_are_told_once() -> None:
    mappings = [attribute(target, "a", defaultValue="x") for target in ("title", "nickName")]
    document, notes = imported(*mappings)
    assert document["attributes"]["title"] == {"source": "a", "default": "x"}
    assert [note for note in notes if note[1].startswith("defaults:")] == notes
    assert len(notes) == 1


def test_members_of_groups_need_no_rule() -> None:
    document, notes = imported(attribute("members", "members"), attribute("externalId", "objectId"), resource="Group")
    assert document["attributes"] == {"displayName": "displayName", "externalId": "objectId"}
    told = "membership is not mapped here: a group's record has `members`, or a user's has `groups`"
    assert notes == [("members", told, False)]


def test_a_document_says_what_it_reads() -> None:
    joined = attribute("title", function('Join(" ", [surname], [givenName], [surname])'))
    filters = scope(it=[clause("department", "IS NOT NULL"), clause("surname", "IS NOT NULL")])
    mappings = USER_NAME, joined, attribute("nickName", constant("x")), attribute("nope", "lost")
    text = import_schema(export(rule(objects(*mappings, scope=filters))), check_document).text
    assert "\n# It reads userPrincipalName, surname, givenName, department\n" in text


def test_is_soft_deleted_is_told() -> None:
    switch = function('Switch([IsSoftDeleted], , "False", "True", "True", "False")')
    document, notes = imported(attribute("active", switch))
    assert document["attributes"]["active"] == {"expression": switch["expression"]}
    told = "`IsSoftDeleted` is computed from the record's `accountEnabled`, unless the record has it"
    assert notes == [("active", told, False)]
