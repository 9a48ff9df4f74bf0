"""A token that stops being accepted half-way ends an apply at once, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler import run
from reconciler.sandbox import parse_fault
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
