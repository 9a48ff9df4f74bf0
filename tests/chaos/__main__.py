"""Long campaigns: `python -m tests.chaos --seed 1 --minutes 10`. A failure is told as a seed and its steps."""

from __future__ import annotations

import argparse
import os
import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.campaign import STRUCK, Campaign
from tests.chaos.catalogue import CATALOGUE

WORLDS = 10
"""Of each seed."""


def main() -> int:
    """Whether anything was found: seeds one after the other until the time is up."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)), help="where to begin")
    parser.add_argument("--minutes", type=float, default=0.0, help="go on with the seeds after it for so long")
    parser.add_argument("--steps", type=int, default=20, help="of each world")
    parser.add_argument("--shrink", action="store_true", help="look for fewer steps that fail, too")
    chosen = parser.parse_args()
    end = time.monotonic() + 60 * chosen.minutes
    number = chosen.seed
    while True:
        print(f"seed {number}", flush=True)  # noqa: T201
        try:
            campaign(number, steps=chosen.steps, shrinks=chosen.shrink)
        except BaseException:
            print(f"repeat it with: make chaos ARGS='--seed {number} --steps {chosen.steps} --shrink'", file=sys.stderr)  # noqa: T201
            raise
        number += 1
        if time.monotonic() >= end:
            break
    for name in dict.fromkeys(kind.name for kind in CATALOGUE):
        print(f"{STRUCK[name]:7} x {name}")  # noqa: T201
    return 0


def campaign(number: int, *, steps: int, worlds: int = WORLDS, shrinks: bool = False) -> None:
    """The worlds of one seed."""
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    how = settings(
        max_examples=worlds,
        stateful_step_count=steps,
        phases=phases,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    seeded = seed(number)(type("Campaign", (Campaign,), {}))
    run_state_machine_as_test(seeded, settings=how)


if __name__ == "__main__":
    sys.exit(main())
