"""Equivalences: what the service stores otherwise is not planned again, and nothing else is hidden by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.diff import diff_attributes
from reconciler.core.equivalence import Equivalence, Equivalences, Ignored, Pair
from reconciler.core.model import Desired, DesiredState, Live, LiveState, ResourceType, Source
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE
from reconciler.core.plan import PlanRequest, make_plan
from reconciler.core.plan_model import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.model import Attributes, Value

USER = ResourceType.USER
FIELD = f"{CUSTOM_FIELDS}:pet"
WORK = 'phoneNumbers[type eq "work"].value'
TEXTS = st.text(alphabet="aA1 \t+-().", max_size=8)
ABSENT: dict[Ignored, Callable[[str], str]] = {
    Ignored.OUTER_BLANKS: lambda text: re.sub(r"^\s+|\s+$", "", text),
    Ignored.BLANKS: lambda text: re.sub(r"^ | $", "", re.sub(r"\s+", " ", text)),
    Ignored.CASE: str.lower,
    Ignored.PHONE_FORMAT: lambda text: re.sub(r"[\s()./-]", "", text) if re.search(r"\d", text) else text,
    Ignored.ABSENCE: lambda text: text,
}
"""What each rule leaves of a text, said in another way."""


def rules(path: str, *ignore: Ignored, pairs: tuple[Pair, ...] = ()) -> Equivalences:
    return Equivalences.of([Equivalence(USER, path, ignore, pairs)])


def changes(want: Attributes, have: Attributes, rules: Equivalences) -> tuple[Change, ...]:
    desired = Desired(USER, "ann", want, Source("users.yaml", 1))
    return diff_attributes(desired, Live(USER, "1", "ann", have), {}, rules)


@given(st.lists(st.sampled_from(list(Ignored)), max_size=3, unique=True), TEXTS, TEXTS)
def test_a_rule_never_hides_a_change_beyond_its_equivalence(ignore: list[Ignored], want: str, have: str) -> None:
    """What is hidden is equal in the words of the rule, or dropped; custom fields keep all else apart."""
    if changes({FIELD: want}, {FIELD: have}, rules(FIELD, *ignore)):
        return
    for each in ignore:
        want, have = ABSENT[each](want), ABSENT[each](have)
    assert want == have or (not have and Ignored.ABSENCE in ignore)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
def test_pairs_are_taken_word_by_word(want: str, have: str, pairs: list[tuple[str, str]]) -> None:
    hidden = not changes({FIELD: want}, {FIELD: have}, rules(FIELD, pairs=tuple(Pair(*each) for each in pairs)))
    assert hidden == (want == have or (want, have) in pairs)


@given(TEXTS, st.sampled_from(list(Ignored)))
def test_no_rule_makes_a_change_of_what_is_the_same(text: str, ignored: Ignored) -> None:
    assert not changes({FIELD: text, "title": text}, {FIELD: text, "title": text}, rules(FIELD, ignored))


@pytest.mark.parametrize(
    ("path", "ignore", "want", "have", "same"),
    [
        ("title", Ignored.OUTER_BLANKS, "Lead  ", "Lead", True),
        ("title", Ignored.OUTER_BLANKS, "Team  Lead", "Team Lead", False),
        ("title", Ignored.BLANKS, " Team\t Lead", "Team Lead", True),
        ("title", Ignored.BLANKS, "Team Lead", "TeamLead", False),
        ("title", Ignored.OUTER_BLANKS, "Lead", None, False),
        ("title", Ignored.ABSENCE, "Lead", None, True),
        ("title", Ignored.ABSENCE, "Lead", "Boss", False),
        ("title", Ignored.ABSENCE, None, "Boss", False),
        (FIELD, Ignored.CASE, "Cat", "cat", True),
        (FIELD, Ignored.CASE, "Cat", "dog", False),
        (f"{ENTERPRISE}:costCenter", Ignored.PHONE_FORMAT, "x-1", "x1", True),
        ("title", Ignored.PHONE_FORMAT, "a-b", "ab", False),
    ],
)
def test_one_value(path: str, ignore: Ignored, want: Value, have: Value, *, same: bool) -> None:
    found = changes({path: want}, {path: have} if have else {}, rules(path, ignore))
    assert found == (() if same else (Change(path, have, want),))


@pytest.mark.parametrize("rule", ["phoneNumbers.value", WORK])
@pytest.mark.parametrize("path", ["phoneNumbers", WORK])
def test_a_value_of_several(rule: str, path: str) -> None:
    """Selected by the mapping or given whole, with a rule for its type or for any."""
    known = rules(rule, Ignored.PHONE_FORMAT)
    have: Attributes = {"phoneNumbers": [{"value": "+31205550100", "type": "work", "primary": True}]}

    def want(number: str) -> Attributes:
        return {path: [{"value": number, "type": "work"}] if path == "phoneNumbers" else number}

    assert changes(want("+31 (20) 555-0100"), have, known) == ()
    assert changes(want("+31 (20) 555-0101"), have, known) == (Change(WORK, "+31205550100", "+31 (20) 555-0101"),)
    assert changes(want("+31 (20) 555-0100"), have, Equivalences()) != ()


def test_a_rule_for_one_type_says_nothing_of_another() -> None:
    want: Attributes = {"phoneNumbers": [{"value": "+31 20", "type": "home"}]}
    assert changes(want, {"phoneNumbers": [{"value": "+3120", "type": "home"}]}, rules(WORK, Ignored.PHONE_FORMAT))


def test_plain_values_compare_as_a_set_and_are_shown_as_they_are() -> None:
    known = rules("roles.value", Ignored.OUTER_BLANKS)
    have: Attributes = {"roles": [{"value": "specialist"}, {"value": "auditor"}]}
    want: Attributes = {"roles": [{"value": "auditor "}, {"value": " specialist"}]}
    assert changes(want, have, known) == ()
    more: Attributes = {"roles": [{"value": "auditor "}, {"value": "admin"}]}
    assert changes(more, have, known) == (Change("roles", ["auditor", "specialist"], ["admin", "auditor "]),)


def test_a_value_of_several_that_is_dropped() -> None:
    known = rules('phoneNumbers[type eq "fax"].value', Ignored.ABSENCE)
    work: Value = {"value": "1", "type": "work"}
    want: Attributes = {"phoneNumbers": [work, {"value": "2", "type": "fax"}]}
    assert changes(want, {"phoneNumbers": [work]}, known) == ()
    assert changes(want, {"phoneNumbers": [work, {"value": "3", "type": "fax"}]}, known) != ()
    assert changes(want, {"phoneNumbers": [{"value": "2", "type": "fax"}]}, known) != ()


@pytest.mark.parametrize(
    ("sent", "planned"), [({}, False), ({"nickName": "Annie"}, False), ({"nickName": "Ann"}, True)]
)
def test_what_is_dropped_is_sent_again_only_when_the_record_changed(sent: Attributes, *, planned: bool) -> None:
    desired = Desired(USER, "ann", {"userName": "ann", "nickName": "Annie"}, Source("users.yaml", 1))
    live = Live(USER, "1", "ann", {"userName": "ann"})
    request = PlanRequest(applied={"1": sent}, equivalences=rules("nickName", Ignored.ABSENCE))
    actions = make_plan(DesiredState((desired,)), LiveState((live,)), request).actions
    assert [each.changes for each in actions] == ([(Change("nickName", None, "Annie"),)] if planned else [])
