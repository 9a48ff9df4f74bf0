"""Full ways of reading one resource type: all pages; or those of active users, then whoever is declared besides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.directory import Identity, Way
from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold
from reconciler.core.snapshot import TypeSnapshot
from reconciler.errors import ServiceError
from reconciler.scim.lists import REFUSED_FILTERS, FilterIgnored, count_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.core.model import Live
    from reconciler.scim.lists import Lists, Page, Walk

ACTIVE, INACTIVE = 'active eq "true"', 'active eq "false"'
WORTH_ASKING = 100
"""Users from which on it pays to look how many of them are active."""
WORTH_NARROWING = 0.8
"""Share of all pages below which the pages of active users are worth the look-ups that follow."""
Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found of one resource type.

    `moment`: the service's clock at the start. `unread`: how many were counted only. `ways`: what was considered.
    """

    lives: Mapping[str, Live]
    complete: bool = True
    moment: float | None = None
    active_only: bool = False
    absent: Pairs = frozenset()
    unread: int = 0
    notes: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()

    def remembered(self) -> TypeSnapshot:
        """What the next read may build on."""
        return TypeSnapshot(self.lives, self.active_only, self.absent, self.unread)


@dataclass(frozen=True, slots=True)
class Scan:
    """Reads everything of one type that matters; `declared` is asked only when it is needed."""

    lists: Lists
    resource: ResourceType
    declared: Callable[[], Sequence[Identity]]

    def read(self, *, narrow: bool) -> Found:
        """All of it; `narrow`: inactive users that nothing declares may be left unread.

        Whether there are many is only asked where the first or the last page shows one, since that costs a request.
        """
        first = self.lists.page(self.resource)
        pages = {1: first}
        ways = [Way("scan", self._pages(first.total))]
        if narrow and self.resource is ResourceType.USER and first.total >= WORTH_ASKING and first.rows:
            start = 1 + (first.total - 1) // first.rows * first.rows
            pages[start] = self.lists.page(self.resource, start)
            if not all(live.active for page in pages.values() for live in page.lives):
                found = self._narrow(pages, ways)
                if found:
                    return replace(found, ways=(ways[1], ways[0]))
        return replace(self._scan(pages), ways=tuple(ways))

    def _narrow(self, pages: Mapping[int, Page], ways: list[Way]) -> Found | None:
        """An active scan, where it is cheaper and its filter is to be trusted; `ways` is told either way."""
        first, active = pages[1], self._ask_active(pages)
        if active is None:
            ways.append(Way("active scan", None, "the filter on active is not to be trusted"))
            return None
        ways.append(Way("active scan", 1 + self._pages(active.total)))
        is_cheaper = self._pages(active.total) < WORTH_NARROWING * self._pages(first.total)
        return self._active_scan(first, active) if is_cheaper else None

    def _ask_active(self, pages: Mapping[int, Page]) -> Page | None:
        """The first page of active users; None where it is empty, or cannot be true beside the unfiltered ones."""
        try:
            active = self.lists.page(self.resource, wanted=ACTIVE)
        except ServiceError as error:
            if error.status in REFUSED_FILTERS:
                return None
            raise
        seen = {live.id for page in pages.values() for live in page.lives if live.active}
        is_true = all(live.active for live in active.lives) and len(seen) <= active.total <= pages[1].total
        return active if active.lives and is_true else None

    def _pages(self, count: int) -> int:
        return count_pages(count, self.lists.dialect.page_size)

    def _scan(self, pages: Mapping[int, Page]) -> Found:
        walk = self.lists.walk(self.resource, given=pages)
        if walk.complete:
            return Found(walk.seen, moment=walk.moment)
        total = ", ".join(map(str, sorted(walk.totals)))
        note = (
            f"incomplete read of {self.resource.value}s: {len(walk.seen)} distinct ones seen, the service says {total}"
        )
        return Found(self._complete_declared(walk), complete=False, notes=(note,))

    def _complete_declared(self, walk: Walk) -> Mapping[str, Live]:
        """Ask for the declared ones that an incomplete scan did not see, so that none is created twice."""
        if not self.lists.dialect.filters:
            return walk.seen
        known = known_pairs(walk.seen.values(), self.declared())
        unseen = [
            each for each in self.declared() if not any((name, fold(value)) in known for name, value in each.matching)
        ]
        try:
            return walk.seen | self.lists.look_up(self.resource, unseen)
        except FilterIgnored:
            return walk.seen

    def _active_scan(self, first: Page, active: Page) -> Found | None:
        """None where it does not add up, so that all is to be read."""
        try:
            walk = self.lists.walk(self.resource, ACTIVE, lambda live: live.active, given={1: active})
            if not walk.complete:
                return None
            inactive = {live.id: live for live in first.lives if not live.active}
            lives = inactive | walk.seen
            return self._complete_active(first, lives)
        except FilterIgnored:
            return None

    def _complete_active(self, first: Page, lives: Mapping[str, Live]) -> Found | None:
        """Every declared name that nobody active has is looked up, or, where those are many, all inactive are read."""
        unseen = unseen_identities(lives.values(), self.declared())
        inactive = first.total - sum(1 for live in lives.values() if live.active)
        if unseen and self._pages(inactive) <= self._pages(len(unseen)):
            rest = self.lists.walk(self.resource, INACTIVE, lambda live: not live.active)
            everyone = {**rest.seen, **lives}
            whole = rest.complete and len(everyone) == first.total
            return Found(everyone, moment=first.moment) if whole else None
        hits = self.lists.look_up(self.resource, unseen)
        everyone = {**hits, **lives}
        absent = absent_pairs(unseen, hits.values())
        unread = max(first.total - len(everyone), 0)
        return Found(everyone, moment=first.moment, active_only=True, absent=absent, unread=unread)


def known_pairs(lives: Iterable[Live], declared: Sequence[Identity]) -> Pairs:
    """The matching attributes of these resources with their folded values, as far as `declared` is matched by them."""
    names = {name for each in declared for name, _ in each.matching}
    return frozenset((name, fold(live.attributes.get(name))) for live in lives for name in names)


def unseen_identities(
    lives: Iterable[Live], declared: Sequence[Identity], absent: Pairs = frozenset()
) -> list[Identity]:
    """What is declared, reduced to the matching values that none of `lives` has and that are not known to be `absent`.

    A weaker matching value counts as well: it may belong to somebody else.
    """
    known = known_pairs(lives, declared) | absent
    reduced = (
        replace(
            each, matching=tuple((name, value) for name, value in each.matching if (name, fold(value)) not in known)
        )
        for each in declared
    )
    return [each for each in reduced if each.matching]


def absent_pairs(asked: Sequence[Identity], hits: Iterable[Live]) -> Pairs:
    """The matching values that were looked up and found nobody."""
    return frozenset((name, fold(value)) for each in asked for name, value in each.matching) - known_pairs(hits, asked)
