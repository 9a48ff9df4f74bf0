"""The cache file: private, without what is gone, and never in the way."""

from __future__ import annotations

from contextlib import closing
from sqlite3 import connect
from stat import S_IMODE
from typing import TYPE_CHECKING

from reconciler.manifest_cache import open_manifest_cache

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def test_it_is_private_and_one_a_folder(tmp_path: Path) -> None:
    caches = [open_manifest_cache(tmp_path / "state", tmp_path / name, print) for name in ("one", "two", "x/../one")]
    assert (caches[0].path == caches[2].path, caches[0].path == caches[1].path) == (True, False)
    caches[0].put({A: b"1"}, {A})
    assert [S_IMODE(each.stat().st_mode) for each in (caches[0].path, caches[0].path.parent)] == [0o600, 0o700]
    assert [each.get({A}) for each in caches] == [{A: b"1"}, {}, {A: b"1"}]
    assert [each.name for each in caches[0].path.parent.iterdir()] == [caches[0].path.name]


def test_what_is_gone_is_dropped(tmp_path: Path) -> None:
    cache = open_manifest_cache(tmp_path, tmp_path, print)
    cache.put({A: b"1", B: b"2"}, {A, B})
    cache.put({C: b"3"}, {B, C})
    assert cache.get({A, B, C}) == {B: b"2", C: b"3"}
    cache.put({}, {C})
    assert cache.get({A, B, C}) == {C: b"3"}


def test_a_damaged_row_is_not_there(tmp_path: Path) -> None:
    cache = open_manifest_cache(tmp_path, tmp_path, print)
    cache.put({A: b"1", B: b"2"}, {A, B})
    with closing(connect(cache.path)) as connection:
        connection.execute("UPDATE files SET body = ? WHERE key = ?", (b"4", B))
        connection.commit()
    assert cache.get({A, B}) == {A: b"1"}
    cache.put({B: b"2"}, {A, B})
    assert cache.get({A, B}) == {A: b"1", B: b"2"}


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    cache = open_manifest_cache(tmp_path, tmp_path, told.append)
    (tmp_path / "manifests").write_text("no folder")
    cache.put({A: b"1"}, {A})
    assert (cache.get({A}), len(told)) == ({}, 1)


def test_a_locked_file_is_not_waited_for_long(tmp_path: Path) -> None:
    told: list[str] = []
    cache = open_manifest_cache(tmp_path, tmp_path, told.append)
    cache.put({A: b"1"}, {A})
    with closing(connect(cache.path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert cache.get({A}) == {}
        cache.put({B: b"2"}, {A, B})
    assert told == ["what the manifests say could not be kept (database is locked): the next run parses them again"]
