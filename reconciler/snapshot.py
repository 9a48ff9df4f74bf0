"""The snapshot on disk: what was read last time, one SQLite file a tenant and account below the state directory.

Touches `<state directory>/snapshot/` only (directory 0700, files 0600). It is a cache: any damage, another layout,
another tenant, or a file that somebody else holds count as no snapshot. A full read replaces the file whole; what
changed is written in one transaction. Resources lie in chunks, since one row each costs several times as much; in a
chunk those with the same attributes lie together, since names take as much room as values.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from pydantic_core import from_json, to_json

from reconciler.core.model import Member, ResourceType
from reconciler.core.snapshot import Snapshot, TypeSnapshot
from reconciler.rows import pack, unpack
from reconciler.state_files import is_there, replacing, tenant_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.core.model import Live
    from reconciler.core.plan_model import TenantIdentity

LAYOUT = 4
CHUNK = 250
"""Resources in a chunk, about."""
_TABLES = """
CREATE TABLE meta (body BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE chunks (
    type TEXT NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (type, number)
);
"""
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP
_DAMAGE = (sqlite3.Error, OSError, ValueError, KeyError, TypeError, IndexError)


class _Unusable(Exception):
    """Why what is there is of no use, though nothing is wrong with it."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A tenant's snapshot file. `scopes`: what ownership was judged by; snapshots of other scopes do not count.

    `on_talk` hears that a snapshot could not be kept. Without `keeps` none is.
    """

    path: Path
    tenant: tuple[str, str, str | None]
    scopes: tuple[str | None, str | None]
    on_talk: Callable[[str], None]
    keeps: bool = True

    def load(self) -> Snapshot | None:
        """What was kept, or None where there is nothing, or nothing to be relied on: why is told."""
        try:
            if not is_there(self.path):
                return None
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
                return self._read(connection)
        except _Unusable as reason:
            self._tell_unusable(str(reason))
        except OSError as error:
            self._tell_unusable(str(error.strerror))
        except _DAMAGE:
            self._tell_unusable("it is damaged")
        return None

    def _tell_unusable(self, reason: str) -> None:
        self.on_talk(f"what was read last time cannot be used ({reason}): everything is read again")

    def save(self, snapshot: Snapshot, before: Snapshot | None) -> None:
        """Keep `snapshot`; `before` is what `load` gave: only what differs is written then."""
        if not self.keeps:
            return
        try:
            if before is None or not self._update(snapshot, before):
                self._replace(snapshot)
        except (sqlite3.Error, OSError) as error:
            self.forget()
            self.on_talk(f"what was read could not be kept ({error}): the next run reads everything again")

    def forget(self) -> None:
        """Drop what was kept, and what a run that was killed left beside it."""
        if not self.keeps:
            return
        for path in (self.path, *self._leftovers()):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _leftovers(self) -> list[Path]:
        """An unfinished transaction's journal, which must not meet another file, and what older versions left."""
        return [self.path.with_name(f"{self.path.name}-journal"), *self.path.parent.glob(f".{self.path.name}.*")]

    def _read(self, connection: sqlite3.Connection) -> Snapshot:
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout != LAYOUT:
            raise _Unusable("another version wrote it" if layout else "it is damaged")
        body, told = connection.execute("SELECT body, sum FROM meta").fetchone()
        meta = from_json(body)
        if crc32(body) != told or meta["tenant"] != [*self.tenant]:
            raise ValueError("damaged")
        if meta["scopes"] != [*self.scopes]:
            raise _Unusable("the scope of ownership was another")
        lives = {type_: _read_chunks(connection, type_) for type_ in (_USER, _GROUP)}
        if [len(lives[_USER]), len(lives[_GROUP])] != meta["counts"]:
            raise ValueError("damaged")
        absent = frozenset((name, value) for name, value in meta["absent"])
        return Snapshot(
            TypeSnapshot(lives[_USER], meta["activeOnly"], absent, meta["unread"], frozenset(meta["written"][0])),
            TypeSnapshot(lives[_GROUP], written=frozenset(meta["written"][1])),
            since=meta["since"],
            full_at=meta["fullAt"],
            members_at=meta["membersAt"],
            touches=meta["touches"],
            names={Member(ResourceType(type_), id_): name for type_, id_, name in meta["names"]},
        )

    def _meta(self, snapshot: Snapshot) -> tuple[bytes, int]:
        body = to_json({
            "tenant": self.tenant,
            "scopes": self.scopes,
            "counts": (len(snapshot.users.lives), len(snapshot.groups.lives)),
            "activeOnly": snapshot.users.active_only,
            "absent": sorted(snapshot.users.absent),
            "unread": snapshot.users.unread,
            "written": (sorted(snapshot.users.written), sorted(snapshot.groups.written)),
            "since": snapshot.since,
            "fullAt": snapshot.full_at,
            "membersAt": snapshot.members_at,
            "touches": snapshot.touches,
            "names": [(member.type, member.name, name) for member, name in snapshot.names.items()],
        })  # fmt: skip
        return body, crc32(body)

    def _replace(self, snapshot: Snapshot) -> None:
        """A new file, and nothing that belonged to the old one beside it."""
        self.forget()
        with replacing(self.path) as partial, closing(sqlite3.connect(partial, isolation_level=None)) as connection:
            connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA user_version = {LAYOUT}; {_TABLES}")
            connection.execute("BEGIN")
            chunks = [len(each.lives) // CHUNK + 1 for each in (snapshot.users, snapshot.groups)]
            self._write(connection, snapshot, (range(chunks[0]), range(chunks[1])), chunks)
            connection.execute("COMMIT")

    def _update(self, snapshot: Snapshot, before: Snapshot) -> bool:
        """Write what differs in one transaction; whether there is a file to write it to."""
        if not is_there(self.path):
            return False
        with closing(sqlite3.connect(self.path, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            query = "SELECT max(number) + 1 FROM chunks WHERE type = ?"
            chunks = [connection.execute(query, (type_,)).fetchone()[0] for type_ in (_USER, _GROUP)]
            changed = (
                _changed(snapshot.users.lives, before.users.lives, chunks[0]),
                _changed(snapshot.groups.lives, before.groups.lives, chunks[1]),
            )
            connection.execute("DELETE FROM meta")
            self._write(connection, snapshot, changed, chunks)
            connection.execute("COMMIT")
        return True

    def _write(
        self,
        connection: sqlite3.Connection,
        snapshot: Snapshot,
        numbers: tuple[Collection[int], Collection[int]],
        chunks: Sequence[int],
    ) -> None:
        """Write the chunks with these numbers, of so many, and the rest of the snapshot."""
        for type_, lives, wanted, count in zip(
            (_USER, _GROUP), (snapshot.users.lives, snapshot.groups.lives), numbers, chunks, strict=True
        ):
            rows = _make_chunks(type_, lives, wanted, count) if wanted else ()
            connection.executemany("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO meta VALUES (?, ?)", self._meta(snapshot))


def open_snapshot(
    state: Path,
    tenant: TenantIdentity,
    scopes: tuple[str | None, str | None],
    on_talk: Callable[[str], None] = lambda _text: None,
) -> StoredSnapshot:
    """The snapshot of this tenant below the state directory; nothing is touched yet."""
    identity = (tenant.name, tenant.endpoint, tenant.account)
    return StoredSnapshot(tenant_file(state / "snapshot", tenant, ".db"), identity, scopes, on_talk)


def _chunk_of(id_: str, chunks: int) -> int:
    """Neighbours by id share a chunk: they were read together, so they lie together in memory too."""
    return crc32(id_[:-2].encode()) % chunks


def _changed(after: Mapping[str, Live], before: Mapping[str, Live], chunks: int) -> set[int]:
    """The chunks in which something is new."""
    return {_chunk_of(id_, chunks) for id_, live in after.items() if before.get(id_) is not live}


def _make_chunks(
    type_: ResourceType, lives: Mapping[str, Live], wanted: Collection[int], chunks: int
) -> Iterator[tuple[str, int, bytes, int]]:
    rows: dict[int, list[Live]] = {number: [] for number in wanted}
    for id_, live in lives.items():
        number = _chunk_of(id_, chunks)
        if number in rows:
            rows[number].append(live)
    for number, found in rows.items():
        body = pack(found)
        yield type_.value, number, body, crc32(body)


def _read_chunks(connection: sqlite3.Connection, type_: ResourceType) -> dict[str, Live]:
    lives: dict[str, Live] = {}
    for body, told in connection.execute("SELECT body, sum FROM chunks WHERE type = ?", (type_.value,)):
        if crc32(body) != told:
            raise ValueError("damaged chunk")
        lives.update((live.id, live) for live in unpack(type_, body))
    return lives
