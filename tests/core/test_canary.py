"""Which actions go ahead of the others: a fair sample, the same each time, that needs nothing outside itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canary import Canary, choose_canary, count_read_backs, parse_canary, split_stages
from reconciler.core.model import Member, ResourceType
from reconciler.core.order import needs, order_actions
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import Action, ActionKind, Change, MemberChanges
from reconciler.report.canary import render_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

USER, GROUP = ResourceType
CREATE, UPDATE, REACTIVATE, DEACTIVATE = ActionKind


def act(kind: ActionKind, key: str, *paths: str, manager: str = "", members: Sequence[str] = ()) -> Action:
    resource = GROUP if key.startswith("G") else USER
    changes = [Change(path, None, "x") for path in paths] + ([Change(MANAGER, None, manager)] if manager else [])
    add = tuple(Member(GROUP if each.startswith("G") else USER, each) for each in members)
    id_ = None if kind is CREATE else f"id of {key}"
    return Action(kind, resource, key, id_, "", tuple(changes), MemberChanges(add))


def ordered(*actions: Action) -> list[Action]:
    return [action for wave in order_actions(actions) for action in wave]


def keys(actions: Sequence[Action]) -> list[str]:
    return [each.key for each in actions]


@pytest.mark.parametrize(
    ("text", "whole", "size"),
    [
        ("5", 120, 5),
        ("5", 3, 3),
        ("1", 1, 1),
        ("10%", 120, 12),
        ("7%", 100, 7),
        ("1%", 101, 2),
        ("0.1%", 10, 1),
        ("0.5%", 10_000, 50),
        ("100%", 7, 7),
        (" 20% ", 9, 2),
    ],
)
def test_sizes(text: str, whole: int, size: int) -> None:
    assert parse_canary(text).of(whole) == size


@pytest.mark.parametrize("text", ["", "0", "0%", "0.0%", "101%", "100.1%", "-1", "5.5", "five", "5 %", "٣", "1e1", "%"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a number of actions from 1 on, such as 5, nor a share"):
        parse_canary(text)


def test_some_of_each_kind_and_of_each_shape_by_key() -> None:
    actions = ordered(
        *(act(CREATE, f"new{number}", "title") for number in range(9)),
        *(act(UPDATE, f"old{number}", "title") for number in range(9)),
        act(UPDATE, "zoe", "phoneNumbers"),
        *(act(REACTIVATE, f"back{number}", "active") for number in range(9)),
        *(act(UPDATE, f"G{number}", members=["old1"]) for number in range(9)),
        act(CREATE, "G new", members=["old1"]),
    )
    assert keys(choose_canary(actions, 5)) == ["back0", "new0", "old0", "G new", "G0"]
    assert keys(choose_canary(actions, 7)) == ["back0", "new0", "new1", "old0", "zoe", "G new", "G0"]
    assert choose_canary(ordered(*reversed(actions)), 7) == choose_canary(actions, 7)


def test_what_an_action_waits_for_is_with_it() -> None:
    actions = ordered(
        act(CREATE, "ann", manager="boss"),
        act(CREATE, "boss", manager="chief"),
        act(CREATE, "chief"),
        act(REACTIVATE, "sleeper", "active"),
        act(UPDATE, "under", manager="sleeper"),
        act(UPDATE, "G", members=["ann", "sleeper", "elsewhere"]),
    )
    assert keys(choose_canary(actions, 1)) == ["chief"]
    assert keys(choose_canary(actions, 3)) == ["chief", "sleeper", "under"]
    assert keys(choose_canary(actions, 4)) == ["chief", "sleeper", "boss", "under"]
    assert keys(choose_canary(actions, 6)) == keys(actions)


def test_deactivations_come_last_and_begin_with_a_few() -> None:
    removals = [act(DEACTIVATE, f"gone{number}", "active") for number in range(6)]
    updates = [act(UPDATE, f"old{number}", "title") for number in range(4)]
    stages = split_stages(ordered(*removals, *updates), Canary(2))
    assert [(keys(each.actions), each.checked) for each in stages] == [
        (["old0", "old1"], True),
        (["old2", "old3"], False),
        (["gone0", "gone1"], True),
        (["gone2", "gone3", "gone4", "gone5"], False),
    ]
    assert count_read_backs(stages) == 4
    assert [len(each.actions) for each in split_stages(removals, Canary(2))] == [2, 4]
    assert [(len(each.actions), each.checked) for each in split_stages(ordered(*removals, *updates), Canary(99))] == [
        (4, True),
        (6, True),
    ]
    assert [(len(each.actions), each.checked) for each in split_stages(removals, None)] == [(6, False)]


def test_groups_that_bear_one_name_are_told_apart() -> None:
    twins = [Action(DEACTIVATE, GROUP, "Twins", id_, "") for id_ in ("1", "2", "3")]
    assert [[each.id for each in stage.actions] for stage in split_stages(twins, Canary(1))] == [["1"], ["2", "3"]]


@pytest.mark.parametrize(
    ("updates", "removals", "canary", "text"),
    [
        (120, 0, 5, "canary: 5 of 120 actions first, then read back"),
        (90, 30, 5, "canary: 5 of 90 actions first, then read back; last, 5 of 30 deactivations first, then read back"),
        (0, 30, 5, "canary: 5 of 30 deactivations first, then read back"),
        (3, 0, 5, "canary: all 3 actions in one wave, then read back"),
        (1, 1, 5, "canary: 1 action, then read back; last, 1 deactivation, then read back"),
        (
            3,
            9,
            5,
            "canary: all 3 actions in one wave, then read back; last, 5 of 9 deactivations first, then read back",
        ),
    ],
)
def test_in_words(updates: int, removals: int, canary: int, text: str) -> None:
    actions = [act(UPDATE, f"u{each}") for each in range(updates)] + [
        act(DEACTIVATE, f"d{each}") for each in range(removals)
    ]
    assert render_stages(split_stages(actions, Canary(canary))) == text


@st.composite
def plans(draw: st.DrawFn) -> list[Action]:
    """Any plan without cycles: whoever is named by an action comes before it in the alphabet."""
    users = [f"u{number}" for number in range(draw(st.integers(0, 8)))]
    groups = [f"G{number}" for number in range(draw(st.integers(0, 4)))]
    made = []
    for place, key in enumerate([*users, *groups]):
        earlier = [*users, *groups][:place]
        kind = draw(st.sampled_from([CREATE, UPDATE, DEACTIVATE] + ([REACTIVATE] if key in users else [])))
        members = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier and key in groups else []
        manager = draw(st.sampled_from(["", *earlier])) if key in users else ""
        goes = kind is DEACTIVATE
        made.append(
            act(
                kind,
                key,
                draw(st.sampled_from("abc")),
                manager="" if goes else manager,
                members=() if goes else members,
            )
        )
    return ordered(*draw(st.permutations(made)))


@given(actions=plans(), size=st.integers(1, 14))
def test_stages_hold_every_action_once_in_an_order_that_keeps_what_others_need(
    actions: list[Action], size: int
) -> None:
    stages = split_stages(actions, Canary(size))
    flat = [action for stage in stages for action in stage.actions]
    assert Counter(map(id, flat)) == Counter(map(id, actions))
    kinds = [each.kind is DEACTIVATE for each in flat]
    assert kinds == sorted(kinds)
    place = {(each.type, each.key): stage for stage, part in enumerate(stages) for each in part.actions}
    starts = {(each.type, each.key) for each in actions if each.kind in (CREATE, REACTIVATE)}
    for action in flat:
        assert all(place[need] <= place[action.type, action.key] for need in needs(action) if need in starts)
    for stage in stages:
        assert not stage.checked or 1 <= len(stage.actions) <= size
