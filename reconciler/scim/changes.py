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
from reconciler.core.times import format_time
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
        moment = everything.moment or min(max(stamps.values(), default=self.since), self.lists.latest)
        if everything.moment is not None and moment < self.since - CLOCKS_APART:
            raise Doubt("the service's clock went back")
        start = self._start(stamps, moment)
        inside = sorted(stamp for stamp in stamps.values() if stamp > start)
        few = len(inside) <= self.lists.dialect.page_size
        settled = start if few else self._settled(stamps, moment, is_dated=everything.moment is not None)
        lives, merged, shown = self._merge(settled, stamps)
        if few and self.known.active_only:
            self._check_filter(stamps, lives, merged)
        told = 0 if few else self._miscounted(start, inside, lives, merged)
        if 2 * told > everything.total:
            raise Doubt(f"{told} {self.resource.value}s changed about the time of the last read")
        if told:
            lives, merged, shown = self._merge(start, stamps)
        self._check_total(everything.total, lives, shown)
        return Changes(lives, shown, max(everything.total - len(lives), 0), moment)

    def _start(self, stamps: Mapping[str, float], moment: float) -> int:
        """From where all is to be accounted for: this tool's own writes, and times to come, tell nothing of others."""
        if self.known.active_only:  # many unread ones may have changed since the newest that is known
            return _free_second(self.since - CLOCKS_APART, stamps)
        read = (at for id_, at in stamps.items() if id_ not in self.known.written and at <= moment)
        return _free_second(min(self.since - CLOCKS_APART, max(read, default=self.since) - 1), stamps)

    def _settled(self, stamps: Mapping[str, float], moment: float, *, is_dated: bool) -> int:
        """From where changes may be unknown: the newest that is known, unless others made changes during the last read.

        Of a change that the read saw, one that came before it may still have been missed.
        """
        after = floor(self.since) + 1
        others = (at for id_, at in stamps.items() if id_ not in self.known.written)
        if is_dated and any(after <= at <= moment for at in others):
            return _free_second(self.since - 1, stamps)
        return floor(max((at for at in stamps.values() if at <= moment), default=self.since))

    def _miscounted(
        self, start: int, inside: list[float], lives: Mapping[str, Live], stamps: Mapping[str, float]
    ) -> int:
        """How many changes since `start` the service has, where its counts are not those that are known; else 0.

        This tool's own writes since the last read are counted from their middle too.
        """
        middle = _free_second(inside[len(inside) // 2], stamps)
        places = [start, middle] if self.known.written and start < middle else [start]
        told = [self._told(place) for place in places]
        return 0 if told == [self._known(place, lives, stamps) for place in places] else max(told[0], 1)

    def _check_filter(
        self, before: Mapping[str, float], lives: Mapping[str, Live], stamps: Mapping[str, float]
    ) -> None:
        """Where nothing known needs to be among the changes, that the newest is found proves that filters work."""
        place = _free_second(max(before.values(), default=self.since) - 1, before)
        if self._told(place) != self._known(place, lives, stamps):
            raise Doubt(f"the {self.resource.value}s that are known to have changed are not found by their time")

    def _told(self, place: int) -> int:
        only = f" and {ACTIVE}" if self.known.active_only else ""
        return self.lists.page(self.resource, wanted=_newer(place) + only, count=1).total

    def _known(self, place: int, lives: Mapping[str, Live], stamps: Mapping[str, float]) -> int:
        counted = {id_: at for id_, at in stamps.items() if lives[id_].active or not self.known.active_only}
        return _count(counted, place)

    def _merge(self, start: int, stamps: dict[str, float]) -> tuple[dict[str, Live], dict[str, float], frozenset[str]]:
        """All that is known with what changed after `start`: every known change must be among that.

        Of the second `start` itself, rows may come whose fractions the service does not show.
        """
        walk = self.lists.walk(self.resource, _newer(start), lambda live: (modified(live) or 0.0) >= start)
        shown = _stamps(walk.seen)
        merged = stamps | shown
        if not walk.complete or _count(shown, start) != _count(merged, start):
            raise Doubt(f"the list of changed {self.resource.value}s does not hold what is known to have changed")
        return {**self.known.lives, **walk.seen}, merged, frozenset(walk.seen)

    def _check_total(self, total: int, lives: Mapping[str, Live], shown: frozenset[str]) -> None:
        """As many as are known; where inactive ones were not read, as many active ones, and none of the unread gone."""
        noun, told, count = f"{self.resource.value}s", total, len(lives)
        if self.known.active_only:
            unread, new = total - len(lives), len(shown - self.known.lives.keys())
            if not self.known.unread - new <= unread <= self.known.unread:
                raise Doubt(f"{self.known.unread} inactive {noun} were not read, now there are {unread}")
            noun, count = f"active {noun}", sum(1 for live in lives.values() if live.active)
            told = self.lists.page(self.resource, wanted=ACTIVE, count=1).total
        if told != count:
            raise Doubt(f"the service has {told} {noun}, {count} are known after asking for changes")


def _free_second(at: float, stamps: Mapping[str, float]) -> int:
    """The last second up to this time in which nothing is known to have changed, so that counting from it is exact.

    Where there is none in the minute before, whole seconds are counted on.
    """
    taken = {floor(stamp) for stamp in stamps.values()}
    return next((second for second in range(floor(at), floor(at) - 60, -1) if second not in taken), floor(at))


def _stamps(lives: Mapping[str, Live]) -> dict[str, float]:
    stamps = {id_: modified(live) for id_, live in lives.items()}
    if None in stamps.values():
        raise Doubt("a resource does not tell when it was changed")
    return {id_: stamp for id_, stamp in stamps.items() if stamp is not None}


def _count(stamps: Mapping[str, float], after: float) -> int:
    return sum(1 for stamp in stamps.values() if stamp > after)


def _newer(than: int) -> str:
    return f'meta.lastModified gt "{format_time(datetime.fromtimestamp(than, UTC))}"'
