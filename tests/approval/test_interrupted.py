"""An apply of an approved plan that ends early, or in part, is continued by the next; then the approval is used up."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import run
from reconciler.errors import NotApproved
from reconciler.journal.reading import read_runs
from reconciler.report.plan_json import parse_plan_json, render_plan_json
from reconciler.sandbox import Organisation
from reconciler.sandbox.faults import parse_fault
from tests.services import declare, options, service, write

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.plan_model import Outcome
    from reconciler.report.plan_json import SavedPlan

ONE_BY_ONE = {"concurrency": 1, "requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6}


def changed() -> dict[str, Any]:
    """Ten users and a group, of which much is new or different."""
    organisation = declare(10, 1, 3)
    for user in organisation["users"][:5]:
        user["title"] = "Approved"
    boss = {"userName": "boss@widget.example", "customFields": {"payroll_id": "1"}}
    new = {"userName": "new@widget.example", "manager": "boss@widget.example"}
    organisation["users"] += [boss, new]
    organisation["groups"][0]["members"] += ["boss@widget.example", "new@widget.example"]
    return organisation


def plan(folder: Path) -> SavedPlan:
    return parse_plan_json(render_plan_json(run.plan(options(folder)).plan))


@pytest.mark.parametrize("after", range(1, 8))
def test_stopped_after_any_action_it_is_continued(tmp_path: Path, after: int) -> None:
    with service(organisation=Organisation(10, 1, 3)) as (_, url):
        write(tmp_path / "manifests", changed(), url, limits=ONE_BY_ONE)
        approved, stop = plan(tmp_path), Event()
        count = len(approved.plan.actions)
        seen: list[Outcome] = []

        def on_outcome(outcome: Outcome, _total: int) -> None:
            seen.append(outcome)
            if len(seen) == after:
                stop.set()

        first = run.apply(options(tmp_path), run.ApplyOptions(approved, on_outcome=on_outcome, stop=stop))
        done = sum(1 for outcome in first.outcomes if outcome.status.value == "done")
        assert 0 < done < count
        again = run.apply(options(tmp_path), run.ApplyOptions(approved))
        assert {outcome.status.value for outcome in again.outcomes} == {"done"}
        assert (len(again.settled), len(again.outcomes)) == (done, count - done)
        assert (again.outdated, again.unapproved) == ((), ())
        with pytest.raises(NotApproved):
            run.apply(options(tmp_path), run.ApplyOptions(approved))
        assert run.plan(options(tmp_path)).plan.actions == ()


def test_what_failed_does_not_use_the_approval_up(tmp_path: Path) -> None:
    broken = (parse_fault("status=422,method=PATCH,times=1"),)
    with service(organisation=Organisation(10, 1, 3), faults=broken) as (_, url):
        write(tmp_path / "manifests", changed(), url)
        approved = plan(tmp_path)
        first = run.apply(options(tmp_path), run.ApplyOptions(approved))
        assert [outcome.status.value for outcome in first.outcomes].count("failed") == 1
        again = run.apply(options(tmp_path), run.ApplyOptions(approved))
        assert [outcome.status.value for outcome in again.outcomes] == ["done"]
        with pytest.raises(NotApproved):
            run.apply(options(tmp_path), run.ApplyOptions(approved))
        assert len(read_runs(tmp_path / "state")) == 2
