"""Each kind of fault, on a plan and on an apply: it is seen to strike, and the judge has nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos import edits
from tests.chaos.catalogue import BODIES, CATALOGUE, CONNECTIONS, LISTS, Kind
from tests.chaos.judge import claimed_done, judge, judge_converged, planned, show
from tests.chaos.world import open_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import Ran, World

JSON = ("--format", "json")
READS = [kind for kind in CATALOGUE if kind.strikes != "joiners"]
WRITES = [kind for kind in CATALOGUE if kind.strikes == "any"]


def name(kind: Kind) -> str:
    return kind.text


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with open_world() as world:
        yield world


def change_everything(world: World) -> None:
    """A joiner, a leaver, somebody who changes, somebody who comes back, and a group with other members."""
    declared = world.declared
    world.meddle("PATCH", "/Users/8", {"active": False})
    edits.leave(declared, 29)
    edits.change(declared, 3, title=" Head ")
    edits.rename(declared, 4, "renamed@widget.example")
    edits.join(declared, "Joiner@widget.example")
    edits.change(declared, -1, email="Joiner@widget.example")
    edits.regroup(declared, 0, [-1, 1, 2, 3])
    edits.found(declared, "New", list(range(10, 18)))


def approve(ran: Ran) -> None:
    verdicts = judge(ran)
    assert not verdicts, show(verdicts, ran)


def settle(world: World) -> None:
    """Nothing is wrong any more: one apply makes everything as declared, and nothing is left to do."""
    ran = world.run("apply")
    verdicts = judge_converged(ran)
    assert not verdicts, show(verdicts, ran)
    assert ran.code == 0, show((), ran)
    assert planned(world.run("plan", more=JSON)) == []


@pytest.mark.parametrize("kind", READS, ids=name)
def test_a_plan_from_nothing_is_right_or_an_error(world: World, kind: Kind) -> None:
    change_everything(world)
    check_plan(world, kind)


@pytest.mark.parametrize(
    "kind", [kind for kind in (*CONNECTIONS, *BODIES, *LISTS) if kind.strikes != "pages"], ids=name
)
def test_a_plan_from_what_is_known_is_right_or_an_error(world: World, kind: Kind) -> None:
    approve(world.run("plan"))
    change_everything(world)
    check_plan(world, kind)


def check_plan(world: World, kind: Kind) -> None:
    needed = world.needed()
    ran = world.run("plan", kind.on("reads", "times=1"), more=JSON)
    approve(ran)
    assert ran.has_struck(kind.text), show((), ran)
    if kind.heals:
        assert ran.code == 0, show((), ran)
    if ran.code == 0 and not kind.lies:
        assert planned(ran) == needed


@pytest.mark.parametrize("kind", CATALOGUE, ids=name)
def test_an_apply_that_is_disturbed_once_does_what_it_says(world: World, kind: Kind) -> None:
    check_apply(world, kind, kind.on("writes", "times=1"))


@pytest.mark.parametrize("kind", CATALOGUE, ids=name)
def test_an_apply_that_is_disturbed_from_then_on_does_what_it_says(world: World, kind: Kind) -> None:
    check_apply(world, kind, kind.on("writes", "after=2" if kind in WRITES else "after=0"))


def check_apply(world: World, kind: Kind, fault: str) -> None:
    change_everything(world)
    ran = world.run("apply", fault)
    approve(ran)
    assert ran.has_struck(kind.text), show((), ran)
    if kind.heals:
        assert ran.code == 0 or "times" not in fault, show((), ran)
    if not kind.lies:
        left = {key.casefold() for _, key in world.needed()}
        claimed = {key.casefold() for key in claimed_done(ran)}
        assert not left & claimed, show(sorted(left & claimed), ran)
        assert not (left and ran.code == 0), show(sorted(left), ran)
    settle(world)
