from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import main
from benchmarks.history import compare, make_entry
from benchmarks.measure import Command, Pairs, RunFailed, Sample, run_child
from benchmarks.organisation import Organisation
from benchmarks.planning import measure_plan
from benchmarks.rows import Result
from benchmarks.table import HEAD
from benchmarks.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path


def run(tmp_path: Path, *arguments: str) -> int:
    return main([*arguments, "--work", str(tmp_path / "work"), "--history", str(tmp_path / "history.jsonl")])


def test_product_and_floor_find_the_same_changes(tmp_path: Path) -> None:
    company, bench = Organisation(200, groups=2, members=10), Workbench(tmp_path, rounds=1)
    try:
        pairs = measure_plan(bench, company)
    finally:
        bench.close()
    assert (len(pairs.product), len(pairs.floor), company.changed_users) == (1, 1, 2)


def test_a_run_prints_its_table_and_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert run(tmp_path, "--users", "100", "--rounds", "1", "--only", "validate-one-*", "--only", "start-ver*") == 0
    names = ["row", "validate-one-100", "start-version"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names * 2
    assert lines[0].split() == " ".join(HEAD).split()
    history = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [list(entry["rows"]) for entry in history] == [names[1:]] * 2
    assert all(row["score"] > 0 for entry in history for row in entry["rows"].values())


def test_data_files_and_mappings_are_measured_beside_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ("load-csv-100", "mapping-100")
    assert run(tmp_path, "--users", "100", "--rounds", "1", "--no-history", "--only", rows[0], "--only", rows[1]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[0] for line in lines] == list(rows)
    assert "YAML" in lines[0]
    assert "load" in lines[1]


def test_a_row_that_cannot_be_measured_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "work").write_text("a file where a folder has to be", encoding="utf-8")
    assert run(tmp_path, "--users", "100", "--only", "validate-one-*", "--no-history") == 0
    assert "not measured" in capsys.readouterr().out
    assert not (tmp_path / "history.jsonl").exists()


def test_rows_are_listed_with_their_goals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--list", "--full") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line.split()) < 3] == []
    assert [line for line in lines if line.startswith("growth")] == [
        "growth-100k              CPU a user <= 1.3 x that of 10k",
        "growth-1M                CPU a user <= 1.5 x that of 100k",
    ]


def test_an_unknown_row_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path, "--only", "nothing") == 64


def test_a_failing_child_is_told(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "raise SystemExit('it broke')"]
    with pytest.raises(RunFailed, match=r"exit code 1: it broke$"):
        run_child(Command(words, tmp_path / "output"))


def test_the_score_is_the_median_of_neighbours() -> None:
    product, floor = (tuple(Sample(0.0, cpu, 0) for cpu in side) for side in ((2.0, 9.0, 6.0), (1.0, 3.0, 4.0)))
    assert (Pairs(product, floor).ratio, Pairs(product, floor).cpu, Pairs(product).ratio) == (2.0, 6.0, None)


def test_a_score_is_compared_with_the_last_run_that_has_it() -> None:
    history = [make_entry({"plan-1k": Result("1 s", score=2.0)}, "first"), make_entry({}, "other rows")]
    other = {**make_entry({"plan-1k": Result("1 s", score=9.0)}, ""), "python": "CPython 2.7.18"}
    assert compare("plan-1k", Result("1 s", score=1.5), [*history, other]) == "-25%"
    assert compare("plan-1k", Result("1 s"), history) == compare("plan-2k", Result("1 s", score=1.0), history) == ""
