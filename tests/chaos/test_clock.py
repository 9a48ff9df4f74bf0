"""A Date header that is off hides no change: what somebody else did after a read is seen by the next."""

from __future__ import annotations

import pytest

from tests.chaos.campaign import IDLE
from tests.chaos.judge import planned
from tests.chaos.world import open_world

JSON = ("--format", "json")


@pytest.mark.parametrize("is_off_again", [False, True])
@pytest.mark.parametrize("idle", [0, IDLE])
@pytest.mark.parametrize("date", ["+7200", "-7200", "none", "junk"])
def test_a_change_after_a_read_is_seen(date: str, idle: int, is_off_again: bool) -> None:  # noqa: FBT001
    off = f"date={date}"
    with open_world(idle) as world:
        first = world.run("plan", off, more=JSON)
        assert (planned(first), first.has_struck(off)) == ([], True)
        world.meddle("PATCH", "/Users/3", {"title": "Meddled"})
        second = world.run("plan", *([off] if is_off_again else []), more=JSON)
        assert planned(second) == world.needed() == [("update", world.declared["users"][2]["userName"])]
