"""Whatever an export of the documented shape has: what is written validates, and nothing is dropped silently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.import_entra import check_document
from reconciler.core.model import ResourceType
from reconciler.entra.attributes import find_target
from reconciler.entra.importing import Imported, NothingImported, import_schema
from reconciler.manifests.yaml_reader import read_yaml
from reconciler.mapping.target_paths import TargetProblem
from tests.entra.exports import Json, attribute, clause, constant, direct, export, function, objects, rule, scope

NAMES = st.one_of(
    st.sampled_from(("mail", "userPrincipalName", "manager", "groups", "kind", "IsSoftDeleted", "it's #1")),
    st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=6),
)
EXPRESSIONS = st.sampled_from(
    (
        "Not([IsSoftDeleted])", 'Join(" ", [a], [b])', 'Switch([a], , "x", "y: #", )', "Guid()", "Now()", "Magic([a])",
        "SelectUniqueValue([a], [b])", "DefaultDomain()", "Not([a]", "", 'Replace([a], , "(?<n>(", , "x", , )',
        'Replace([a], "-", , , "_", , )', "SingleAppRoleAssignment([appRoleAssignments])", "[a]", '"x"',
    )
)  # fmt: skip
SOURCES = st.one_of(
    st.none(),
    NAMES.map(direct),
    st.text(max_size=6).map(constant),
    EXPRESSIONS.map(function),
    st.just({"type": "Other"}),
)
TARGETS = st.one_of(
    st.sampled_from(
        (
            "userName", "USERNAME", "externalId", "active", "title", "id", "members", "timezone", "roles",
            "displayName",
            'emails[type eq "work"].value', "emails", 'emails[type eq "work"]', "name", "manager", "nope",
            "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields:x",
        )
    ),
    st.text(max_size=6),
)  # fmt: skip
ATTRIBUTES = st.builds(
    attribute,
    TARGETS,
    SOURCES,
    defaultValue=st.one_of(st.none(), st.sampled_from(("", "x", "True", "Europe/Oslo"))),
    flowType=st.sampled_from(("Always", "ObjectAddOnly", "MultiValueAddOnly", "always", None)),
    matchingPriority=st.integers(0, 2),
)
CLAUSES = st.builds(
    clause,
    NAMES,
    st.sampled_from(("EQUALS", "IS NULL", "is_true", "REGEX MATCH", "Greater_Than", "&", "!&", "STARTS WITH")),
    st.sampled_from(("x", "", "(", "12", "a: b #c", "True")),
)
SCOPES = st.one_of(
    st.none(),
    st.dictionaries(st.text(max_size=4), st.lists(CLAUSES, max_size=3), max_size=3).map(lambda it: scope(**it)),
)
OBJECTS = st.builds(
    lambda attributes, resource, filters, name: objects(*attributes, resource=resource, scope=filters, name=name),
    st.lists(ATTRIBUTES, max_size=8),
    st.sampled_from(("User", "Group")),
    SCOPES,
    st.text(max_size=6),
)


def is_told(resource: ResourceType, mapping: Json, document: Json, imported: Imported) -> bool:
    target = str(mapping["targetAttributeName"]).strip() or "(no target)"
    try:
        spelt = find_target(resource, target)
    except TargetProblem:
        spelt = target
    return spelt in document["attributes"] or any(note.about in (spelt, target) for note in imported.notes)


@given(st.lists(OBJECTS, max_size=3))
def test_any_export_comes_to_documents_that_validate(mappings: list[Json]) -> None:
    try:
        imported = import_schema(export(rule(*mappings)), check_document)
    except NothingImported:
        return
    documents = read_yaml(imported.text)
    for document, text in zip(documents, imported.text.split("\n---\n"), strict=True):
        assert isinstance(document, dict)
        assert [each.message for each in check_document(text) if not each.is_warning] == []
        resource = ResourceType(str(document["resource"]))
        mapping = next(each for each in mappings if each["sourceObjectName"] == resource.value)
        assert all(is_told(resource, each, document, imported) for each in mapping["attributeMappings"])
    named = {str(each["sourceObjectName"]) for each in mappings}
    firsts = [next(each for each in mappings if each["sourceObjectName"] == name) for name in named]
    assert imported.total == sum(len(each["attributeMappings"]) for each in firsts)
    assert "".join(imported.text.split("\n")).isprintable()
    assert import_schema(export(rule(*mappings)), check_document) == imported


@given(st.lists(OBJECTS, min_size=1, max_size=3))
def test_an_export_that_comes_to_nothing_says_why(mappings: list[Json]) -> None:
    nameless = [each | {"attributeMappings": [attribute("title", "a")]} for each in mappings]
    with pytest.raises(NothingImported) as nothing:
        import_schema(export(rule(*nameless)), check_document)
    assert len(nothing.value.notes) >= len(mappings)
