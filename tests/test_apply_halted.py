"""An apply ends early, and says why, where going on is of no use: no token, nobody there, failure after failure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import run
from reconciler.sandbox import parse_fault
from tests.chaos.clock import Clock
from tests.services import options, service, write

if TYPE_CHECKING:
    from pathlib import Path

ONE_BY_ONE = {"concurrency": 1, "requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6}


def test_a_token_that_expires_half_way_ends_the_apply_at_once(tmp_path: Path) -> None:
    organisation: dict[str, Any] = {
        "users": [{"userName": f"u{number}@widget.example"} for number in range(50)],
        "groups": [],
    }
    with service(faults=(parse_fault("status=401,method=POST,after=3"),)) as (sandbox, url):
        write(tmp_path / "manifests", organisation, url, limits=ONE_BY_ONE)
        applied = run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        told = [(each.status.value, each.detail.partition(": ")[2]) for each in applied.outcomes]
        assert told[:3] == [("done", "")] * 3
        assert told[3] == ("failed", "HTTP 401: Unauthorized")
        assert {each.detail for each in applied.outcomes[4:]} == {
            "not started: the token is not accepted any more (HTTP 401)"
        }
        assert len([each for each in sandbox.requests if each.method == "POST"]) == 4
        sandbox.arm()
        again = run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        assert [each.status.value for each in again.outcomes] == ["done"] * 47


def halted(folder: Path, fault: str, count: int = 50) -> tuple[list[str], set[str], int]:
    """How actions ended, why those that did not start did not, and how many creates the service saw."""
    clock = Clock()
    organisation: dict[str, Any] = {
        "users": [{"userName": f"u{number}@widget.example"} for number in range(count)],
        "groups": [],
    }
    with service(faults=(parse_fault(fault),), clock=clock.time) as (sandbox, url):
        write(folder / "manifests", organisation, url, "4me", limits=ONE_BY_ONE)
        options_ = replace(options(folder), timing=clock.timing())
        applied = run.apply(options_, run.ApplyOptions(confirm=lambda _planned: True))
        ended = [each.status.value for each in applied.outcomes]
        reasons = {each.detail for each in applied.outcomes if each.status.value == "skipped"}
        return ended, reasons, sum(1 for each in sandbox.requests if each.method == "POST")


def test_where_nobody_is_there_any_more_nothing_else_is_tried(tmp_path: Path) -> None:
    ended, reasons, posts = halted(tmp_path, "down=1000,method=POST,after=3")
    assert (ended, reasons) == (
        ["done"] * 3 + ["failed"] + ["skipped"] * 46,
        {"not started: the service cannot be reached"},
    )
    assert posts == 4


@pytest.mark.parametrize("fault", ["status=500,method=POST", "status=503,method=POST", "html,method=POST"])
def test_a_service_that_fails_with_everything_is_left_alone(tmp_path: Path, fault: str) -> None:
    ended, reasons, posts = halted(tmp_path, f"{fault},after=3")
    assert (ended, reasons) == (
        ["done"] * 3 + ["failed"] * 20 + ["skipped"] * 27,
        {"not started: the service failed with all of the last 20 actions"},
    )
    assert posts == 23


@pytest.mark.parametrize("fault", ["status=422,method=POST", "status=500,method=POST,every=2"])
def test_what_fails_for_some_does_not_end_it(tmp_path: Path, fault: str) -> None:
    ended, reasons, posts = halted(tmp_path, fault)
    assert (len(ended), reasons, posts) == (50, set(), 50)
