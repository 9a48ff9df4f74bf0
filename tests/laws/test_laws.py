"""The laws: a plan after its own apply is empty; a plan sends only GETs; nothing ever sends DELETE; what was planned is
what the service saw; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.model import ReadSummary
from reconciler.report.plan_json import plan_document, render_plan_json
from reconciler.sandbox import Organisation, parse_fault
from reconciler.sandbox.messages import Request
from tests.services import options, service, write

if TYPE_CHECKING:
    from reconciler.core.plan_model import Outcome
    from reconciler.sandbox import Sandbox

EXAMPLE = Path(__file__).parents[2] / "manifests"
TITLES = ["Lead", "Analyst", None]
NAMES = [f"user{number}@widget.example" for number in range(8)]
GROUPS = [f"Group {number}" for number in range(3)]


@st.composite
def organisations(draw: st.DrawFn) -> dict[str, Any]:
    """Users (some inactive, some with a manager before them) and groups of them, also nested."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    users = []
    for index, name in enumerate(names):
        user: dict[str, Any] = {"userName": name, "externalId": f"E-{name}", "displayName": name.title()}
        user |= {"title": draw(st.sampled_from(TITLES)), "email": name, "roles": draw(st.sets(st.sampled_from("abc")))}
        user["roles"] = sorted(user["roles"])
        if index and draw(st.booleans()):
            user["manager"] = names[draw(st.integers(0, index - 1))]
        user["active"] = draw(st.integers(0, 4)) > 0
        user["givenName"] = draw(st.sampled_from(["Ann", "Bo", None]))
        user["customFields"] = {"payroll_id": draw(st.sampled_from(["1", "2"]))}
        users.append(user)
    groups: list[dict[str, Any]] = []
    for index, name in enumerate(draw(st.lists(st.sampled_from(GROUPS), unique=True))):
        group: dict[str, Any] = {"displayName": name, "members": draw(st.lists(st.sampled_from(names), unique=True))}
        if index and draw(st.booleans()):
            group["members"].append({"group": groups[0]["displayName"]})
        groups.append(group)
    return {"users": users, "groups": groups}


def converge(folder: Path) -> tuple[run.Planned, run.Applied]:
    planned = run.plan(options(folder))
    return planned, run.apply(options(folder), run.ApplyOptions(confirm=lambda _planned: True))


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@given(before=organisations(), after=organisations())
@settings(max_examples=15)
def test_a_plan_after_its_apply_is_empty_and_requests_are_those_planned(
    dialect: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    with TemporaryDirectory() as name, service() as (sandbox, url):
        folder = Path(name)
        seen = 0
        for organisation in (before, after):
            write(folder / "manifests", organisation, url, dialect)
            planned, applied = converge(folder)
            assert [(each.status.value, each.detail) for each in applied.outcomes if each.status.value != "done"] == []
            assert plan_document(run.plan(options(folder)).plan)["actions"] == []
            planned_writes = Counter(
                "POST" if each.kind.value == "create" else "PATCH" for each in planned.plan.actions
            )
            assert Counter(each.method for each in sandbox.requests[seen:] if each.method != "GET") == planned_writes
            seen = len(sandbox.requests)
        assert "DELETE" not in {each.method for each in sandbox.requests}
        active = {user["userName"] for user in after["users"] if user["active"]}
        assert active_users(sandbox) == active


def active_users(sandbox: Sandbox) -> set[str]:
    """Who can sign in, as the service itself has it."""
    request = Request("GET", "/scim/v2/Users", urlencode({"filter": 'active eq "true"'}), {}, b"")
    return {row["userName"] for row in json.loads(sandbox.handle(request).body)["Resources"]}


def test_a_plan_sends_only_gets(tmp_path: Path) -> None:
    with service() as (sandbox, url):
        write(tmp_path / "manifests", {"users": [{"userName": "ann@widget.example"}], "groups": []}, url, "auto")
        planned = run.plan(options(tmp_path))
        assert [action.kind.value for action in planned.plan.actions] == ["create"]
        assert {each.method for each in sandbox.requests} == {"GET"}
        assert planned.plan.live.summary.requests + 1 == len(sandbox.requests)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    def plan() -> str:
        found = run.plan(run.PlanOptions(EXAMPLE, tmp_path / "state")).plan
        return render_plan_json(replace(found, created_at="", live=replace(found.live, summary=ReadSummary())))

    assert plan() == plan()


def test_the_example_manifests_converge_and_show_every_kind_of_change(tmp_path: Path) -> None:
    given_options = run.PlanOptions(EXAMPLE, tmp_path / "state")
    planned = run.plan(given_options)
    assert {action.kind.value for action in planned.plan.actions} == {"create", "update", "reactivate", "deactivate"}
    summary = planned.plan.summary
    assert (summary.groups.create, bool(summary.memberships_added), bool(summary.memberships_removed)) == (
        1,
        True,
        True,
    )
    applied = run.apply(given_options, run.ApplyOptions(confirm=lambda _planned: True))
    assert {outcome.status.value for outcome in applied.outcomes} == {"done"}
    assert run.plan(given_options).plan.actions == ()


@pytest.mark.parametrize("kill_after", range(1, 6))
def test_an_interrupted_apply_run_again_converges(tmp_path: Path, kill_after: int) -> None:
    users = [{"userName": name, "manager": NAMES[0]} for name in NAMES[1:4]]
    organisation = {"users": [{"userName": NAMES[0]}, *users], "groups": [{"displayName": "G", "members": NAMES[:4]}]}
    stop = Event()

    def on_outcome(_outcome: Outcome, _total: int) -> None:
        seen.append(1)
        if len(seen) == kill_after:
            stop.set()

    with service() as (sandbox, url):
        write(tmp_path / "manifests", organisation, url, "4me")
        seen: list[int] = []
        how = run.ApplyOptions(confirm=lambda _planned: True, on_outcome=on_outcome, stop=stop)
        run.apply(options(tmp_path), how)
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        assert run.plan(options(tmp_path)).plan.actions == ()
        assert sum(1 for each in sandbox.requests if each.method == "POST") == 5


def test_custom_fields_that_are_never_given_back_are_written_once_and_when_they_change(tmp_path: Path) -> None:
    organisation: dict[str, Any] = {"users": [{"userName": "ann@widget.example"}], "groups": []}
    with service(faults=(parse_fault("no-custom-fields"),)) as (sandbox, url):
        writes = []
        for value in ("A", "A", "B", "B"):
            organisation["users"][0]["customFields"] = {"payroll_id": value}
            write(tmp_path / "manifests", organisation, url, "4me")
            before = len(sandbox.requests)
            run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
            writes.append([each.method for each in sandbox.requests[before:] if each.method != "GET"])
        assert writes == [["POST"], [], ["PATCH"], []]


def test_a_lost_answer_to_a_create_makes_no_duplicate(tmp_path: Path) -> None:
    organisation = {"users": [{"userName": "ann@widget.example"}], "groups": []}
    with service(faults=(parse_fault("lost,method=POST,times=1"),)) as (sandbox, url):
        write(tmp_path / "manifests", organisation, url, "4me")
        _, applied = converge(tmp_path)
        assert [outcome.status.value for outcome in applied.outcomes] == ["done"]
        assert [each.faults for each in sandbox.requests if each.method == "POST"] != [()]
        assert run.plan(options(tmp_path)).plan.actions == ()


def test_ten_thousand_users_and_a_hundred_groups_within_the_budget_of_requests(tmp_path: Path) -> None:
    organisation = Organisation(users=10_000, groups=100, members_per_group=100)
    with service(organisation=organisation) as (sandbox, url):
        write(tmp_path / "manifests", {"users": [{"userName": "new@widget.example"}], "groups": []}, url, "auto")
        planned = run.plan(options(tmp_path))
        assert planned.plan.summary.users.deactivate + planned.plan.summary.users.unmanaged == 10_000
        assert len(sandbox.requests) <= 400 + 100 + 5
