"""`python -m benchmarks`: measure, print the table, remember."""

from __future__ import annotations

import argparse
import sys
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.history import append_entry, compare, make_entry, read_history
from benchmarks.local import local_rows
from benchmarks.measure import ROOT, RunFailed
from benchmarks.peer_rows import peer_rows
from benchmarks.planning import planning_rows
from benchmarks.rows import Result, Row, Sizes
from benchmarks.table import render_line, render_table
from benchmarks.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Sequence

HISTORY = Path(__file__).with_name("history.jsonl")
WORK = ROOT / "build/benchmarks"


def all_rows(sizes: Sizes) -> list[Row]:
    """Every row, in the order of the table."""
    return [*planning_rows(sizes), *local_rows(sizes), *peer_rows(sizes)]


def measure_row(row: Row, bench: Workbench) -> Result:
    """The row's result; one that cannot be measured says why and stops nothing."""
    try:
        return row.measure(bench)
    except (RunFailed, AssertionError, OSError, ValueError) as error:
        last = str(error).strip().splitlines()[-1]
        return Result(product="not measured", note=last)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was chosen and print the table. A missed goal is told, not failed on."""
    options = _parse(arguments)
    sizes = Sizes(options.users // 10, options.users, options.users * 10 if options.full else None)
    rows = [row for row in all_rows(sizes) if any(fnmatch(row.name, only) for only in options.only or ["*"])]
    if options.list:
        print("\n".join(f"{row.name:24} {row.goal}" for row in rows))
        return 0
    if not rows:
        print("no row has that name; --list shows them", file=sys.stderr)
        return 64
    history = read_history(options.history)
    bench = Workbench(options.work.resolve(), options.rounds, options.budget)
    results: dict[str, Result] = {}
    try:
        for row in rows:
            start = time.perf_counter()
            results[row.name] = measure_row(row, bench)
            print(f"{row.name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    finally:
        bench.close()
    print(
        render_table(render_line(row, results[row.name], compare(row.name, results[row.name], history)) for row in rows)
    )
    if not options.no_history:
        append_entry(options.history, make_entry(results, options.note))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Product, floor and peers side by side.")
    parser.add_argument("--list", action="store_true", help="show the rows and their goals")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="this row, or those that a glob names; repeatable"
    )
    parser.add_argument("--full", action="store_true", help="also ten times as many users as --users")
    parser.add_argument("--users", type=int, default=100_000, help="the large organisation; the small has a tenth")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure each thing")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds after which a thing has no further round")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for generated files")
    parser.add_argument("--history", type=Path, default=HISTORY, help="the file that remembers runs")
    parser.add_argument("--no-history", action="store_true", help="do not remember this run")
    parser.add_argument("--note", default="", help="remembered with the run: what is being tried")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
