"""What earlier reads and applies know of one tenant, so that the next read asks for what changed only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.paths import CUSTOM_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODIFIED = "meta.lastModified"


@dataclass(frozen=True, slots=True)
class TypeSnapshot:
    """Everything known of one resource type.

    `active_only`: inactive ones were read only where they are declared; `unread`: how many were not. `absent`: matching
    attributes and folded values that were looked up and found nobody (only needed where not everything was read).
    `written`: the ids of those that this tool wrote after the read.
    """

    lives: Mapping[str, Live]
    active_only: bool = False
    absent: frozenset[tuple[str, str]] = frozenset()
    unread: int = 0
    written: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Both resource types, as of `since`.

    `since`: when the read that last looked for changes began, by the service's own clock. `full_at`, `members_at`: when
    the last full read, and the last read of all members, began, by this machine's clock (all in epoch seconds).
    `touches`: whether a membership change moves a group's lastModified, None: unknown.
    `names`: what the service calls members that are not among `users` and `groups`.
    """

    users: TypeSnapshot
    groups: TypeSnapshot
    since: float
    full_at: float
    members_at: float
    touches: bool | None = None
    names: Mapping[Member, str] = field(default_factory=dict)


class SnapshotStore(Protocol):
    """Where a tenant's snapshot is kept. A cache: losing it costs requests, never results."""

    def load(self) -> Snapshot | None:
        """What was kept, or None where there is nothing, or nothing to be relied on."""
        ...

    def save(self, snapshot: Snapshot, before: Snapshot | None) -> None:
        """Keep `snapshot`; `before` is what `load` gave, if it came from there."""
        ...


def modified(live: Live) -> float | None:
    """When the service last changed the resource, or None where it does not say; a time without zone is UTC."""
    text = live.attributes.get(MODIFIED)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def shows_fields(snapshot: Snapshot) -> bool:
    """Whether the service gave custom fields back."""
    return any(path.startswith(CUSTOM_FIELDS) for live in snapshot.users.lives.values() for path in live.attributes)


def remember_writes(snapshot: Snapshot, written: Iterable[Live]) -> Snapshot:
    """The snapshot after this tool's own writes, each as the service showed it.

    What an answer does not show whole stays as it was: its newer time stamp will lead the next read to it. `since`
    stays too: what others change at the same time is still to be asked for.
    """
    users, groups = dict(snapshot.users.lives), dict(snapshot.groups.lives)
    touches = snapshot.touches
    seen: dict[ResourceType, set[str]] = {each: set() for each in ResourceType}
    for live in written:
        known = users if live.type is ResourceType.USER else groups
        before = known.get(live.id)
        if _is_whole(live, before):
            touches = learn_touches(touches, before, live, seen_at=snapshot.since)
            known[live.id] = live
            seen[live.type].add(live.id)
    return replace(
        snapshot,
        users=_after_writes(snapshot.users, users, seen[ResourceType.USER]),
        groups=_after_writes(snapshot.groups, groups, seen[ResourceType.GROUP]),
        touches=touches,
    )


def _is_whole(live: Live, before: Live | None) -> bool:
    """Whether an answer shows a resource with its time and its members, and not just a part of what there was."""
    if modified(live) is None or (live.type is ResourceType.GROUP and live.members is None):
        return False
    return before is None or 2 * len(live.attributes) > len(before.attributes)


def _after_writes(snapshot: TypeSnapshot, lives: Mapping[str, Live], written: set[str]) -> TypeSnapshot:
    return replace(snapshot, lives=lives, written=snapshot.written | written)


def learn_touches(known: bool | None, before: Live | None, after: Live, *, seen_at: float) -> bool | None:  # noqa: FBT001
    """Whether membership changes move a group's lastModified, judged from one group seen twice.

    `seen_at`: when `before` was read at the earliest. Time stamps count whole seconds, so a group that was changed in
    the very second in which it was read proves nothing. One counter-example outweighs all examples.
    """
    if before is None or before.members is None or after.members in (None, before.members):
        return known
    then, now = modified(before), modified(after)
    if then is None or now is None:
        return known
    if now == then:
        return False if seen_at >= then + 2 else known
    return True if known is None and _same_but_for_members(before, after) else known


def _same_but_for_members(before: Live, after: Live) -> bool:
    return {**before.attributes, MODIFIED: ""} == {**after.attributes, MODIFIED: ""}
