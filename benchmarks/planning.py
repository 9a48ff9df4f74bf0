"""Rows about planning against a server: CPU, memory, growth, waiting and requests."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.manifests import write_tenant
from benchmarks.measure import run_child
from benchmarks.organisation import Organisation
from benchmarks.rows import KILO, MEGABYTE, Result, Row, Sizes, show_count, show_seconds
from benchmarks.workbench import PYTHON, RECONCILER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.manifests import Touches
    from benchmarks.measure import Command, Pairs
    from benchmarks.workbench import Workbench

PAGE_SIZE = 25
CONCURRENCY = 8
LATENCY = 0.05
GOAL_RATIO, GOAL_MICROSECONDS = 1.5, 100
GOAL_INCREMENTAL = 4.0
GOAL_BYTES, GOAL_BASE = 4 * KILO, 80 * MEGABYTE
GOAL_WAITING = 1.15
SPARE_REQUESTS, GOAL_REQUESTS = 2, 10


def planning_rows(sizes: Sizes) -> Iterator[Row]:
    """All of them, for these sizes."""
    counts = [sizes.small, sizes.large, *([sizes.huge] if sizes.huge else [])]
    for users in counts:
        size = show_count(users)
        goal = f"CPU <= {GOAL_RATIO} x floor and <= {GOAL_MICROSECONDS} us a user"
        yield Row(f"plan-{size}", goal, partial(_plan, users))
        yield Row(f"memory-{size}", "peak <= 4 kB a user + 80 MB", partial(_memory, users))
    for few, many, most in zip(counts, counts[1:], (1.3, 1.5), strict=False):
        goal = f"CPU a user <= {most} x that of {show_count(few)}"
        yield Row(f"growth-{show_count(many)}", goal, partial(_growth, few, many, most))
    size = show_count(sizes.large)
    goal = f"nothing changed since the last plan: <= {GOAL_INCREMENTAL:g} s CPU"
    yield Row(f"incremental-{size}", goal, partial(_incremental, sizes.large))
    yield Row(
        f"requests-first-{size}",
        f"pages of {PAGE_SIZE}, one a group, {SPARE_REQUESTS} more",
        partial(_first_requests, sizes.large),
    )
    goal = f"nothing changed: one a group (its members may have), {GOAL_REQUESTS} more"
    yield Row(f"requests-second-{size}", goal, partial(_second_requests, sizes.large, "unknown"))
    size = show_count(sizes.small)
    goal = f"nothing changed, a group's lastModified tells of its members: {GOAL_REQUESTS}"
    yield Row(f"requests-trusting-{size}", goal, partial(_second_requests, sizes.small, "true"))
    for users in counts[:-1]:
        goal = f"{LATENCY * KILO:g} ms, {CONCURRENCY} at a time: wall <= {GOAL_WAITING} x pages' share + CPU"
        yield Row(f"latency-{show_count(users)}", goal, partial(_latency, users))


def measure_plan(bench: Workbench, company: Organisation) -> Pairs:
    """A full plan and its floor in turn; checked to have found the same number of users."""

    def measure() -> Pairs:
        product, floor = full_plan(bench, company), _floor_plan(bench, company)
        pairs = bench.rounds_of(product, floor)
        check_agreement(bench, company)
        return pairs

    return bench.once(f"plan {company.name}", measure)


def full_plan(bench: Workbench, company: Organisation) -> Command:
    """The product's plan that reads everything, nothing remembered."""
    folder, _ = bench.connected(company)
    name = f"plan-{company.name}"
    words = [RECONCILER, "-q", "--state-dir", str(bench.state(name)), "plan", str(folder)]
    return bench.command([*words, "--refresh", "full", "--format", "json"], name, partial(bench.forget, name))


def _floor_plan(bench: Workbench, company: Organisation) -> Command:
    folder, _ = bench.connected(company)
    name = f"floor-{company.name}"
    words = [PYTHON, "-m", "benchmarks.floor", "plan", str(folder), str(bench.output(f"{name}-plan"))]
    return bench.command(words, name)


def check_agreement(bench: Workbench, company: Organisation) -> None:
    """Raise AssertionError unless product and floor found the users that were made to differ."""
    names = (f"plan-{company.name}", f"floor-{company.name}-plan")
    plans = [json.loads(bench.output(name).read_text(encoding="utf-8"))["actions"] for name in names]
    found = [len({action["key"] for action in plan if "@" in action["key"]}) for plan in plans]
    if found != [company.changed_users] * 2:
        raise AssertionError(f"{company.changed_users} users differ; product and floor found {found}")


def _plan(users: int, bench: Workbench) -> Result:
    pairs = measure_plan(bench, Organisation(users))
    each = pairs.cpu / users * 1_000_000
    return Result(
        product=f"{show_seconds(pairs.cpu)}, {each:.0f} us/user",
        floor=show_seconds(pairs.floor_cpu or 0),
        score=pairs.ratio,
        peak=pairs.peak,
        met=(pairs.ratio or math.inf) <= GOAL_RATIO and each <= GOAL_MICROSECONDS,
    )


def _memory(users: int, bench: Workbench) -> Result:
    pairs = measure_plan(bench, Organisation(users))
    goal = users * GOAL_BYTES + GOAL_BASE
    return Result(
        product=f"{pairs.peak / MEGABYTE:.0f} MB",
        floor=f"{max(sample.peak for sample in pairs.floor) / MEGABYTE:.0f} MB",
        score=pairs.peak / goal,
        peak=pairs.peak,
        met=pairs.peak <= goal,
        note=f"goal {goal / MEGABYTE:.0f} MB",
    )


def _growth(few: int, many: int, most: float, bench: Workbench) -> Result:
    small, large = (measure_plan(bench, Organisation(users)) for users in (few, many))
    growth = (large.cpu / many) / (small.cpu / few)
    floor = ((large.floor_cpu or 0) / many) / ((small.floor_cpu or 1) / few)
    return Result(product=f"{growth:.2f} x", floor=f"{floor:.2f} x", score=growth, met=growth <= most)


def _incremental(users: int, bench: Workbench) -> Result:
    second, _ = _measure_second(bench, Organisation(users))
    floor = measure_plan(bench, Organisation(users)).floor_cpu or math.inf
    return Result(
        product=show_seconds(second.cpu),
        floor=f"{show_seconds(floor)} full",
        score=second.cpu / floor,
        peak=second.peak,
        met=second.cpu <= GOAL_INCREMENTAL,
    )


def _measure_second(bench: Workbench, company: Organisation, touches: Touches = "unknown") -> tuple[Pairs, list[int]]:
    """Plans after a first one with the same state directory; and the requests of the first and of the second."""

    def measure() -> tuple[Pairs, list[int]]:
        folder, server = bench.connected(company)
        write_tenant(folder, server.endpoint, touches)
        name = f"second-{company.name}"
        bench.forget(name)
        words = [RECONCILER, "-q", "--state-dir", str(bench.state(name)), "plan", str(folder), "--format", "json"]
        command = bench.command(words, name)
        counts = [server.requests()]
        for _ in range(2):
            run_child(command)
            counts.append(server.requests())
        first, second, third = (sum(count.values()) for count in counts)
        return bench.rounds_of(command, rounds=3), [second - first, third - second]

    return bench.once(f"second {company.name} {touches}", measure)


def _first_requests(users: int, bench: Workbench) -> Result:
    company = Organisation(users)
    _, (first, _) = _measure_second(bench, company)
    groups = company.group_count
    least = math.ceil(users / PAGE_SIZE) + math.ceil(groups / PAGE_SIZE) + groups
    return Result(product=str(first), floor=str(least), score=first / least, met=first <= least + SPARE_REQUESTS)


def _second_requests(users: int, touches: Touches, bench: Workbench) -> Result:
    company = Organisation(users)
    _, (_, second) = _measure_second(bench, company, touches)
    least = company.group_count if touches == "unknown" else 0
    return Result(product=str(second), score=float(second), met=second <= least + GOAL_REQUESTS)


def _latency(users: int, bench: Workbench) -> Result:
    company = Organisation(users, groups=0)
    folder, _ = bench.connected(company, LATENCY)
    name = f"latency-{company.name}"
    words = [RECONCILER, "-q", "--state-dir", str(bench.state(name)), "plan", str(folder), "--refresh", "full"]
    pairs = bench.rounds_of(bench.command([*words, "--format", "json"], name, partial(bench.forget, name)), rounds=3)
    waiting = math.ceil(users / PAGE_SIZE) / CONCURRENCY * LATENCY
    goal = GOAL_WAITING * waiting + pairs.cpu
    return Result(
        product=show_seconds(pairs.wall),
        floor=f"{show_seconds(waiting)} waiting",
        score=pairs.wall / (waiting + pairs.cpu),
        peak=pairs.peak,
        met=pairs.wall <= goal,
        note=f"goal {show_seconds(goal)}",
    )
