"""Which requests get the live state most cheaply: a scan of all pages, or look-ups of the declared.

A read is complete only when as many distinct ids were seen as the service says there are; otherwise it is walked again,
and in the end said to be incomplete. Every hit of a filter is checked again here.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.core.model import Live, LiveState, ReadSummary, ResourceType
from reconciler.core.normalise import fold
from reconciler.scim.dialects import PATHS
from reconciler.scim.filters import equals_any, matches
from reconciler.scim.wire import Page, decode_page, decode_resource, member_displays, to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.directory import Identity, Question
    from reconciler.core.model import Member
    from reconciler.scim.client import Answer
    from reconciler.scim.dialects import Dialect
    from reconciler.scim.filters import Filter

WALKS = 3
PAGES_AHEAD = 16
IDENTITIES_PER_LOOKUP = 25
LONGEST_FILTER = 6000


@dataclass(slots=True)
class _Walk:
    """One walk over a list: what was seen by id, the totals that the service named, the rows received."""

    seen: dict[str, Live] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    rows: int = 0

    @property
    def complete(self) -> bool:
        return self.totals == {len(self.seen)}


@dataclass(frozen=True, slots=True)
class ScimReader:
    """Reads live state. It is given nothing but `get`, so it cannot write.

    `scopes`: ownership of users and of groups, None for all. `on_progress(done, total)` hears of users seen.
    `displays` gathers what the service calls the members of groups.
    """

    get: Callable[[str, dict[str, str]], Answer]
    dialect: Dialect
    scopes: tuple[Filter | None, Filter | None]
    concurrency: int
    requests: Callable[[], int]
    now: Callable[[], str]
    on_progress: Callable[[int, int | None], None]
    displays: dict[Member, str] = field(default_factory=dict, init=False)

    def read(self, question: Question) -> LiveState:
        """Live state that answers the question. Raises ServiceError where a request fails for good."""
        before = self.requests()
        notes: list[str] = []
        with ThreadPoolExecutor(self.concurrency) as pool:
            strategy = "scan" if question.everything or question.full or not self.dialect.filters else "lookup"
            users, users_complete = self._read_type(pool, ResourceType.USER, (question, strategy), notes)
            groups, groups_complete = self._read_type(pool, ResourceType.GROUP, (question, strategy), notes)
            groups = self._with_members(pool, groups, question)
        read = {(ResourceType.USER, each.id) for each in users} | {(ResourceType.GROUP, each.id) for each in groups}
        summary = ReadSummary(strategy, self.requests() - before, users_complete and groups_complete, self.now())
        return LiveState(
            tuple(users),
            tuple(groups),
            {member: name for member, name in self.displays.items() if (member.type, member.name) not in read},
            summary,
            tuple(notes),
        )

    def _read_type(
        self, pool: ThreadPoolExecutor, resource: ResourceType, how: tuple[Question, str], notes: list[str]
    ) -> tuple[list[Live], bool]:
        question, strategy = how
        declared = [each for each in question.declared if each.type is resource]
        if strategy == "lookup":
            found = self._look_up(pool, resource, declared)
            if found is not None:
                return found, True
            notes.append(f"the service ignores filters on {resource.value}s: all were read")
        walk = self._scan(pool, resource)
        if walk.complete:
            return list(walk.seen.values()), True
        total = ", ".join(map(str, sorted(walk.totals)))
        notes.append(
            f"incomplete read of {resource.value}s: {len(walk.seen)} distinct ones seen, the service says {total}"
        )
        return list(self._complete_declared(pool, resource, walk, declared)), False

    def _complete_declared(
        self, pool: ThreadPoolExecutor, resource: ResourceType, walk: _Walk, declared: Sequence[Identity]
    ) -> Iterable[Live]:
        """Ask for the declared ones that an incomplete scan did not see, so that none is created twice."""
        known = {(name, fold(each.attributes.get(name))) for each in walk.seen.values() for name in _matched(declared)}
        unseen = [each for each in declared if not any((name, fold(value)) in known for name, value in each.matching)]
        found = self._look_up(pool, resource, unseen) if self.dialect.filters else None
        return (walk.seen | {each.id: each for each in found or ()}).values()

    def _scan(self, pool: ThreadPoolExecutor, resource: ResourceType) -> _Walk:
        every: dict[str, Live] = {}
        walk = _Walk()
        for _ in range(WALKS):
            walk = _Walk()
            self._walk(pool, resource, walk)
            every |= walk.seen
            if walk.complete:
                return walk
        return replace(walk, seen=every)

    def _walk(self, pool: ThreadPoolExecutor, resource: ResourceType, walk: _Walk) -> None:
        first = self._page(resource, 1)
        self._collect(first, resource, walk)
        step = len(first.rows)
        if step:
            self._walk_rest(pool, resource, walk, range(1 + step, first.total + 1, step))
        if step and (len(walk.seen) != first.total or self._may_be_capped(first)):
            self._walk_on(resource, walk)

    def _walk_rest(self, pool: ThreadPoolExecutor, resource: ResourceType, walk: _Walk, starts: range) -> None:
        """The other pages, so many ahead at a time: a total that is far too high costs little."""
        ahead = self.concurrency * PAGES_AHEAD
        for index in range(0, len(starts), ahead):
            before = len(walk.seen)
            tasks = pool.map(
                lambda start: self._range(resource, start, min(start + starts.step, starts.stop)),
                starts[index : index + ahead],
            )
            for page in (page for pages in tasks for page in pages):
                self._collect(page, resource, walk)
            if len(walk.seen) == before:
                return

    def _may_be_capped(self, first: Page) -> bool:
        """Some servers cap totalResults; 4me is not known to, and there the request is worth more."""
        return self.dialect.name != "4me" and first.total % len(first.rows) == 0

    def _walk_on(self, resource: ResourceType, walk: _Walk) -> None:
        """Past the announced end, as long as pages bring something new."""
        while True:
            before = len(walk.seen)
            page = self._page(resource, walk.rows + 1)
            self._collect(page, resource, walk)
            if len(walk.seen) == before:
                return

    def _range(self, resource: ResourceType, start: int, end: int) -> list[Page]:
        """The rows from `start` up to `end`, by rows received: a short page is followed by another request."""
        pages: list[Page] = []
        while start < end:
            page = self._page(resource, start)
            pages.append(page)
            if not page.rows:
                break
            start += len(page.rows)
        return pages

    def _page(self, resource: ResourceType, start: int, wanted: str = "") -> Page:
        parameters = {"startIndex": str(start), "count": str(self.dialect.page_size)}
        if wanted:
            parameters["filter"] = wanted
        path = PATHS[resource]
        return decode_page(self.get(path, parameters).body, f"GET {path}?startIndex={start}")

    def _collect(self, page: Page, resource: ResourceType, walk: _Walk) -> None:
        walk.totals.add(page.total)
        walk.rows += len(page.rows)
        for live in self._lives(page, resource):
            walk.seen[live.id] = live
        if resource is ResourceType.USER:
            self.on_progress(len(walk.seen), page.total)

    def _lives(self, page: Page, resource: ResourceType) -> Iterator[Live]:
        scope = self.scopes[0] if resource is ResourceType.USER else self.scopes[1]
        for row in page.rows:
            live = to_live(row, resource, f"GET {PATHS[resource]}")
            if live.members:
                self.displays.update(member_displays(row.get("members")))
            yield live if scope is None or matches(scope, live.attributes) else replace(live, owned=False)

    def _look_up(
        self, pool: ThreadPoolExecutor, resource: ResourceType, declared: Sequence[Identity]
    ) -> list[Live] | None:
        """The live resources of these identities; None where the service turns out to ignore filters."""
        found: dict[str, Live] = {}
        for hits in pool.map(lambda pairs: self._hits(resource, pairs), _batches(declared)):
            if hits is None:
                return None
            found |= hits
        return list(found.values())

    def _hits(self, resource: ResourceType, pairs: Sequence[tuple[str, str]]) -> dict[str, Live] | None:
        """The hits of one look-up, page by page while they bring something new; None at the first that is no hit."""
        wanted = {(name, fold(value)) for name, value in pairs}
        found: dict[str, Live] = {}
        start = 1
        while True:
            before = len(found)
            page = self._page(resource, start, equals_any(pairs))
            for live in self._lives(page, resource):
                if not _is_among(live, wanted):
                    return None
                found[live.id] = live
            start += len(page.rows)
            if len(found) == before or start > page.total:
                return found

    def _with_members(self, pool: ThreadPoolExecutor, groups: list[Live], question: Question) -> list[Live]:
        """Members cost a request a group where lists do not carry them: only for groups that matter."""
        wanted = {
            (name, fold(value))
            for each in question.declared
            if each.type is ResourceType.GROUP and each.needs_members
            for name, value in each.matching
        }

        def read(group: Live) -> Live:
            if group.members is not None and self.dialect.lists_members:
                return group
            needed = (group.owned and question.everything) or _is_among(group, wanted)
            return self._with_its_members(group) if needed else group

        return list(pool.map(read, groups))

    def _with_its_members(self, group: Live) -> Live:
        path = f"{PATHS[ResourceType.GROUP]}/{quote(group.id, safe='')}"
        row = decode_resource(self.get(path, {}).body, f"GET {path} ({group.key})")
        live = to_live(row, ResourceType.GROUP, f"GET {path} ({group.key})")
        self.displays.update(member_displays(row.get("members")))
        return replace(group, members=live.members or frozenset())


def _is_among(live: Live, wanted: set[tuple[str, str]]) -> bool:
    return any((name, fold(live.attributes.get(name))) in wanted for name in {name for name, _ in wanted})


def _matched(declared: Sequence[Identity]) -> frozenset[str]:
    return frozenset(name for each in declared for name, _ in each.matching)


def _batches(declared: Sequence[Identity]) -> Iterator[list[tuple[str, str]]]:
    """Matching attributes and values for one look-up each: so many identities, and not too long for a URL."""
    batch: list[tuple[str, str]] = []
    identities = length = 0
    for each in declared:
        size = len(quote(equals_any(each.matching)))
        if batch and (identities == IDENTITIES_PER_LOOKUP or length + size > LONGEST_FILTER):
            yield batch
            batch, identities, length = [], 0, 0
        batch.extend(each.matching)
        identities, length = identities + 1, length + size
    if batch:
        yield batch
