"""Differences that this tool has already made go away, and that are there again: not kept by the service, or undone.

Judged by the last writes of the same attribute or membership alone: where the last one set something else than is
planned now, the manifests changed, and nothing is said.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.diff import NO_RULES, diff_value
from reconciler.core.model import Member, ResourceType
from reconciler.core.paths import parse_path
from reconciler.core.stored import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Value
    from reconciler.core.plan_model import Action, Change


class PastWrite(NamedTuple):
    """What one run wrote of a resource: attributes before and as they were sent, memberships by name.

    `stored`: what the answer showed otherwise; None where it did not show the resource. `at` is RFC 3339.
    """

    run: str
    at: str
    before: Attributes
    sent: Attributes
    stored: Attributes | None = None
    added: frozenset[Member] = frozenset()
    removed: frozenset[Member] = frozenset()


class Again(StrEnum):
    """Why a difference is there again."""

    STORED = "stored"
    """The service's answer showed it as it still is."""
    BACK = "back"
    """It is as it was before this tool wrote."""
    CHANGED = "changed"
    """It is something else."""
    UNCLEAR = "unclear"
    """The service did not show what it stored."""


class Repeat(NamedTuple):
    """One difference that is planned again. `runs`: those that made it go away since it last was another, last first.

    Of a membership, `member` came or went, `path` is `members`, and `want` whether it is to be there.
    """

    type: ResourceType
    key: str
    path: str
    want: Value
    have: Value
    again: Again
    runs: tuple[PastWrite, ...]
    member: Member | None = None


def find_repeats(actions: Iterable[Action], past: Mapping[Member, Sequence[PastWrite]]) -> Iterator[Repeat]:
    """The differences of these actions that earlier runs have made go away before.

    `past`: by type and id, what they wrote, oldest first.
    """
    for action in actions:
        writes = past.get(Member(action.type, action.id)) if action.id else None
        if not writes:
            continue
        for change in action.changes:
            runs = tuple(_same_writes(action.type, change, writes))
            if runs:
                again = _why(action.type, change, runs[0])
                yield Repeat(action.type, action.key, change.path, change.after, change.before, again, runs)
        for members, wanted in ((action.members.add, True), (action.members.remove, False)):
            for member in members:
                runs = tuple(_same_memberships(member, writes, wanted=wanted))
                if runs:
                    yield Repeat(action.type, action.key, "members", wanted, not wanted, Again.BACK, runs, member)


def _same_writes(resource: ResourceType, change: Change, writes: Sequence[PastWrite]) -> Iterator[PastWrite]:
    """The last writes of the attribute, as long as they sent what is planned now."""
    whole = parse_path(change.path).attribute
    for write in reversed(writes):
        if change.path not in write.sent and whole not in write.sent:
            continue
        if not _alike(resource, change.path, change.after, value_at(change.path, write.sent)):
            return
        yield write


def _same_memberships(member: Member, writes: Sequence[PastWrite], *, wanted: bool) -> Iterator[PastWrite]:
    for write in reversed(writes):
        if member in (write.removed if wanted else write.added):
            return
        if member in (write.added if wanted else write.removed):
            yield write


def _why(resource: ResourceType, change: Change, last: PastWrite) -> Again:
    if last.stored is None:
        return Again.UNCLEAR
    if change.path in last.stored and _alike(resource, change.path, change.before, last.stored[change.path]):
        return Again.STORED
    back = _alike(resource, change.path, change.before, value_at(change.path, last.before))
    return Again.BACK if back else Again.CHANGED


def _alike(resource: ResourceType, path: str, one: Value, other: Value) -> bool:
    return one == other or not diff_value(resource, path, (one, other), NO_RULES)
