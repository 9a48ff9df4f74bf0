"""What changed since a snapshot, asked for by `meta.lastModified`, and proof that nothing was missed.

The time that is asked from lies before the last read began, by the service's own clock, so that clocks that are a
little apart and equal time stamps hide nothing; and before the newest change that is known, so that the answer cannot
rightly be empty. Where that takes in more known resources than fit one page (after a large apply, or where all have one
time stamp), those are counted instead of read. In the end the service must have exactly as many as are then known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING

from reconciler.core.snapshot import modified
from reconciler.errors import ServiceError
from reconciler.scim.lists import REFUSED_FILTERS, FilterIgnored
from reconciler.scim.scans import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.core.model import Live, ResourceType
    from reconciler.core.snapshot import TypeSnapshot
    from reconciler.scim.lists import Lists

CLOCKS_APART = 120.0
"""Seconds by which the clocks of the service's machines may differ."""


class Doubt(Exception):
    """What is known and what the service says do not fit together; the reason is for people."""


@dataclass(frozen=True, slots=True)
class Changes:
    """All resources as they now are, the ids that the service showed anew, and how many it has that were never read.

    `moment`: the service's clock before it was asked for changes.
    """

    lives: Mapping[str, Live]
    shown: frozenset[str]
    unread: int
    moment: float


def read_changes(lists: Lists, resource: ResourceType, known: TypeSnapshot, since: float) -> Changes:
    """What changed since `since`. Raises Doubt where that cannot be told for sure, ServiceError."""
    try:
        return _Asking(lists, resource, known, since).read()
    except FilterIgnored:
        raise Doubt(f"filters on {resource.value}s are not answered as asked") from None
    except ServiceError as error:
        if error.status in REFUSED_FILTERS:
            raise Doubt(f"the service refuses to filter {resource.value}s by time") from error
        raise


@dataclass(frozen=True, slots=True)
class _Asking:
    lists: Lists
    resource: ResourceType
    known: TypeSnapshot
    since: float

    def read(self) -> Changes:
        everything = self.lists.page(self.resource, count=1)
        stamps = _stamps(self.known.lives)
        newest = floor(max(stamps.values(), default=self.since))
        moment = everything.moment or max(self.since, newest)
        if moment < self.since - CLOCKS_APART:
            raise Doubt("the service's clock went back")
        start = floor(min(self.since - CLOCKS_APART, newest - 1))
        inside = sorted(stamp for stamp in stamps.values() if stamp > start)
        few = len(inside) <= self.lists.dialect.page_size
        lives, stamps, shown = self._merge(start if few else newest, stamps)
        told = 0 if few else self._miscounted(start, inside, lives, stamps)
        if 2 * told > everything.total:
            raise Doubt(f"{told} {self.resource.value}s changed about the time of the last read")
        if told:
            lives, stamps, shown = self._merge(start, stamps)
        self._check_total(everything.total, lives)
        return Changes(lives, shown, max(everything.total - len(lives), 0), moment)

    def _miscounted(
        self, start: int, inside: list[float], lives: Mapping[str, Live], stamps: Mapping[str, float]
    ) -> int:
        """How many changes since `start` the service has, where its counts are not those that are known; else 0.

        Known changes that are newer than the last read (this tool's own writes) are counted from their middle too.
        """
        middle = floor(inside[len(inside) // 2])
        places = [start, middle] if inside[-1] > self.since and start < middle < floor(inside[-1]) else [start]
        only = f" and {ACTIVE}" if self.known.active_only else ""
        counted = {id_: at for id_, at in stamps.items() if lives[id_].active or not self.known.active_only}
        told = [self.lists.page(self.resource, wanted=_newer(place) + only, count=1).total for place in places]
        return 0 if told == [_count(counted, place) for place in places] else max(told[0], 1)

    def _merge(self, start: int, stamps: dict[str, float]) -> tuple[dict[str, Live], dict[str, float], frozenset[str]]:
        """All that is known with what changed after `start`: every known change must be among that."""
        walk = self.lists.walk(self.resource, _newer(start), lambda live: (modified(live) or 0.0) > start)
        merged = stamps | _stamps(walk.seen)
        if not walk.complete or len(walk.seen) != _count(merged, start):
            raise Doubt(f"the list of changed {self.resource.value}s does not hold what is known to have changed")
        return {**self.known.lives, **walk.seen}, merged, frozenset(walk.seen)

    def _check_total(self, total: int, lives: Mapping[str, Live]) -> None:
        """As many as are known, or, where inactive ones were not read, as many active ones."""
        noun, told, count = f"{self.resource.value}s", total, len(lives)
        if self.known.active_only:
            noun, count = f"active {noun}", sum(1 for live in lives.values() if live.active)
            told = self.lists.page(self.resource, wanted=ACTIVE, count=1).total
        if told != count:
            raise Doubt(f"the service has {told} {noun}, {count} are known after asking for changes")


def _stamps(lives: Mapping[str, Live]) -> dict[str, float]:
    stamps = {id_: modified(live) for id_, live in lives.items()}
    if None in stamps.values():
        raise Doubt("a resource does not tell when it was changed")
    return {id_: stamp for id_, stamp in stamps.items() if stamp is not None}


def _count(stamps: Mapping[str, float], after: float) -> int:
    return sum(1 for stamp in stamps.values() if stamp > after)


def _newer(than: int) -> str:
    return f'meta.lastModified gt "{datetime.fromtimestamp(than, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}"'
