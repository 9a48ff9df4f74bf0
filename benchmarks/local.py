"""Rows about what needs no service: validating, data files, mapping, starting up, one large group, rendering."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.manifests import MAPPING, SHAPES
from benchmarks.measure import run_child
from benchmarks.organisation import Organisation
from benchmarks.planning import full_plan
from benchmarks.rows import KILO, Result, Row, Sizes, show_count, show_seconds
from benchmarks.workbench import PYTHON, RECONCILER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.manifests import Shape
    from benchmarks.workbench import Workbench

GOAL_VALIDATE = 2.0
GOAL_MAPPING = 3.0
GOAL_CSV = 1.0
GOAL_RENDER = 0.1
GOAL_GROUP = 0.1
GOAL_MEMBER = 500
START_ROUNDS = 3  # times as many as elsewhere: these are short
FEW = Organisation(10, groups=1, changed_every=10)


def local_rows(sizes: Sizes) -> Iterator[Row]:
    """All of them, for these sizes."""
    size = show_count(sizes.large)
    for shape, words in SHAPES.items():
        goal = f"{words}: CPU <= {GOAL_VALIDATE:g} x floor"
        yield Row(f"validate-{shape}-{size}", goal, partial(_validate, sizes.large, shape))
    goal = f"rows of 15 columns: CPU <= {GOAL_CSV:g} x validate-one"
    yield Row(f"load-csv-{size}", goal, partial(_load_csv, sizes.large))
    goal = f"25 rules, 5 expressions: CPU <= {GOAL_MAPPING:g} x loading the records from YAML"
    yield Row(f"mapping-{size}", goal, partial(_mapping, sizes.large))
    large = sizes.large // 2
    goal = f"decode and diff, 1 % changed: <= {GOAL_GROUP * KILO:.0f} ms CPU"
    yield Row(f"group-{show_count(large)}", goal, partial(_group, large))
    goal = f"plan with the group minus plan without it: <= {GOAL_MEMBER} bytes a member"
    yield Row(f"group-memory-{show_count(large)}", goal, partial(_group_memory, sizes.large, large))
    goal = f"as text: <= {GOAL_RENDER:.0%} of the plan's CPU"
    yield Row(f"render-{show_count(sizes.small)}", goal, partial(_render, sizes.small))
    for name, most in (("help", 5), ("version", 5), ("validate", 15), ("plan", 20)):
        yield Row(f"start-{name}", f"wall <= {most} x `python -c pass`", partial(_start, name, most))


def _validate(users: int, shape: Shape, bench: Workbench) -> Result:
    folder = bench.manifests(Organisation(users), shape)
    name = f"validate-{shape}"
    product = bench.command([RECONCILER, "validate", str(folder)], name)
    floor = bench.command([PYTHON, "-m", "benchmarks.floor", "validate", str(folder)], f"floor-{name}")
    pairs = bench.rounds_of(product, floor)
    return Result(
        product=f"{show_seconds(pairs.cpu)}, {pairs.cpu / users * 1_000_000:.0f} us/user",
        floor=show_seconds(pairs.floor_cpu or 0),
        score=pairs.ratio,
        peak=pairs.peak,
        met=(pairs.ratio or 0) <= GOAL_VALIDATE,
    )


def _load_csv(users: int, bench: Workbench) -> Result:
    """The peer are the same users in YAML."""
    company = Organisation(users)
    shapes: tuple[Shape, ...] = ("csv", "one")
    rows, lines = (
        bench.command([RECONCILER, "validate", str(bench.manifests(company, shape))], f"load-{shape}")
        for shape in shapes
    )
    pairs = bench.rounds_of(rows, lines)
    return Result(
        product=f"{show_seconds(pairs.cpu)}, {pairs.cpu / users * 1_000_000:.0f} us/user",
        peer=f"{show_seconds(pairs.floor_cpu or 0)} YAML",
        score=pairs.ratio,
        peak=pairs.peak,
        met=(pairs.ratio or 0) <= GOAL_CSV,
    )


def _mapping(users: int, bench: Workbench) -> Result:
    """The peer is loading what is mapped."""
    rules = bench.folder / "mapping"
    rules.mkdir(parents=True, exist_ok=True)
    (rules / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    words = ["mapping", str(bench.manifests(Organisation(users))), str(rules)]
    samples = [bench.stages(words, "mapping") for _ in range(bench.rounds)]
    mapped, loaded = (median(sample[name] for sample in samples) for name in ("map", "load"))
    return Result(
        product=f"{show_seconds(mapped)}, {mapped / users * 1_000_000:.0f} us/user",
        peer=f"{show_seconds(loaded)} load",
        score=mapped / loaded,
        met=mapped <= GOAL_MAPPING * loaded,
    )


def _group(members: int, bench: Workbench) -> Result:
    found = bench.stages(["group", str(members)], "group")
    return Result(
        product=show_seconds(found["product"]),
        floor=show_seconds(found["floor"]),
        score=found["product"] / found["floor"],
        met=found["product"] <= GOAL_GROUP,
    )


def _group_memory(users: int, members: int, bench: Workbench) -> Result:
    """The floor is the same plan without the group."""
    peaks = []
    for company in (Organisation(users, large_group=members), Organisation(users)):
        pairs = bench.rounds_of(full_plan(bench, company), rounds=3)
        peaks.append(pairs.peak)
    each = (peaks[0] - peaks[1]) / members
    return Result(product=f"{each:.0f} bytes", score=each / GOAL_MEMBER, peak=peaks[0], met=each <= GOAL_MEMBER)


def _render(users: int, bench: Workbench) -> Result:
    company = Organisation(users, changed_every=1)
    plan = full_plan(bench, company)
    sample = run_child(plan)
    found = bench.stages(["render", str(plan.output)], "render")
    return Result(
        product=show_seconds(found["product"]),
        peer=f"{show_seconds(sample.cpu)} plan",
        score=found["product"] / sample.cpu,
        met=found["product"] <= GOAL_RENDER * sample.cpu,
    )


def _start(name: str, most: int, bench: Workbench) -> Result:
    folder = bench.connected(FEW)[0] if name == "plan" else bench.manifests(FEW)
    words = {
        "help": ["--help"],
        "version": ["--version"],
        "validate": ["validate", str(folder)],
        "plan": ["--state-dir", str(bench.state("start")), "plan", str(folder), "--refresh", "full"],
    }
    product = bench.command([RECONCILER, *words[name]], f"start-{name}", partial(bench.forget, "start"))
    pairs = bench.rounds_of(product, bench.command([PYTHON, "-c", "pass"], "start-pass"), START_ROUNDS * bench.rounds)
    ours, least = pairs.quickest
    return Result(
        product=show_seconds(ours),
        floor=show_seconds(least),
        score=ours / least,
        peak=pairs.peak,
        met=ours <= most * least,
    )
