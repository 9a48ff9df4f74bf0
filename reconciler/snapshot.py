"""The snapshot on disk: what was read last time, one SQLite file a tenant and account below the state directory.

Touches `<state directory>/snapshot/` only (directory 0700, files 0600). It is a cache: any damage, another layout,
another tenant, or a file that somebody else holds count as no snapshot. A full read replaces the file whole; what
changed is written in one transaction.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zlib import crc32

from pydantic_core import from_json, to_json

from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.snapshot import Snapshot, TypeSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from reconciler.core.model import TenantIdentity

LAYOUT = 1
ROWS_AT_A_TIME = 1000
_TABLES = """
CREATE TABLE meta (body BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE resources (
    type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (type, id)
) WITHOUT ROWID;
"""
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP
_DAMAGE = (sqlite3.Error, OSError, ValueError, KeyError, TypeError, IndexError)


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A tenant's snapshot file. `scopes`: what ownership was judged by; snapshots of other scopes do not count.

    `on_talk` hears that a snapshot could not be kept.
    """

    path: Path
    tenant: tuple[str, str, str | None]
    scopes: tuple[str | None, str | None]
    on_talk: Callable[[str], None]

    def load(self) -> Snapshot | None:
        """What was kept, or None where there is nothing, or nothing to be relied on."""
        if not self.path.is_file():
            return None
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
                return self._read(connection)
        except _DAMAGE:
            return None

    def save(self, snapshot: Snapshot, before: Snapshot | None) -> None:
        """Keep `snapshot`; `before` is what `load` gave: only what differs is written then."""
        try:
            self.path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.parent.mkdir(exist_ok=True, mode=0o700)
            if before is None or not self._update(snapshot, before):
                self._replace(snapshot)
        except (sqlite3.Error, OSError) as error:
            self.forget()
            self.on_talk(f"what was read could not be kept ({error}): the next run reads everything again")

    def forget(self) -> None:
        """Drop what was kept."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _read(self, connection: sqlite3.Connection) -> Snapshot | None:
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout != LAYOUT:
            return None
        body, told = connection.execute("SELECT body, sum FROM meta").fetchone()
        meta = from_json(body)
        if crc32(body) != told or (meta["tenant"], meta["scopes"]) != ([*self.tenant], [*self.scopes]):
            return None
        lives = {type_: dict(_lives(connection, type_)) for type_ in (_USER, _GROUP)}
        if [len(lives[_USER]), len(lives[_GROUP])] != meta["counts"]:
            return None
        absent = frozenset((name, value) for name, value in meta["absent"])
        return Snapshot(
            TypeSnapshot(lives[_USER], active_only=meta["activeOnly"], absent=absent),
            TypeSnapshot(lives[_GROUP]),
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
            "since": snapshot.since,
            "fullAt": snapshot.full_at,
            "membersAt": snapshot.members_at,
            "touches": snapshot.touches,
            "names": [(member.type, member.name, name) for member, name in snapshot.names.items()],
        })  # fmt: skip
        return body, crc32(body)

    def _replace(self, snapshot: Snapshot) -> None:
        """A new file beside the old one, which it then replaces."""
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with suppress(FileNotFoundError):
            partial.unlink()
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
                connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA user_version = {LAYOUT}; {_TABLES}")
                connection.execute("BEGIN")
                self._write(connection, snapshot, snapshot.users.lives.values(), snapshot.groups.lives.values())
                connection.execute("COMMIT")
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)

    def _update(self, snapshot: Snapshot, before: Snapshot) -> bool:
        """Write what differs in one transaction; whether there is a file to write it to."""
        if not self.path.is_file():
            return False
        with closing(sqlite3.connect(self.path, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            users = _changed(snapshot.users.lives, before.users.lives)
            groups = _changed(snapshot.groups.lives, before.groups.lives)
            connection.execute("DELETE FROM meta")
            self._write(connection, snapshot, users, groups)
            connection.execute("COMMIT")
        return True

    def _write(
        self, connection: sqlite3.Connection, snapshot: Snapshot, users: Iterable[Live], groups: Iterable[Live]
    ) -> None:
        for lives in (users, groups):
            connection.executemany("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?)", map(_row, lives))
        connection.execute("INSERT INTO meta VALUES (?, ?)", self._meta(snapshot))


def open_snapshot(
    state: Path,
    tenant: TenantIdentity,
    scopes: tuple[str | None, str | None],
    on_talk: Callable[[str], None] = lambda _text: None,
) -> StoredSnapshot:
    """The snapshot of this tenant below the state directory; nothing is touched yet."""
    identity = (tenant.name, tenant.endpoint, tenant.account)
    mark = sha256("\n".join(map(str, identity)).encode()).hexdigest()[:8]
    return StoredSnapshot(state.absolute() / "snapshot" / f"{tenant.name}-{mark}.db", identity, scopes, on_talk)


def _changed(after: Mapping[str, Live], before: Mapping[str, Live]) -> Iterator[Live]:
    return (live for id_, live in after.items() if before.get(id_) is not live)


def _row(live: Live) -> tuple[str, str, bytes, int]:
    members = None if live.members is None else [(member.type, member.name) for member in live.members]
    body = to_json((live.id, live.key, live.attributes, live.active, members, live.owned))
    return live.type.value, live.id, body, crc32(body)


def _lives(connection: sqlite3.Connection, type_: ResourceType) -> Iterator[tuple[str, Live]]:
    rows = connection.execute("SELECT body, sum FROM resources WHERE type = ?", (type_.value,))
    while batch := rows.fetchmany(ROWS_AT_A_TIME):
        if any(crc32(body) != told for body, told in batch):
            raise ValueError("damaged row")
        for values in from_json(b"[" + b",".join([body for body, _ in batch]) + b"]"):
            yield values[0], _live(type_, *values)


def _live(type_: ResourceType, id_: str, key: str, *rest: Any) -> Live:
    attributes, active, members, owned = rest
    named = None if members is None else frozenset(Member(ResourceType(kind), name) for kind, name in members)
    return Live(type_, id_, key, attributes, active, named, owned)
