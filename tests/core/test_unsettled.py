"""What planning passes over without a closer look has nothing to be done: the closer look would find nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.diff import diff_attributes, find_unsettled
from reconciler.core.match import identity_conflict
from reconciler.core.model import Desired, Live, ResourceType, Source
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER

if TYPE_CHECKING:
    from reconciler.core.model import Attributes, Value

KEYS = {"1": "ann", "2": "bob"}
WORK = 'emails[type eq "work"].value'
TEXTS = st.sampled_from(["ann", "Ann", "1", "", None])
ITEMS = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["work", "Work", "home"]), "value": TEXTS})
LISTS = st.lists(st.one_of(ITEMS, TEXTS), max_size=3)
TITLES = {"title": TEXTS, "externalId": TEXTS, "active": st.booleans(), MANAGER: TEXTS, f"{CUSTOM_FIELDS}:pet": TEXTS}
WANTED = st.fixed_dictionaries(
    {},
    optional={**TITLES, WORK: TEXTS, 'emails[type eq "work"]': st.one_of(ITEMS, LISTS), "roles": LISTS},
)
PRESENT = st.fixed_dictionaries({}, optional={**TITLES, "emails": st.one_of(LISTS, TEXTS), "roles": LISTS})


def desired(attributes: Attributes) -> Desired:
    return Desired(ResourceType.USER, "ann", attributes, Source("users.yaml", 1))


def live(attributes: Attributes) -> Live:
    return Live(ResourceType.USER, "1", "ann", attributes)


@given(WANTED, PRESENT)
def test_passed_over_means_nothing_to_do(want: Attributes, have: Attributes) -> None:
    one, other = desired(want), live(have)
    if not list(find_unsettled([(one, other)], KEYS)):
        assert not diff_attributes(one, other, KEYS)
        assert not identity_conflict(one, other)
        assert all(path in have for path in want if path.startswith(CUSTOM_FIELDS))


@pytest.mark.parametrize(
    ("path", "want", "name", "have", "settled"),
    [
        ("title", "Lead", "title", "Lead", True),
        ("title", "Lead", "title", "lead", False),
        (MANAGER, "bob", MANAGER, "2", True),
        (MANAGER, "2", MANAGER, "2", False),
        (MANAGER, "bob", MANAGER, {"value": "2"}, False),
        (WORK, "a@b", "emails", [{"type": "home", "value": "x"}, {"type": "work", "value": "a@b"}], True),
        (WORK, "a@b", "emails", [{"type": "Work", "value": "x"}, {"type": "work", "value": "a@b"}], False),
        (WORK, "a@b", "emails", ["a@b"], False),
        (f"{CUSTOM_FIELDS}:pet", None, "title", "Lead", False),
    ],
)
def test_one_value(path: str, want: Value, name: str, have: Value, *, settled: bool) -> None:
    pair = (desired({"userName": "ann", path: want}), live({"userName": "ann", name: have}))
    assert list(find_unsettled([pair], KEYS)) == ([] if settled else [pair])


def test_who_is_to_be_created_activated_or_given_members_is_looked_at() -> None:
    attributes: Attributes = {"userName": "ann", "title": "Lead"}
    same, inactive = live(attributes), Live(ResourceType.USER, "1", "ann", attributes, active=False)
    group = Desired(ResourceType.GROUP, "Desk", attributes, Source("groups.yaml", 1), members=frozenset())
    pairs = [(desired(attributes), None), (desired(attributes), inactive), (group, same)]
    assert list(find_unsettled([*pairs, (desired(attributes), same)], KEYS)) == pairs
