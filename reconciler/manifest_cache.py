"""Bytes by key on disk, for what was made of manifest files: one SQLite file a manifests folder.

Touches `<state directory>/manifests/` only (directory 0700, files 0600). It is a cache: any damage, another layout, or
a file that somebody else holds count as nothing kept. Each row has a sum, so that nothing needs to be flushed to disk.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

from reconciler.state_files import is_there, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

LAYOUT = 1
_TABLE = "CREATE TABLE files (key BLOB PRIMARY KEY, body BLOB NOT NULL, sum INTEGER NOT NULL)"
_CARELESS = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"


@dataclass(frozen=True, slots=True)
class ManifestCache:
    """What is kept for one manifests folder. `on_talk` hears that something could not be kept."""

    path: Path
    on_talk: Callable[[str], None]

    def get(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """What is kept under these keys and undamaged."""
        try:
            if not is_there(self.path):
                return {}
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
                if connection.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
                    return {}
                marks = ", ".join("?" * len(keys))
                rows = connection.execute(f"SELECT key, body, sum FROM files WHERE key IN ({marks})", tuple(keys))  # noqa: S608
                return {key: body for key, body, told in rows if _sum(key, body) == told}
        except (sqlite3.Error, OSError, TypeError):
            return {}

    def put(self, new: Mapping[bytes, bytes], used: Collection[bytes]) -> None:
        """Keep more in one transaction, and drop what has another key than those in use."""
        try:
            if len(new) == len(used):  # nothing of the file is of use, if it can be read at all
                self._replace(new)
            else:
                self._update(new, used)
        except (sqlite3.Error, OSError) as error:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            self.on_talk(f"what the manifests say could not be kept ({error}): the next run parses them again")

    def _replace(self, new: Mapping[bytes, bytes]) -> None:
        with (
            replacing(self.path, durable=False) as partial,
            closing(sqlite3.connect(partial, isolation_level=None)) as connection,
        ):
            connection.executescript(f"{_CARELESS} PRAGMA user_version = {LAYOUT}; {_TABLE}; BEGIN")
            connection.executemany("INSERT INTO files VALUES (?, ?, ?)", _rows(new))
            connection.execute("COMMIT")

    def _update(self, new: Mapping[bytes, bytes], used: Collection[bytes]) -> None:
        is_there(self.path)
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=1)) as connection:
            gone = [(key,) for (key,) in connection.execute("SELECT key FROM files") if key not in used]
            if not new and not gone:
                return
            connection.executescript(f"{_CARELESS} BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM files WHERE key = ?", gone)
            connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", _rows(new))
            connection.commit()


def open_manifest_cache(state: Path, folder: Path, on_talk: Callable[[str], None]) -> ManifestCache:
    """The cache of this folder's files below the state directory; nothing is touched yet."""
    mark = sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return ManifestCache(state.absolute() / "manifests" / f"{mark}.db", on_talk)


def _rows(new: Mapping[bytes, bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    return ((key, body, _sum(key, body)) for key, body in new.items())


def _sum(key: bytes, body: bytes) -> int:
    return crc32(body, crc32(key))
