"""The sandbox's memory: users, groups and memberships in SQLite, a file or in memory.

Each resource keeps the JSON text that is served, so that pages are joined, not encoded. One connection behind one
lock serves all threads; other processes may use the same file, one write at a time.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Literal

from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

Kind = Literal["User", "Group"]

LAYOUT = 1
"""Number of the table layout, kept in the file as `user_version`; 0 is a file that nobody has filled yet."""

_TABLES = (
    """CREATE TABLE resources (
        kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, external_key TEXT,
        active INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, manager INTEGER,
        body TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX resources_by_id ON resources (kind, id)",
    "CREATE UNIQUE INDEX resources_by_name ON resources (kind, name_key)",
    "CREATE INDEX resources_by_external_id ON resources (kind, external_key)",
    "CREATE INDEX resources_by_time ON resources (kind, modified, active, created, id)",
    "CREATE INDEX resources_by_manager ON resources (manager) WHERE manager IS NOT NULL",
    """CREATE TABLE memberships (
        group_id INTEGER NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL,
        PRIMARY KEY (group_id, kind, id)) WITHOUT ROWID""",
    "CREATE INDEX memberships_by_member ON memberships (kind, id, group_id)",
    "CREATE TABLE counters (kind TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO counters VALUES ('User', 0), ('Group', 0)",
)
_COLUMNS = "kind, id, name, active, created, modified, manager, body"
_CACHED_SELECTIONS = 32


@dataclass(frozen=True, slots=True)
class Member:
    """A user or group inside a group."""

    kind: Kind
    id: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One resource as it is stored; `created` and `modified` in epoch seconds, `manager` a user's id."""

    kind: Kind
    id: int
    name: str
    active: bool
    created: int
    modified: int
    manager: int | None
    body: str
    external_id: str | None = None


class Store:
    """The tables. Every use happens inside `reading()` or `writing()`."""

    def __init__(self, database: Path | None) -> None:
        self._lock = RLock()
        if database is not None:
            os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would let everybody read it
        self._connection = sqlite3.connect(
            database or ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        try:
            if database is not None:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            self._connection.close()
            raise
        self._selections: dict[tuple[object, ...], array[int]] = {}
        self._version = (0, 0)

    def close(self) -> None:
        """Close the file; the store cannot be used any more."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep other threads out while several things are read."""
        with self._lock:
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is kept, or nothing. Waits for other processes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def create_tables(self) -> bool:
        """Make the tables where there are none yet; whether they were made."""
        (layout,) = self._connection.execute("PRAGMA user_version").fetchone()
        if layout == LAYOUT:
            return False
        if layout != 0:
            raise OperatorError(
                f"the sandbox's database has layout {layout}, this version reads {LAYOUT}",
                hint="delete the file to start over",
            )
        for statement in _TABLES:
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {LAYOUT}")
        return True

    def reserve(self, kind: Kind, count: int = 1) -> int:
        """Take `count` ids that were never used; the first of them."""
        query = "UPDATE counters SET last = last + ? WHERE kind = ? RETURNING last"
        (last,) = self._connection.execute(query, (count, kind)).fetchone()
        return int(last) - count + 1

    def save(self, rows: Iterable[Row]) -> None:
        """Insert the rows, or replace those with the same kind and id."""
        self._connection.executemany(
            """INSERT INTO resources
               (kind, id, name, name_key, external_key, active, created, modified, manager, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,
               external_key = excluded.external_key, active = excluded.active, modified = excluded.modified,
               manager = excluded.manager, body = excluded.body""",
            map(_parameters, rows),
        )

    def remove(self, kind: Kind, id_: int) -> None:
        """Remove a resource, its memberships and, for a group, its members."""
        self._connection.execute("DELETE FROM resources WHERE kind = ? AND id = ?", (kind, id_))
        self._connection.execute("DELETE FROM memberships WHERE kind = ? AND id = ?", (kind, id_))
        if kind == "Group":
            self._connection.execute("DELETE FROM memberships WHERE group_id = ?", (id_,))

    def find(self, kind: Kind, id_: int) -> Row | None:
        """Find the resource with this id."""
        query = f"SELECT {_COLUMNS} FROM resources WHERE kind = ? AND id = ?"  # noqa: S608 - a constant
        return self._row(query, kind, id_)

    def find_by_name(self, kind: Kind, name: str) -> Row | None:
        """Find the user with this userName, or the group with this displayName, without regard to case."""
        query = f"SELECT {_COLUMNS} FROM resources WHERE kind = ? AND name_key = ?"  # noqa: S608 - a constant
        return self._row(query, kind, name.casefold())

    def reports(self, manager: int) -> list[Row]:
        """Return the users whose manager this is."""
        query = f"SELECT {_COLUMNS} FROM resources WHERE manager = ?"  # noqa: S608 - a constant
        return [Row(*values) for values in self._connection.execute(query, (manager,))]

    def select(self, kind: Kind, condition: str, parameters: Sequence[str | int]) -> array[int]:
        """Ids that meet an SQL condition, last modified first; kept until the next write.

        The unary plus keeps SQLite from walking the index of times to save sorting a handful of rows.
        """
        self._forget_stale_selections()
        key = (kind, condition, *parameters)
        ids = self._selections.get(key)
        if ids is None:
            query = (
                f"SELECT id FROM resources WHERE kind = ? AND ({condition})"  # noqa: S608 - compiled, no values
                " ORDER BY +modified DESC, id DESC"
            )
            ids = array("q", (id_ for (id_,) in self._connection.execute(query, (kind, *parameters))))
            if len(self._selections) >= _CACHED_SELECTIONS:
                del self._selections[next(iter(self._selections))]
            self._selections[key] = ids
        return ids

    def bodies(self, kind: Kind, ids: Sequence[int]) -> dict[int, str]:
        """Return the JSON text of each resource, by id."""
        query = f"SELECT id, body FROM resources WHERE kind = ? AND id IN ({_marks(ids)})"  # noqa: S608 - marks
        return dict(self._connection.execute(query, (kind, *ids)))

    def missing(self, kind: Kind, ids: Sequence[int]) -> set[int]:
        """Those of the ids that no resource has."""
        found: set[int] = set()
        for start in range(0, len(ids), 500):
            batch = ids[start : start + 500]
            query = f"SELECT id FROM resources WHERE kind = ? AND id IN ({_marks(batch)})"  # noqa: S608 - marks
            found.update(id_ for (id_,) in self._connection.execute(query, (kind, *batch)))
        return set(ids) - found

    def members(self, group: int) -> list[Member]:
        """Return the members of a group with their names, by kind and id."""
        query = """SELECT m.kind, m.id, r.name FROM memberships m JOIN resources r ON r.kind = m.kind AND r.id = m.id
                   WHERE m.group_id = ? ORDER BY m.kind DESC, m.id"""
        return [Member(*values) for values in self._connection.execute(query, (group,))]

    def groups_of(self, kind: Kind, ids: Sequence[int]) -> dict[int, list[Member]]:
        """Return the groups that each of these is a direct member of."""
        query = f"""SELECT m.id, g.id, g.name FROM memberships m JOIN resources g ON g.kind = 'Group' AND g.id = m.group_id
                    WHERE m.kind = ? AND m.id IN ({_marks(ids)}) ORDER BY m.id, g.id"""  # noqa: S608, E501 - marks
        groups: dict[int, list[Member]] = {}
        for member, group, name in self._connection.execute(query, (kind, *ids)):
            groups.setdefault(member, []).append(Member("Group", group, name))
        return groups

    def add_members(self, group: int, members: Iterable[Member]) -> None:
        """Add those that are not in the group yet."""
        query = "INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)"
        self._connection.executemany(query, ((group, member.kind, member.id) for member in members))

    def remove_members(self, group: int, members: Iterable[Member]) -> None:
        """Remove those that are in the group."""
        query = "DELETE FROM memberships WHERE group_id = ? AND kind = ? AND id = ?"
        self._connection.executemany(query, ((group, member.kind, member.id) for member in members))

    def _row(self, query: str, *parameters: str | int) -> Row | None:
        values = self._connection.execute(query, parameters).fetchone()
        return None if values is None else Row(*values)

    def _forget_stale_selections(self) -> None:
        (others,) = self._connection.execute("PRAGMA data_version").fetchone()
        version = (others, self._connection.total_changes)
        if version != self._version:
            self._selections.clear()
            self._version = version


def open_store(database: Path | None, fill: Callable[[Store], None]) -> Store:
    """Open the database, in memory where no file is given; a new one gets its tables and is filled, in one step.

    Raises OperatorError where the file is not a database of this sandbox.
    """
    try:
        if database is not None:
            database.parent.mkdir(parents=True, exist_ok=True)
        store = Store(database)
        try:
            with store.writing():
                if store.create_tables():
                    fill(store)
        except BaseException:
            store.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise OperatorError(
            f"cannot use {database} as the sandbox's database: {error}",
            hint="name another file, or delete this one to start over",
        ) from None
    return store


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _parameters(row: Row) -> tuple[object, ...]:
    external_key = None if row.external_id is None else row.external_id.casefold()
    return (
        row.kind,
        row.id,
        row.name,
        row.name.casefold(),
        external_key,
        row.active,
        row.created,
        row.modified,
        row.manager,
        row.body,
    )
