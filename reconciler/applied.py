"""What was last applied, on disk: one compressed file a tenant and account below the state directory.

Touches `<state directory>/applied/` only (directory 0700, files 0600). A file that is damaged, of another layout or
missing counts as nothing known: drift is then only not told apart. Each save replaces the file whole, chunk by chunk.
"""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from reconciler.core.drift import Base, Origin
from reconciler.core.model import Member, ResourceType
from reconciler.core.times import parse_time
from reconciler.rows import pack, unpack
from reconciler.state_files import NotAFile, is_there, replacing, tenant_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from reconciler.core.applied import Settlement
    from reconciler.core.model import Live
    from reconciler.core.plan_model import TenantIdentity

LAYOUT = 1
CHUNK = 500
"""Resources in a line, at most."""
_TO_SECONDS = len("2026-11-24T10:15:00")
_DAMAGE = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError)


class _OtherVersion(ValueError):
    """The file is of another layout."""


@dataclass(frozen=True, slots=True)
class AppliedFile:
    """What was last applied to a tenant. `on_talk` hears that it could not be kept; without `keeps` it is not."""

    path: Path
    tenant: tuple[str, str, str | None]
    on_talk: Callable[[str], None]
    keeps: bool = True

    def load(self, ids: Collection[Member], keys: Collection[Member] = ()) -> Base | None:
        """What was last applied of the resources with these ids or folded keys; None where nothing is known."""
        by_id: dict[Member, Live] = {}
        by_key: dict[Member, Live] = {}
        try:
            meta = self._meta()
            if meta is None:
                return None
            for live in self._resources() if ids or keys else ():
                found, name = Member(live.type, live.id), Member(live.type, live.key.casefold())
                if found in ids:
                    by_id[found] = live
                if name in keys:
                    by_key[name] = live
        except _DAMAGE as error:
            reason = str(error) if isinstance(error, (NotAFile, _OtherVersion)) else "it is damaged"
            self.on_talk(f"what was last applied cannot be used ({reason}): drift will not be told apart")
            return None
        return Base(Origin("state", f"{meta['at'][:_TO_SECONDS]}Z"), by_id, by_key)

    def is_of(self, manifests: str) -> bool:
        """Whether all that the manifests of this digest say was applied, and nothing since."""
        meta = self._known_meta()
        return meta is not None and meta["whole"] is True and meta["manifests"] == manifests

    def saved_at(self) -> datetime | None:
        """When this was kept, or None where nothing is known."""
        meta = self._known_meta()
        return parse_time(meta["at"]) if meta else None

    def _known_meta(self) -> dict[str, Any] | None:
        try:
            meta = self._meta()
            return meta if meta and parse_time(meta["at"]) else None
        except _DAMAGE:
            return None

    def save(self, settlement: Settlement, *, at: str, manifests: str, everything: bool) -> None:
        """Keep what an apply left, at this time (RFC 3339, UTC).

        `everything`: what it was not planned for is declared no more.
        """
        if not self.keeps:
            return
        try:
            before = self.load(settlement.left)
            whole = everything and not settlement.left
            meta = {"layout": LAYOUT, "tenant": self.tenant, "at": at, "manifests": manifests, "whole": whole}
            known = dict(before.by_id) if before else {}
            kept = () if whole or before is None else self._kept(settlement, everything=everything)
            self._replace(meta, chain(settlement.resources(known), kept))
        except _DAMAGE as error:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            self.on_talk(f"what was applied could not be kept ({error}): drift will not be told apart")

    def _kept(self, settlement: Settlement, *, everything: bool) -> Iterator[Live]:
        """What an earlier apply left, and this one did not come to."""
        declared, left = settlement.declared, settlement.left
        for live in self._resources():
            name = Member(live.type, live.id)
            if name not in declared and (not everything or name in left):
                yield live

    def _meta(self) -> dict[str, Any] | None:
        if not is_there(self.path):
            return None
        with gzip.open(self.path) as file:
            meta = json.loads(file.readline())
        if meta["layout"] != LAYOUT:
            raise _OtherVersion("another version wrote it")
        return dict(meta) if meta["tenant"] == [*self.tenant] else None

    def _resources(self) -> Iterator[Live]:
        with gzip.open(self.path) as file:
            file.readline()
            for line in file:
                yield from unpack(ResourceType(line[:5].decode().strip()), line[5:])

    def _replace(self, meta: dict[str, Any], resources: Iterable[Live]) -> None:
        with replacing(self.path) as partial, gzip.open(partial, "wb", compresslevel=1) as packed:
            packed.write(json.dumps(meta).encode() + b"\n")
            for type_, chunk in _chunks(resources):
                packed.write(f"{type_.value:<5}".encode() + pack(chunk) + b"\n")


def open_applied(
    state: Path, tenant: TenantIdentity, on_talk: Callable[[str], None] = lambda _text: None
) -> AppliedFile:
    """What was last applied to this tenant, below the state directory; nothing is touched yet."""
    identity = (tenant.name, tenant.endpoint, tenant.account)
    return AppliedFile(tenant_file(state / "applied", tenant, ".gz"), identity, on_talk)


def _chunks(resources: Iterable[Live]) -> Iterator[tuple[ResourceType, list[Live]]]:
    """Resources of one type each, in chunks."""
    remaining = iter(resources)
    while chunk := list(islice(remaining, CHUNK)):
        for type_ in ResourceType:
            if alike := [live for live in chunk if live.type is type_]:
                yield type_, alike
