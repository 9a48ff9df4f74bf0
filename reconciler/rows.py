"""Resources as bytes and back, for files that keep very many: those with the same attributes have their names once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from reconciler.core.members import Members
from reconciler.core.model import Live, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def pack(resources: Iterable[Live]) -> bytes:
    """Resources of one type as JSON."""
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for live in resources:
        alike.setdefault(tuple(live.attributes), []).append(_row(live))
    return to_json([*alike.items()])


def unpack(type_: ResourceType, body: bytes) -> Iterator[Live]:
    """The resources that `pack` made this of. Raises ValueError, TypeError, KeyError or IndexError for other bytes."""
    for names, rows in from_json(body):
        for id_, key, active, members, owned, *values in rows:
            named = None if members is None else Members(*map(frozenset, members))
            yield Live(type_, id_, key, dict(zip(names, values, strict=True)), active, named, owned)


def _row(live: Live) -> tuple[Any, ...]:
    members = None if live.members is None else (live.members.users, live.members.groups)
    return live.id, live.key, live.active, members, live.owned, *live.attributes.values()
