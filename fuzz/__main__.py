"""`python -m fuzz`: each target in turn, in a process of its own, for its share of the time."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time

from fuzz.targets import NAMES

SLACK = 180
"""Seconds that a target may take beyond its share, for its start and its last value; then it counts as a hang."""


def main() -> int:
    """Say what was fed to each, and what was found; 1 where anything was."""
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=", description="Fuzz the parsers of what comes from outside.")
    parser.add_argument("--minutes", type=float, default=10.0, help="altogether (default: 10)")
    parser.add_argument("--seed", type=int, help="repeats an earlier run (default: another one each time, printed)")
    parser.add_argument("--only", nargs="+", metavar="TARGET", choices=NAMES, default=NAMES, help=", ".join(NAMES))
    chosen = parser.parse_args()
    number = random.randrange(1, 2**31) if chosen.seed is None else chosen.seed
    share = max(1, int(chosen.minutes * 60 / len(chosen.only)))
    print(f"seed {number}, {share} s for each of {len(chosen.only)} targets", flush=True)
    return int(False in [feed(name, share, number) for name in chosen.only])


def feed(name: str, seconds: int, number: int) -> bool:
    """Whether nothing was found."""
    start = time.monotonic()
    command = [sys.executable, "-m", "fuzz.one", name, str(seconds), str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + SLACK, check=False)
    except subprocess.TimeoutExpired:
        print(f"{name}: HANGS: nothing for {SLACK} s after its time; look with: {' '.join(command[1:])}", flush=True)
        return False
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        print(f"{name}: FOUND\n{said[-4000:]}", flush=True)
        return False
    told = next((line for line in reversed(said.splitlines()) if "values" in line or "runs" in line), "")
    print(f"{name}: nothing found in {time.monotonic() - start:.0f} s ({told.strip()})", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
