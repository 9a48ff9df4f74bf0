"""What a line of the table is, and all lines in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.workbench import Workbench

MEGABYTE = 1_000_000
KILO = 1000


@dataclass(frozen=True, slots=True)
class Result:
    """What a row found. Texts are for the table; `score` is what two runs are compared by (smaller is better).

    A score is a ratio, a count or bytes: something that hardly depends on the machine. `peak` in bytes. `met` is None
    where the goal could not be judged.
    """

    product: str
    floor: str = ""
    peer: str = ""
    score: float | None = None
    peak: int | None = None
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its name, the goal in words, and how to measure it."""

    name: str
    goal: str
    measure: Callable[[Workbench], Result]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Users in the small, the large and (with `--full`) the huge organisation."""

    small: int = 10_000
    large: int = 100_000
    huge: int | None = None


def show_count(number: int) -> str:
    """A number of users in a row's name: 10k, 1M."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if number >= size and number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


def show_seconds(seconds: float) -> str:
    """Seconds, or milliseconds where it is less than one."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * KILO:.0f} ms"
