"""Whole mappings on records: expressions among rules, what is left alone, scope, spellings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from reconciler.core.model import ResourceType
from reconciler.manifests.profiles import profile
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.mapper import Mapped, RecordMapper
from reconciler.mapping.rules import Mapping, Rule
from reconciler.mapping.scope import Clause, Operator, ScopeFilter

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.rules import ApplyMode

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORK = 'emails[type eq "work"].value'
KEY = Rule("userName", "upn")
IT = ScopeFilter("IT", (Clause("department", Operator.EQUALS, "IT"),))


def rule(target: str, text: str, default: Value = None, apply: ApplyMode = "always") -> Rule:
    return Rule(target, default=default, apply=apply, expression=parse_expression(text))


def mapper(*rules: Rule, scope: tuple[ScopeFilter, ...] = ()) -> RecordMapper:
    mapping = Mapping(ResourceType.USER, ("externalId", "userName"), rules, scope, "widget.example")
    return RecordMapper(mapping, frozenset, NOW)


def mapped(*rules: Rule, given: Attributes) -> Mapped:
    return mapper(*rules).map_record(given)


@pytest.mark.parametrize(
    ("one", "given", "expected"),
    [
        (rule("title", 'Append([a], "x")'), {"a": "y"}, {"title": "yx"}),
        (rule("title", "[a]"), {"a": ""}, {"title": None}),
        (rule("title", "[a]"), {"a": None}, {"title": None}),
        (rule("title", "[a]"), {}, {}),
        (rule("title", 'Join(" ", [a], [b])'), {"b": None}, {"title": None}),
        (rule("title", 'Join(" ", [a], [b])'), {}, {}),
        (rule("title", '"x"'), {}, {"title": "x"}),
        (rule("title", 'IIF(IsNullOrEmpty([a]), "none", "some")'), {}, {"title": "none"}),
        (rule("title", "[a]", default="Staff"), {}, {"title": "Staff"}),
        (rule("title", "[a]", default="Staff"), {"a": None}, {"title": "Staff"}),
        (rule("title", "IgnoreFlowIfNullOrEmpty([a])", default="Staff"), {"a": None}, {}),
        (rule("title", 'IIF([a] = "x", IgnoreAttributeFlow, [a])'), {"a": "x"}, {}),
        (rule("title", "Len([a])"), {"a": "abc"}, {"title": "3"}),
        (rule("active", 'Switch([a], , "1", "True", "0", "False")'), {"a": "0"}, {"active": False}),
        (rule("roles", 'Split([a], ",")'), {"a": "x, y"}, {"roles": [{"value": "x"}, {"value": "y"}]}),
        (rule("profileUrl", 'Append("https://", DefaultDomain())'), {}, {"profileUrl": "https://widget.example"}),
        (rule("title", 'FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy-MM-dd")'), {}, {"title": "2026-11-24"}),
        (Rule("timezone", default="UTC"), {"timezone": "x"}, {"timezone": "UTC"}),
    ],
)
def test_what_a_rule_gives(one: Rule, given: Attributes, expected: Attributes) -> None:
    assert mapped(KEY, one, given={"upn": "ann", **given}).attributes == {"userName": "ann", **expected}


@pytest.mark.parametrize(
    ("one", "value", "problem"),
    [
        (rule("title", "CDate([a])"), "x", "`title`: CDate: `x` is no date that can be read, in `CDate([a])`"),
        (rule("title", 'Split([a], ",")'), "x,y", "`title`: expected text, found a list"),
        (rule(WORK, "[a]"), "x", f"`{WORK}`: `x` is not an e-mail address"),
        (
            rule("title", 'IIF([a] = "x", IgnoreObjectFlow, [a])'),
            "x",
            "`title`: IgnoreObjectFlow is not for rules: say in `scope` which records are meant",
        ),
    ],
)
def test_what_cannot_be_mapped(one: Rule, value: str, problem: str) -> None:
    result = mapped(KEY, one, given={"upn": "ann", "a": value})
    assert (list(result.problems), result.attributes) == ([(("a",), problem)], {"userName": "ann"})


def test_values_to_choose_from() -> None:
    one = rule("nickName", 'SelectUniqueValue([a], [b], [a], Append([a], "2"))', apply="create")
    result = mapped(KEY, one, given={"upn": "ann", "a": "x"})
    assert result.attributes == {"userName": "ann", "nickName": "x"}
    assert result.choices == (("nickName", ("x", "x2")),)
    assert result.create_only == {"nickName"}


def test_made_up_values_depend_on_the_record_and_the_target_only() -> None:
    rules = [rule("nickName", "Guid()", apply="create"), rule("profileUrl", "Guid()", apply="create"), KEY]
    one, again, other = (mapped(*rules, given={"upn": name}).attributes for name in ("ann", "ann", "bob"))
    assert one == again
    assert len({*one.values(), *other.values()} - {"ann", "bob"}) == 4


def test_a_default_alone_is_for_where_there_is_no_value() -> None:
    rules = (KEY, Rule("timezone", default="UTC"), Rule("locale", default="en", apply="create"))
    result = mapped(*rules, given={"upn": "ann"})
    assert (result.only_empty, result.create_only) == (frozenset({"timezone"}), frozenset({"locale"}))
    careful = mapped(*rules, rule("title", "CDate([a])"), given={"upn": "ann", "a": "x"})
    assert (careful.only_empty, careful.create_only) == (frozenset({"timezone"}), frozenset({"locale"}))


def test_who_is_out_of_scope_is_only_named() -> None:
    rules = (rule("userName", "ToLower([upn])"), Rule("externalId", "id"), Rule("active", "active"))
    one = mapper(*rules, scope=(IT,))
    outside = one.map_record({"upn": "ANN", "id": 7, "active": "broken", "department": "Sales"})
    assert outside.outside == '`IT`: department EQUALS "IT", is "Sales"'
    assert (outside.attributes, list(outside.problems)) == ({"userName": "ann", "externalId": "7"}, [])
    assert one.map_record({"upn": "ANN", "department": "IT"}) == Mapped({"userName": "ann"})
    judged = one.map_record({"upn": "ANN", "department": ["IT"]})
    assert [place for place, _ in judged.problems] == [("department",)]


@pytest.mark.parametrize("spelt", ["mail", "Mail"])
def test_names_that_differ_in_case_are_one_attribute(spelt: str) -> None:
    rules = (KEY, Rule("nickName", "mail"), rule("title", "[Mail]"))
    assert list(mapper(*rules).mapping.spellings()) == [("mail", "Mail")]
    assert mapped(*rules, given={"upn": "ann", spelt: "x"}).attributes == {
        "userName": "ann", "nickName": "x", "title": "x",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "active"),
    [
        ({}, True),
        ({"accountEnabled": True}, True),
        ({"accountEnabled": "False"}, False),
        ({"IsSoftDeleted": "True"}, False),
        ({"IsSoftDeleted": False, "accountEnabled": False}, True),
    ],
)
def test_entras_template_computes_what_entra_does(given: Attributes, active: bool) -> None:  # noqa: FBT001
    one = RecordMapper(profile("entra-scim", ResourceType.USER), frozenset, NOW)
    result = one.map_record({"userPrincipalName": "ann", "givenName": "Ann", "surname": "Lee", **given})
    assert result.problems == ()
    assert result.attributes["active"] is active
    assert result.attributes["name.formatted"] == "Ann Lee"


VALUES = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["", "x", "a@b.c", "7"]), st.lists(st.just("x"), max_size=2)
)


@over(record=st.dictionaries(st.sampled_from(["upn", "a", "b", "mail"]), VALUES))
def test_the_quick_and_the_careful_way_agree(record: Attributes) -> None:
    rules = (
        rule("nickName", 'Join("-", [a], [b])'),
        Rule("title", "a", default="Staff"),
        rule("locale", "IgnoreFlowIfNullOrEmpty([b])", apply="create"),
        Rule('emails[type eq "work"].value', "mail"),
        KEY,
    )
    one = mapper(*rules)
    quick = one.map_record(record)
    careful = one._map_with_care(one._shapes.of(tuple(record)), record)
    assert (quick.attributes, list(quick.problems)) == (careful.attributes, list(careful.problems))
