"""Object mappings: which are taken, what they match by, which records they are for, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.import_entra import check_document
from reconciler.entra.importing import NothingImported, import_schema
from reconciler.manifests.yaml_reader import read_yaml
from tests.entra.exports import (
    GROUP_NAME,
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
    from tests.entra.exports import Json

EXTERNAL_ID = attribute("externalId", "objectId", matchingPriority=2)


def imported(*rules: Json, **keys: Any) -> tuple[list[Any], list[tuple[str, str, bool]]]:
    result = import_schema(export(*rules, **keys), check_document)
    return read_yaml(result.text), [(note.about, note.text, note.lost) for note in result.notes]


def scoped(groups: Json | None, **keys: Any) -> tuple[Any, list[tuple[str, str, bool]]]:
    (document,), notes = imported(rule(objects(USER_NAME, scope=groups)), **keys)
    return document.get("scope"), notes


@pytest.mark.parametrize(
    ("priorities", "match"),
    [
        ({"userName": 1}, ["userName"]),
        ({"userName": 2, "externalId": 1}, ["externalId", "userName"]),
        ({"userName": 1, "externalId": 5}, ["userName", "externalId"]),
        ({"externalId": 1}, ["externalId"]),
    ],
)
def test_matching_goes_by_priority(priorities: dict[str, int], match: list[str]) -> None:
    mappings = (attribute(name, name, matchingPriority=priorities.get(name, 0)) for name in ("userName", "externalId"))
    (document,), notes = imported(rule(objects(*mappings)))
    assert document["match"] == match
    assert notes == []


def test_matching_falls_back_to_the_key() -> None:
    mappings = attribute("userName", "a"), attribute("nickName", "b", matchingPriority=1)
    (document,), notes = imported(rule(objects(*mappings)))
    assert document["match"] == ["userName"]
    assert notes == [
        ("User to FourMe", "none of Entra's matching attributes can be used: resources are found by userName", True),
        ("nickName", "Entra matches by it; 4me finds users by externalId and userName only", False),
    ]


def test_an_attribute_that_is_not_carried_over_is_not_matched_by() -> None:
    lost = attribute("externalId", function("Magic([a])"), matchingPriority=1)
    (document,), notes = imported(rule(objects(lost, attribute("userName", "a", matchingPriority=2))))
    assert document["match"] == ["userName"]
    assert [(about, is_lost) for about, _, is_lost in notes] == [("externalId", True)]


def test_users_and_groups_come_from_any_rule() -> None:
    documents, notes = imported(rule(objects(GROUP_NAME, resource="Group")), rule(objects(USER_NAME)))
    assert [each["resource"] for each in documents] == ["User", "Group"]
    assert notes == []


@pytest.mark.parametrize(
    ("source", "target", "resource"),
    [
        ("User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "User"),
        ("user", "USER", "User"),
        ("User", "Person", "User"),
        ("User", "", "User"),
    ],
)
def test_the_resource_is_known_by_its_name(source: str, target: str, resource: str) -> None:
    mapping = objects(USER_NAME, sourceObjectName=source, targetObjectName=target)
    assert [each["resource"] for each in imported(rule(mapping))[0]] == [resource]


def test_what_is_not_taken_is_told() -> None:
    rules = (
        rule(objects(USER_NAME), name="WRITEBACK", targetDirectoryName="Azure Active Directory"),
        rule(
            objects(USER_NAME, name="off", enabled=False),
            objects(USER_NAME, name="on"),
            objects(attribute("userName", "mail"), name="second"),
            objects(USER_NAME, name="roles", sourceObjectName="Role", targetObjectName="Role"),
        ),
    )
    documents, notes = imported(*rules)
    assert [each["attributes"]["userName"] for each in documents] == ["userPrincipalName"]
    assert notes == [
        ("rule `WRITEBACK`", "it writes to Azure Active Directory", True),
        ("mapping `off`", "it is disabled in Entra", True),
        ("mapping `second`", "only one mapping of Users is used, and it comes first", True),
        ("mapping `roles`", "`Role` is neither a user nor a group", True),
    ]


@pytest.mark.parametrize(
    ("flow_types", "told"),
    [
        ("Add,Update,Delete", []),
        ("add, update, delete", []),
        (None, []),
        ("Update,Delete", ["Entra does not create users here: this tool creates every declared one that is in scope"]),
        ("Add, Delete", ["Entra does not update users here: this tool updates them"]),
        (
            "Add,Update",
            [
                (
                    "Entra does not delete users here: neither does this tool; those that are no longer declared are"
                    " deactivated, or only reported with `unlisted: report` in the Tenant document"
                )
            ],
        ),
    ],
)
def test_actions_that_entra_does_not_take_are_told(flow_types: str | None, told: list[str]) -> None:
    _, notes = imported(rule(objects(USER_NAME, flowTypes=flow_types)))
    assert notes == [("User to FourMe", each, False) for each in told]


def test_filters_are_carried_over() -> None:
    groups = scope(**{
        "IT staff": [clause("department", "EQUALS", "IT"), clause("jobTitle", "IS NOT NULL")],
        "": [clause("employeeId", "Greater_Than_OR_EQUALS", "1000"), clause("mail", "not regex match", r".*\@x\.y")],
        "all": [clause("enabled", "is true", ""), clause("a", "&", "x, y"), clause("userType", "Includes", "#: ")],
    })  # fmt: skip
    assert scoped(groups) == (
        [
            {
                "name": "IT staff",
                "clauses": [
                    {"attribute": "department", "operator": "EQUALS", "value": "IT"},
                    {"attribute": "jobTitle", "operator": "IS NOT NULL"},
                ],
            },
            {
                "name": "filter 2",
                "clauses": [
                    {"attribute": "employeeId", "operator": "GREATER_THAN_OR_EQUALS", "value": "1000"},
                    {"attribute": "mail", "operator": "NOT REGEX MATCH", "value": r".*\@x\.y"},
                ],
            },
            {
                "name": "all",
                "clauses": [
                    {"attribute": "enabled", "operator": "IS TRUE"},
                    {"attribute": "a", "operator": "&", "value": "x, y"},
                    {"attribute": "userType", "operator": "INCLUDES", "value": "#: "},
                ],
            },
        ],
        [],
    )


KEPT = clause("department", "EQUALS", "IT")


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (clause("a", "STARTS_WITH", "x"), "`a STARTS_WITH x`: there is no such operator here"),
        (clause("a", "EQUALS"), "`a EQUALS `: `EQUALS` needs a value; `IS NULL` finds records that have none"),
        (clause("a", "EQUALS", "x", "y"), "`a EQUALS x, y`: a clause has one value"),
        (clause("manager", "EQUALS", "x"), "`manager EQUALS x`: several values and references cannot be tested"),
        (clause("Tags", "INCLUDES", "x"), "`Tags INCLUDES x`: several values and references cannot be tested"),
        (
            clause("a", "GREATER_THAN", "x"),
            '`a GREATER_THAN x`: `GREATER_THAN` compares integers of at most 18 digits, and "x" is none',
        ),
        (clause("groups", "IS NULL"), "`groups IS NULL`: `groups` is a key of the manifests, not an attribute"),
    ],
)
def test_a_clause_that_is_lost_makes_the_filter_wider(lost: Json, told: str) -> None:
    tags = [{"name": "tags", "multivalued": True}]
    directories = [{"name": "Azure Active Directory", "objects": [{"name": "User", "attributes": tags}]}]
    found, notes = scoped(scope(it=[lost, KEPT]), directories=directories)
    assert found == [{"name": "it", "clauses": [{"attribute": "department", "operator": "EQUALS", "value": "IT"}]}]
    assert notes == [("filter `it`", f"{told}; more records are in scope", True)]


def test_a_pattern_that_does_not_compile_is_lost() -> None:
    found, notes = scoped(scope(it=[KEPT, clause("a", "REGEX MATCH", "(")]))
    assert len(found[0]["clauses"]) == 1
    assert [(about, lost) for about, _, lost in notes] == [("filter `it`", True)]


@pytest.mark.parametrize("clauses", [[], [clause("a", "STARTS_WITH", "x")]])
def test_a_filter_of_which_nothing_is_left_leaves_everybody_in_scope(clauses: list[Json]) -> None:
    found, notes = scoped(scope(it=[KEPT], other=clauses))
    assert found is None
    assert ("scope", "no clause is left in the filter `other`: every record is in scope", True) in notes


def test_clauses_on_several_values_may_ask_for_none() -> None:
    found, notes = scoped(scope(it=[clause("manager", "IS NULL")]))
    assert found == [{"name": "it", "clauses": [{"attribute": "manager", "operator": "IS NULL"}]}]
    assert notes == []


def test_other_filters_are_told() -> None:
    groups = {"groups": [], "inputFilterGroups": [{"name": "x"}], "categoryFilterGroups": [{}]}
    found, notes = scoped(groups)
    assert found is None
    assert notes == [
        ("User to FourMe", "`categoryFilterGroups` are left out: more records are in scope than in Entra", True),
        ("User to FourMe", "`inputFilterGroups` are left out: more records are in scope than in Entra", True),
    ]


def test_a_mapping_without_its_key_is_left_out_and_told() -> None:
    users = objects(attribute("userName", constant("")), attribute("title", "a"))
    rules = rule(users, objects(GROUP_NAME, resource="Group"))
    documents, notes = imported(rules)
    assert [each["resource"] for each in documents] == ["Group"]
    whole = import_schema(export(rules), check_document)
    assert "\n# resource: User\n" in whole.text
    assert "\n#   title: a\n" in whole.text
    assert (whole.carried, whole.total) == (1, 3)
    reason = "this mapping of Users is left out: no rule for `userName`, which 4me requires"
    assert ("User to FourMe", reason, True) in notes


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([], []),
        ([rule(objects(USER_NAME, enabled=False))], ["line 9: mapping `User to FourMe`: it is disabled in Entra"]),
    ],
)
def test_an_export_without_any_mapping_is_an_error(rules: list[Json], told: list[str]) -> None:
    with pytest.raises(NothingImported, match="no mapping of users or groups can be carried over") as problem:
        imported(*rules)
    assert list(map(str, problem.value.notes)) == told


def test_names_differing_in_case_are_told() -> None:
    _, notes = imported(rule(objects(USER_NAME, attribute("nickName", "UserPrincipalName"))))
    told = "`UserPrincipalName` means the same attribute as `userPrincipalName`: spell it so"
    assert notes == [("User to FourMe", told, False)]
