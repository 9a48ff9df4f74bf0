"""Runs child processes and tells what each cost: the kernel's own account of it, not the shell's or this process's.

This process must stay small: a child's peak memory counts from what its parent had when it was started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[1]
"""Where children run, so that they find this package."""
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_LONGEST_TALE = 2000


class RunFailed(Exception):
    """A child ended with another exit code than expected; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One child: seconds by the clock, seconds of CPU (user and system), and bytes at its peak."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Command:
    """A child to run. `output` takes its standard output; `prepare` runs before each start, outside the measurement."""

    words: Sequence[str]
    output: Path
    prepare: Callable[[], None] = lambda: None

    @property
    def errors(self) -> Path:
        """The file that takes its standard error."""
        return self.output.with_suffix(".stderr")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Product and floor in turn, round by round."""

    product: tuple[Sample, ...]
    floor: tuple[Sample, ...] = ()
    ratios: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Pair them up: neighbours in time suffered the same noise."""
        ratios = tuple(one.cpu / other.cpu for one, other in zip(self.product, self.floor, strict=False))
        object.__setattr__(self, "ratios", ratios)

    @property
    def cpu(self) -> float:
        """The product's median CPU seconds."""
        return median(sample.cpu for sample in self.product)

    @property
    def wall(self) -> float:
        """The product's median seconds by the clock."""
        return median(sample.wall for sample in self.product)

    @property
    def peak(self) -> int:
        """The product's median peak in bytes."""
        return int(median(sample.peak for sample in self.product))

    @property
    def floor_cpu(self) -> float | None:
        """The floor's median CPU seconds."""
        return median(sample.cpu for sample in self.floor) if self.floor else None

    @property
    def quickest(self) -> tuple[float, float]:
        """The shortest seconds by the clock of each: for what is so short that any neighbour's work doubles it."""
        product, floor = (min(sample.wall for sample in side) for side in (self.product, self.floor))
        return product, floor

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios."""
        return median(self.ratios) if self.ratios else None


def run_child(command: Command) -> Sample:
    """Run one child to its end. Raises RunFailed unless it exits with 0."""
    command.prepare()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    with command.output.open("wb") as output, command.errors.open("wb") as errors:
        start = time.perf_counter()
        child = subprocess.Popen(
            command.words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=environment | {"NO_COLOR": "1"},
            cwd=ROOT,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        told = command.errors.read_text(encoding="utf-8", errors="replace").strip()[-_LONGEST_TALE:]
        raise RunFailed(f"{' '.join(command.words)}: exit code {child.returncode}: {told}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RSS_UNIT)


def run_rounds(product: Command, floor: Command | None, rounds: int, budget: float) -> Pairs:
    """Product, floor, product, floor, ...: `rounds` times, or fewer once `budget` seconds are used up."""
    products: list[Sample] = []
    floors: list[Sample] = []
    start = time.perf_counter()
    for _ in range(rounds):
        products.append(run_child(product))
        if floor:
            floors.append(run_child(floor))
        if time.perf_counter() - start > budget:
            break
    return Pairs(tuple(products), tuple(floors))
