"""Rows that set the product beside other tools, each at work that both do.

- diffsync: two sides of users are taken in as objects and compared; nothing is parsed or fetched.
- octodns: a whole process from YAML to a plan; the other side is in a file.
- DeepDiff: the comparison alone, once over everything.
"""

from __future__ import annotations

import json
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.measure import ROOT, RunFailed, run_child, run_rounds
from benchmarks.organisation import Organisation
from benchmarks.rows import Result, Row, Sizes, show_count, show_seconds
from benchmarks.workbench import PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.workbench import Workbench

PINS = ROOT / "benchmarks/peers.txt"
SCRIPTS = ROOT / "benchmarks/peers"
ENVIRONMENT = ROOT / ".venv-peers"
GOALS = {"diffsync": 3, "octodns": 10, "deepdiff": 100}
ROUNDS = 3


def peer_rows(sizes: Sizes) -> Iterator[Row]:
    """All of them, for these sizes; DeepDiff is too slow for the small organisation itself."""
    size = show_count(sizes.small)
    yield Row(
        f"peer-diffsync-{size}",
        f"take in two sides and compare: >= {GOALS['diffsync']} x faster",
        partial(_diffsync, sizes.small),
    )
    yield Row(
        f"peer-octodns-{size}",
        f"as many records, YAML to plan: >= {GOALS['octodns']} x faster",
        partial(_octodns, sizes.small),
    )
    yield Row(
        f"peer-deepdiff-{show_count(sizes.small // 10)}",
        f"compare everything, a user: >= {GOALS['deepdiff']} x faster",
        partial(_deepdiff, sizes.small // 10, sizes.small),
    )


def _diffsync(users: int, bench: Workbench) -> Result:
    sides = _material(bench, users) / "sides.json"
    pairs = []
    for _ in range(ROUNDS):
        stages = _offline(bench, users)
        parsing = bench.stages(["parse", str(_folder(bench, users))], "parse")["parse"]
        product = stages["read"] - parsing + stages["take"] + stages["plan"]
        pairs.append((product, _peer_seconds(bench, "diffsync", sides, users)))
    return _compared("diffsync", pairs)


def _octodns(users: int, bench: Workbench) -> Result:
    _install(bench)
    material, folder = _material(bench, users), _folder(bench, users)
    words = [
        "-m",
        "benchmarks.stages",
        "offline",
        str(folder),
        str(material / "live.json"),
        str(material / "plan.json"),
    ]
    peer = bench.command(
        [str(ENVIRONMENT / "bin/octodns-sync"), "--config-file", str(material / "zones/config.yaml")],
        "octodns",
    )
    pairs = run_rounds(bench.command([PYTHON, *words], "stages-octodns"), peer, ROUNDS, bench.budget)
    changed = Organisation(users).changed_users
    if f"Updates={changed}, Deletes=0" not in peer.errors.read_text(encoding="utf-8"):
        raise AssertionError(f"octodns did not find {changed} changes")
    return _compared("octodns", [(one.cpu, other.cpu) for one, other in zip(pairs.product, pairs.floor, strict=True)])


def _deepdiff(few: int, many: int, bench: Workbench) -> Result:
    sides = _material(bench, few) / "sides.json"
    pairs = []
    for _ in range(ROUNDS):
        product = _offline(bench, many)["plan"] / many
        pairs.append((product, _peer_seconds(bench, "deepdiff", sides, few) / few))
    return _compared("deepdiff", pairs, per_user=True)


def _compared(peer: str, pairs: list[tuple[float, float]], *, per_user: bool = False) -> Result:
    product, other = (median(side) for side in zip(*pairs, strict=True))
    faster = median(theirs / ours for ours, theirs in pairs)
    show = (lambda seconds: f"{seconds * 1_000_000:.1f} us/user") if per_user else show_seconds
    return Result(
        product=show(product),
        peer=show(other),
        score=1 / faster,
        met=faster >= GOALS[peer],
        note=f"{faster:.1f} x",
    )


def _offline(bench: Workbench, users: int) -> dict[str, float]:
    material = _material(bench, users)
    files = [str(material / "live.json"), str(material / "plan.json")]
    found = bench.stages(["offline", str(_folder(bench, users)), *files], "offline")
    _check("the product", int(found["changed"]), users)
    return found


def _peer_seconds(bench: Workbench, peer: str, sides: Path, users: int) -> float:
    _install(bench)
    command = bench.command([str(ENVIRONMENT / "bin/python"), str(SCRIPTS / f"{peer}_peer.py"), str(sides)], peer)
    run_child(command)
    found = json.loads(command.output.read_bytes().splitlines()[-1])  # after what the peer logs
    _check(peer, found["changed"], users)
    return float(found["seconds"])


def _check(who: str, changed: int, users: int) -> None:
    expected = Organisation(users).changed_users
    if changed != expected:
        raise AssertionError(f"{expected} users differ; {who} found {changed}")


def _folder(bench: Workbench, users: int) -> Path:
    return bench.manifests(Organisation(users, groups=0))


def _material(bench: Workbench, users: int) -> Path:
    """What the peers work on, written once a run."""

    def write() -> Path:
        folder = bench.folder / f"peers-{users}"
        bench.run([PYTHON, "-m", "benchmarks.peer_material", str(folder), str(users)])
        return folder

    return bench.once(f"material {users}", write)


def _install(bench: Workbench) -> None:
    """The peers in an environment of their own, anew where the pins have changed. Raises RunFailed."""
    ready, pins = ENVIRONMENT / "ready", PINS.read_text(encoding="utf-8")
    if ready.exists() and ready.read_text(encoding="utf-8") == pins:
        return
    try:
        bench.run([PYTHON, "-m", "venv", "--clear", str(ENVIRONMENT)])
        (ENVIRONMENT / ".gitignore").write_text("*\n", encoding="utf-8")
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", str(PINS)]
        bench.run([str(ENVIRONMENT / "bin/python"), *pip])
    except RunFailed as error:
        raise RunFailed(f"the peers cannot be installed here: {str(error).splitlines()[-1]}") from None
    ready.write_text(pins, encoding="utf-8")
