"""Loading a data file grows as its rows do, in calls and in memory, and stays small."""

from __future__ import annotations

import gc
import json
import tracemalloc
from cProfile import Profile
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.read import read_manifests

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "userName externalId displayName givenName familyName title department timezone email manager roles Salary"


def export(folder: Path, kind: str, rows: int) -> Path:
    columns = COLUMNS.split()
    cells = [
        f"u{number}@x.example|E{number:06}|Jane {number} Doe|Jane|Doe|Analyst|Sales|UTC|u{number}@x.example|"
        f"u{number // 10}@x.example|specialist;manager|{number}".split("|")
        for number in range(1, rows)
    ]
    cells.insert(0, ["u0@x.example", *[""] * (len(columns) - 1)])
    if kind == "csv":
        text = "".join(f"{','.join(row)}\n" for row in (columns, *cells))
    else:
        objects = [json.dumps(dict(zip(columns, row, strict=True))) for row in cells]
        text = "\n".join(objects) if kind == "jsonl" else f"[{','.join(objects)}]"
    folder.mkdir(parents=True)
    (folder / f"hr.{kind}").write_text(text, encoding="utf-8")
    source = "kind: Source\nresource: User\nkey: userName\nlists: {roles: ;}\nfile: hr."
    (folder / "source.yaml").write_text(source + kind, encoding="utf-8")
    return folder


def calls(folder: Path) -> int:
    profile = Profile()
    profile.runcall(read_manifests, folder)
    return sum(entry.callcount for entry in profile.getstats())


def peak(folder: Path) -> int:
    """Give the most bytes that are in use while a set is loaded."""
    gc.collect()
    tracemalloc.start()
    try:
        assert read_manifests(folder).desired.users
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_growth(kind: str, tmp_path: Path) -> None:
    read_manifests(export(tmp_path / "first", kind, 10))  # what is loaded once only
    small, large = (export(tmp_path / str(rows), kind, rows) for rows in (1000, 5000))
    assert calls(large) <= 5.1 * calls(small)
    assert peak(large) <= 5.3 * peak(small)
    assert calls(large) / 5000 <= 100
    assert peak(large) / 5000 <= 2000
