"""How many requests a run costs, counted by the service: the floor that 4me's pages and limits leave."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import run
from reconciler.report.plan_json import parse_plan_json, render_plan_json
from reconciler.sandbox import Organisation
from tests.services import declare, meddle, options, service, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox

KNOWN = {"membershipTouchesGroup": True}
UNKNOWN = {"membershipTouchesGroup": "unknown"}
UNTOUCHED = {"membershipTouchesGroup": False}


def pages(count: int) -> int:
    return ceil(count / 25)


class Meter:
    """Counts the requests that each step costs."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.seen = 0

    def cost(self) -> int:
        before, self.seen = self.seen, len(self.sandbox.requests)
        return self.seen - before


@contextmanager
def tenant(folder: Path, users: int, groups: int, **how: Any) -> Iterator[tuple[Sandbox, Meter, str]]:
    """A generated tenant that is as its manifests say; ten members a group."""
    assume = how.pop("assume", KNOWN)
    organisation = Organisation(users=users, groups=groups, members_per_group=10)
    with service(organisation=organisation, **how) as (sandbox, url):
        write(folder / "manifests", declare(users, groups, 10), url, assume=assume)
        yield sandbox, Meter(sandbox), url


def plan(folder: Path, **changed: Any) -> run.Planned:
    return run.plan(replace(options(folder), **changed))


def apply(folder: Path, planned: run.Planned | None = None) -> run.Applied:
    approved = parse_plan_json(render_plan_json(planned.plan)) if planned else None
    how = run.ApplyOptions(approved, confirm=lambda _planned: True)
    return run.apply(options(folder), how)


@pytest.mark.parametrize(("users", "groups"), [(1, 0), (25, 1), (26, 26), (990, 30)])
def test_the_first_plan_reads_each_page_and_each_group_once(tmp_path: Path, users: int, groups: int) -> None:
    with tenant(tmp_path, users, groups) as (_, meter, _):
        assert plan(tmp_path).plan.actions == ()
        assert meter.cost() <= pages(users) + pages(groups) + groups + 5


@pytest.mark.parametrize(("users", "groups"), [(120, 30), (990, 60)])
@pytest.mark.parametrize(
    ("assume", "each_group"), [(KNOWN, 0), (UNKNOWN, 1), (UNTOUCHED, 1)], ids=["known", "unknown", "untouched"]
)
def test_the_next_plan_costs_the_same_few_whatever_the_size(
    tmp_path: Path, users: int, groups: int, assume: dict[str, Any], each_group: int
) -> None:
    with tenant(tmp_path, users, groups, assume=assume) as (_, meter, _):
        first = plan(tmp_path)
        meter.cost()
        for _ in range(2):
            found = plan(tmp_path)
            assert meter.cost() <= 8 + each_group * groups
            assert (found.plan.live.summary.strategy, found.plan.actions) == ("incremental", ())
            assert found.plan.summary == first.plan.summary


def test_equal_time_stamps_cost_no_more(tmp_path: Path) -> None:
    with service() as (sandbox, url):
        write(tmp_path / "manifests", declare(150, 40, 3), url, assume=KNOWN)
        meter = Meter(sandbox)
        applied = apply(tmp_path)
        assert {outcome.status.value for outcome in applied.outcomes} == {"done"}
        meter.cost()
        for _ in range(2):
            assert plan(tmp_path).plan.actions == ()
            assert meter.cost() <= 8


@pytest.mark.parametrize(("users", "groups"), [(3, 2), (80, 10)])
def test_what_others_changed_costs_its_own_pages(tmp_path: Path, users: int, groups: int) -> None:
    with tenant(tmp_path, 300, 60) as (sandbox, meter, _):
        plan(tmp_path)
        for number in range(1, users + 1):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"title": "Meddled"})
        for number in range(1, groups + 1):
            meddle(sandbox, "PATCH", f"/Groups/{number}", {"members": [{"value": "290"}]})
        meter.cost()
        found = plan(tmp_path)
        assert meter.cost() <= 8 + pages(users) + groups
        assert found.plan.summary.users.update == users
        assert found.plan.summary.memberships_removed == groups


def test_membership_changes_without_a_time_stamp_are_seen_unless_assumed_away(tmp_path: Path) -> None:
    with tenant(tmp_path, 150, 40, assume=UNKNOWN, membership_touches_group=False) as (sandbox, _, _):
        plan(tmp_path)
        meddle(sandbox, "PATCH", "/Groups/7", {"members": [{"value": "149"}]})
        found = plan(tmp_path)
        assert [action.key for action in found.plan.actions] == ["Group 0007"]
        assert found.reading.snapshot is not None
        assert found.reading.snapshot.touches is False


def test_that_membership_changes_move_the_time_is_learned_from_own_writes(tmp_path: Path) -> None:
    with tenant(tmp_path, 150, 40, assume=UNKNOWN) as (sandbox, meter, url):
        plan(tmp_path)
        organisation = declare(150, 40, 10)
        organisation["groups"][3]["members"].append(organisation["users"][149]["userName"])
        write(tmp_path / "manifests", organisation, url, assume=UNKNOWN)
        apply(tmp_path)
        meter.cost()
        assert plan(tmp_path).plan.actions == ()
        assert meter.cost() <= 8
        meddle(sandbox, "PATCH", "/Groups/9", {"members": [{"value": "1"}]})
        assert [action.key for action in plan(tmp_path, full=True).plan.actions] == ["Group 0009"]
        meter.cost()
        assert [action.key for action in plan(tmp_path).plan.actions] == ["Group 0009"]
        assert meter.cost() <= 8 + 1


def test_many_inactive_users_are_not_read(tmp_path: Path) -> None:
    with tenant(tmp_path, 1000, 4) as (sandbox, meter, url):
        for number in range(201, 1001):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
        declared = declare(1000, 4, 10)
        declared["users"] = declared["users"][:250]
        for user in declared["users"][200:]:
            user["active"] = False
        write(tmp_path / "manifests", declared, url, assume=KNOWN)
        meter.cost()
        found = plan(tmp_path)
        assert meter.cost() <= pages(200) + pages(50) + (pages(4) + 4) + 5
        assert found.plan.live.summary.strategy == "active scan"
        assert (found.plan.live.users, found.plan.summary.users.unmanaged) == (1000, 750)
        everything = plan(tmp_path, full=True)
        assert (found.plan.actions, found.plan.summary) == (everything.plan.actions, everything.plan.summary)


def test_the_plan_after_an_active_scan_is_as_cheap_as_any(tmp_path: Path) -> None:
    times = [1_790_000_000.0]
    with tenant(tmp_path, 1000, 4, clock=lambda: times[0]) as (sandbox, meter, url):
        for number in range(201, 1001):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
        times[0] += 3600
        declared = declare(1000, 4, 10)
        declared["users"] = [
            *declared["users"][:200],
            *({"userName": f"new{number}@x.example"} for number in range(40)),
        ]
        write(tmp_path / "manifests", declared, url, assume=KNOWN)
        first = plan(tmp_path)
        meter.cost()
        found = plan(tmp_path)
        assert meter.cost() <= 8
        assert (found.plan.live.summary.strategy, found.plan.live.users) == ("incremental", 1000)
        assert (found.plan.actions, found.plan.summary) == (first.plan.actions, first.plan.summary)
        times[0] += 60
        meddle(sandbox, "PATCH", "/Users/999", {"active": True})
        again, everything = plan(tmp_path), plan(tmp_path, full=True)
        assert (again.plan.actions, again.plan.summary) == (everything.plan.actions, everything.plan.summary)
        assert again.plan.summary.users.deactivate == 1


def test_inactive_users_are_read_page_by_page_where_many_are_declared(tmp_path: Path) -> None:
    with tenant(tmp_path, 500, 0) as (sandbox, meter, _):
        for number in range(101, 501):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
        meter.cost()
        found = plan(tmp_path)
        assert meter.cost() <= pages(500) + 1 + 5
        assert found.plan.summary.users.reactivate == 400


def test_targets_are_looked_up(tmp_path: Path) -> None:
    with tenant(tmp_path, 300, 30) as (_sandbox, meter, url):
        organisation = declare(300, 30, 10)
        user, group = organisation["users"][5], organisation["groups"][4]
        user |= {"title": "Changed", "manager": organisation["users"][0]["userName"]}
        group["members"] = [each["userName"] for each in organisation["users"][45:70]]
        write(tmp_path / "manifests", organisation, url, assume=KNOWN)
        found = plan(tmp_path, targets=(user["userName"],))
        assert (len(found.plan.actions), meter.cost() <= 4) == (1, True)
        found = plan(tmp_path, targets=(group["displayName"],))
        assert (meter.cost() <= 5, found.plan.live.summary.strategy) == (True, "lookup")
        (action,) = found.plan.actions
        assert (len(action.members.add), len(action.members.remove)) == (20, 5)


def test_an_apply_writes_each_action_once_and_the_plan_after_it_is_cheap(tmp_path: Path) -> None:
    with tenant(tmp_path, 300, 30, assume=UNKNOWN) as (_sandbox, meter, url):
        plan(tmp_path)
        organisation = declare(300, 30, 10)
        for user in organisation["users"][:60]:
            user["title"] = "Changed"
        organisation["users"].append({"userName": "new@widget.example"})
        organisation["groups"][2]["members"].append("new@widget.example")
        write(tmp_path / "manifests", organisation, url, assume=UNKNOWN)
        planned = plan(tmp_path)
        meter.cost()
        applied = apply(tmp_path, planned)
        assert (len(applied.outcomes), applied.unapproved, applied.outdated) == (62, (), ())
        assert meter.cost() <= 8 + 62
        assert plan(tmp_path).plan.actions == ()
        assert meter.cost() <= 8


def test_an_apply_of_the_same_run_reads_nothing_twice(tmp_path: Path) -> None:
    with tenant(tmp_path, 300, 30) as (_, meter, url):
        organisation = declare(300, 30, 10)
        for user in organisation["users"][:40]:
            user["title"] = "Changed"
        write(tmp_path / "manifests", organisation, url, assume=KNOWN)
        plan(tmp_path)
        alone = meter.cost()
        apply(tmp_path)
        assert meter.cost() <= alone + 40
