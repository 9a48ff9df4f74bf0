"""`python -m fuzz.one NAME SECONDS SEED`: one target for so long; ends with 1 and the value at the first finding.

With atheris installed, libFuzzer steers Hypothesis's choices by what code they reach; without it they are drawn.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

import reconciler

if TYPE_CHECKING:
    from fuzz.targets import Target

AT_ONCE = 300
_SETTINGS = settings(
    max_examples=AT_ONCE, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
)


def draw(target: Target, seconds: float, number: int) -> int:
    """Feed the target drawn values for so long, and say how many; a finding comes out as its exception."""
    end, count = time.monotonic() + seconds, 0

    while time.monotonic() < end:

        @seed(number + count)
        @settings(_SETTINGS, phases=(Phase.generate, Phase.shrink))
        @given(target.given)
        def feed(value: object) -> None:
            target.check(value)

        feed()
        count += AT_ONCE
    return count


def steer(name: str, seconds: int, number: int) -> None:
    """The same by libFuzzer; it ends the process itself."""
    atheris = import_module("atheris")  # has no types, and need not be there
    with atheris.instrument_imports(include=["reconciler"]):
        for each in walk_packages(reconciler.__path__, "reconciler."):
            import_module(each.name)
    from fuzz.targets import find_target

    target = find_target(name)

    @settings(_SETTINGS)
    @given(target.given)
    def feed(value: object) -> None:
        target.check(value)

    one_input = feed.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", f"-seed={number}", "-max_len=2000", "-len_control=0"], one_input
    )
    atheris.Fuzz()


def main() -> None:
    """One target, by the best means here."""
    name, seconds, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if find_spec("atheris"):
        steer(name, seconds, number)
        return
    from fuzz.targets import find_target

    sys.stdout.write(f"{draw(find_target(name), seconds, number)} values\n")


if __name__ == "__main__":
    main()
