"""The judge is no friend of the tool: each misdeed is seen from the service's side, and nothing else is blamed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.judge import judge, judge_converged
from tests.chaos.world import Ran, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

OWNER, GUEST, STRAY = "/Users/31", "/Users/32", "/Users/33"
TAKEN_OUT = {"members": [{"value": "3", "operation": "delete"}]}
Sent = tuple[str, str, Any]


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with open_world() as world:
        world.meddle("POST", "/Users", {"userName": "stray@widget.example"})
        yield world


def blame(world: World, command: str, sent: Sent) -> Ran:
    """As if the tool had sent this request."""
    before, seen = world.sandbox.dump(), len(world.sandbox.requests)
    world.meddle(*sent)
    return Ran(
        command, 0, "", "", world.sandbox.requests[seen:], before, world.sandbox.dump(), world.declared, faults=()
    )


@pytest.mark.parametrize(
    ("command", "sent", "verdicts"),
    [
        ("apply", ("PATCH", "/Users/3", {"active": False}), ["who must stay active"]),
        ("apply", ("PATCH", OWNER, {"active": False}), ["who must stay active", "who is declared nowhere"]),
        ("apply", ("PATCH", GUEST, {"active": False}), ["who must stay active", "who is declared nowhere"]),
        ("apply", ("PATCH", GUEST, {"title": "X"}), ["who is declared nowhere"]),
        ("apply", ("PATCH", STRAY, {"title": "X"}), ["who is declared nowhere"]),
        ("apply", ("PATCH", STRAY, {"active": False}), []),
        ("apply", ("PATCH", "/Users/3", {"title": "X"}), []),
        ("apply", ("PATCH", "/Groups/1", TAKEN_OUT), ["who is declared a member"]),
        ("apply", ("PATCH", "/Groups/2", TAKEN_OUT | {"displayName": "X"}), []),
        ("apply", ("DELETE", "/Groups/1", None), ["DELETE"]),
        ("plan", ("PATCH", "/Users/3", {"title": "X"}), ["plan sent PATCH"]),
        ("drift", ("PATCH", "/Users/3", {"title": "X"}), ["drift sent PATCH"]),
        ("apply", ("POST", "/Users", {"userName": "twin", "externalId": "e000003"}), ["2 Users with externalId"]),
    ],
)
def test_what_was_done(world: World, command: str, sent: Sent, verdicts: list[str]) -> None:
    found = judge(blame(world, command, sent))
    assert len(found) == len(verdicts)
    assert all(part in verdict for part, verdict in zip(verdicts, found, strict=True)), found


@pytest.mark.parametrize(
    ("code", "out", "err", "verdicts"),
    [
        (0, "Applied: 1 of 1 done.", "", []),
        (4, "", "error: applied in part", []),
        (4, "", "", ["ended with 4 and said"]),
        (1, "", "error: no", ["after it had changed something"]),
        (70, "", "error: a bug in this tool", ["ended with 70", "'a bug in this tool'", "ended with 70 and said"]),
        (0, "No changes.", "", ["did something"]),
        (0, "", "Traceback (most recent call last)", ["'Traceback'"]),
    ],
)
def test_what_was_said(world: World, code: int, out: str, err: str, verdicts: list[str]) -> None:
    ran = replace(blame(world, "apply", ("PATCH", "/Users/3", {"title": "X"})), code=code, out=out, err=err)
    found = judge(ran)
    assert len(found) == len(verdicts), found
    assert all(part in verdict for part, verdict in zip(verdicts, found, strict=True)), found


def test_what_is_there(world: World) -> None:
    names = [each["userName"] for each in world.declared["users"]]
    for number, body in ((3, {"title": "X"}), (4, {"active": False})):
        world.meddle("PATCH", f"/Users/{number}", body)
    world.meddle("DELETE", "/Users/29?hard=true")
    world.meddle("PATCH", "/Groups/1", {"members": [{"value": "30"}]})
    state = world.sandbox.dump()
    found = judge_converged(Ran("apply", 0, "", "", [], state, state, world.declared, faults=()))
    expected = (
        f"{names[2]} has title 'X'",
        f"{names[3]} has active False",
        f"{names[28]} is not there",
        "stray@widget.example is declared nowhere",
        "the group Group 0001 has",
    )
    assert len(found) == len(expected), found
    assert all(verdict.startswith(part) for part, verdict in zip(expected, found, strict=True)), found
