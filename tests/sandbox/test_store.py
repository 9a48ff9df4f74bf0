"""The database: kept in a file, filled once, shared by processes that follow each other."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import OperatorError
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Opener


def test_a_file_is_filled_once_and_remembers(open_caller: Opener, tmp_path: Path) -> None:
    database = tmp_path / "state" / "sandbox.db"
    first = open_caller(database=database, seeded=True)
    first.send("PATCH", "/Users/4", {"title": "Remembered"})
    first.sandbox.close()
    second = open_caller(database=database, seeded=True)
    assert (second.get("/Users/4")["title"], second.get("/Users")["totalResults"]) == ("Remembered", 14)


def test_two_at_the_same_time_see_each_others_writes(open_caller: Opener, tmp_path: Path) -> None:
    one, other = (open_caller(database=tmp_path / "sandbox.db") for _ in range(2))
    one.user("ann")
    assert (one.names(), other.names()) == (["ann"], ["ann"])
    other.user("bob")
    assert one.names() == other.names() == ["bob", "ann"]


def test_a_request_that_fails_leaves_nothing_behind(open_caller: Opener, tmp_path: Path) -> None:
    caller = open_caller(database=tmp_path / "sandbox.db")
    assert caller.send("POST", "/Groups", {"displayName": "Ops", "members": [{"value": "9"}]}).status == 422
    assert caller.get("/Groups")["totalResults"] == 0


def test_the_layout_of_another_version_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(OperatorError) as caught:
        open_sandbox(SandboxOptions(database=database))
    assert (caught.value.message, caught.value.hint) == (
        "the sandbox's database has layout 99, this version reads 1",
        "delete the file to start over",
    )


def test_a_file_that_is_no_database_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "sandbox.db").write_text("not a database" * 100, encoding="utf-8")
    with pytest.raises(sqlite3.DatabaseError):
        Store(tmp_path / "sandbox.db")
    gc.collect()  # from Python 3.13 on, a connection left open is told here
