"""Walking the service's lists, and look-ups in batches.

Pages are fetched in parallel, decoded as they come, checked against the total, and walked again where they do not add
up. Every hit of a filter is checked again here.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.core.members import Members
from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold
from reconciler.core.snapshot import modified
from reconciler.errors import ServiceError
from reconciler.scim.dialects import PATHS
from reconciler.scim.filters import equals_any, matches
from reconciler.scim.wire import decode_page, decode_resource, member_displays, to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Executor, Future

    from reconciler.core.directory import Identity
    from reconciler.core.model import Live, Member
    from reconciler.scim.dialects import Dialect
    from reconciler.scim.filters import Filter
    from reconciler.scim.transports import Answer

WALKS = 3
PAGES_AHEAD = 4
IDENTITIES_PER_LOOKUP = 25
LONGEST_FILTER = 6000
REFUSED_FILTERS = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)


class FilterIgnored(Exception):
    """A row came that the filter excludes: the service does not filter these resources as it is asked to."""

    def __init__(self, resource: ResourceType) -> None:
        super().__init__(f"the service ignores filters on {resource.value}s: all were read")


class _Incomplete(Exception):
    """Fewer hits came than the service says there are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page: the total that was told, rows received, resources, the Date header (RFC 9110 §6.6.1)."""

    total: int
    rows: int
    lives: list[Live]
    date: str | None = None

    @property
    def moment(self) -> float | None:
        """The service's clock, None where it does not tell."""
        try:
            return parsedate_to_datetime(self.date).timestamp() if self.date else None
        except ValueError:
            return None


@dataclass(slots=True)
class Walk:
    """One walk over a list: what was seen by id, the totals that the service named, the rows received.

    `moment`: the service's clock when the walk began; where no header tells it, the latest change that the first page
    shows, since that is past.
    """

    seen: dict[str, Live] = field(default_factory=dict)
    totals: set[int] = field(default_factory=set)
    rows: int = 0
    moment: float | None = None

    @property
    def complete(self) -> bool:
        """Whether as many distinct resources were seen as the service says there are."""
        return self.totals == {len(self.seen)}


@dataclass(frozen=True, slots=True)
class Lists:
    """Reads lists and single resources through `get`, in `pool`.

    `scopes`: ownership of users and of groups, None for all. `on_progress(done, total)` hears of users seen. `latest`:
    no time that the service shows is taken for its clock if it is later. `displays` gathers what the service calls the
    members of groups.
    """

    get: Callable[[str, dict[str, str]], Answer]
    dialect: Dialect
    scopes: tuple[Filter | None, Filter | None]
    pool: Executor
    ahead: int
    on_progress: Callable[[int, int | None], None]
    latest: float = float("inf")
    displays: dict[Member, str] = field(default_factory=dict)

    def page(self, resource: ResourceType, start: int = 1, wanted: str = "", count: int | None = None) -> Page:
        """One page of a list. Raises ServiceError."""
        parameters = {"startIndex": str(start), "count": str(count or self.dialect.page_size)}
        if wanted:
            parameters["filter"] = wanted
        path = PATHS[resource]
        answer = self.get(path, parameters)
        page = decode_page(answer.body, f"GET {path}?startIndex={start}")
        return Page(page.total, len(page.rows), list(self._lives(page.rows, resource)), answer.headers.get("date"))

    def walk(
        self,
        resource: ResourceType,
        wanted: str = "",
        accepts: Callable[[Live], bool] | None = None,
        given: Mapping[int, Page] = {},
    ) -> Walk:
        """The whole list, or what three walks saw of it where they never add up.

        `accepts` re-checks each row, `given` are pages that were read already, by their start. Raises FilterIgnored.
        """
        every: dict[str, Live] = {}
        moment: float | None = None
        walk = Walk()
        for attempt in range(WALKS):
            walk = Walk(moment=moment)
            self._walk(resource, wanted, walk, given if attempt == 0 else {})
            moment = walk.moment
            if accepts and not all(map(accepts, walk.seen.values())):
                raise FilterIgnored(resource)
            every |= walk.seen
            if walk.complete:
                return walk
        return replace(walk, seen=every)

    def look_up(self, resource: ResourceType, declared: Sequence[Identity]) -> dict[str, Live]:
        """The live resources of these identities, by id. Raises FilterIgnored."""
        found: dict[str, Live] = {}
        for hits in self.pool.map(lambda pairs: self._hits_of(resource, pairs), _batches(declared)):
            found |= hits
        return found

    def _hits_of(self, resource: ResourceType, pairs: Sequence[tuple[str, str]]) -> dict[str, Live]:
        """The hits of one look-up, in halves where its address is too long, or where its pages do not add up."""
        try:
            return self._hits(resource, pairs)
        except _Incomplete:
            pass
        except ServiceError as error:
            if error.status != HTTPStatus.REQUEST_URI_TOO_LONG or len(pairs) == 1:
                raise
        half = len(pairs) // 2
        return self._hits_of(resource, pairs[:half]) | self._hits_of(resource, pairs[half:])

    def with_members(self, group: Live, users: Mapping[str, Live] = {}) -> Live:
        """The group as it is when asked for by id, which is the only way to its members in 4me.

        What the service calls users with these ids is not gathered: they were read themselves.
        """
        path = f"{PATHS[ResourceType.GROUP]}/{quote(group.id, safe='')}"
        subject = f"GET {path} ({group.key})"
        row = decode_resource(self._listed(path, subject).body, subject)
        live = to_live(row, ResourceType.GROUP, subject)
        if live.members and (live.members.groups or not live.members.users <= users.keys()):
            self.displays.update(member_displays(row.get("members"), users))
        seen = live if modified(live) is not None else group
        return replace(seen, members=(live.members or Members()).sharing(users), owned=group.owned)

    def by_id(self, resource: ResourceType, identity: str) -> Live | None:
        """What has this id, a group with its members; None where nothing has. Raises ServiceError."""
        path = f"{PATHS[resource]}/{quote(identity, safe='')}"
        try:
            row = decode_resource(self.get(path, {}).body, f"GET {path}")
        except ServiceError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        live = to_live(row, resource, f"GET {path}")
        if resource is ResourceType.GROUP:
            self.displays.update(member_displays(row.get("members")))
            live = replace(live, members=live.members or Members())
        return self._judged(live) if live.id == identity else None

    def _listed(self, path: str, subject: str) -> Answer:
        """What a list has just shown, by itself."""
        try:
            return self.get(path, {})
        except ServiceError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            gone = f"{subject}: HTTP 404, though it was listed a moment ago"
            raise ServiceError(
                gone, status=error.status, hint="it may have been deleted since: run it again"
            ) from error

    def _walk(self, resource: ResourceType, wanted: str, walk: Walk, given: Mapping[int, Page]) -> None:
        first = given.get(1) or self.page(resource, 1, wanted)
        if walk.moment is None:
            walk.moment = first.moment or self._latest_change(first)
        self._collect(first, resource, walk)
        step = first.rows
        if step:
            starts = range(1 + step, first.total + 1, step)
            for start in given.keys() & set(starts[-1:]):
                self._collect(given[start], resource, walk)
                starts = starts[:-1]
            self._walk_rest(resource, wanted, walk, starts)
        if step and (len(walk.seen) != first.total or self._may_be_capped(first)):
            self._walk_on(resource, wanted, walk)

    def _latest_change(self, page: Page) -> float | None:
        times = [moment for live in page.lives if (moment := modified(live)) is not None and moment <= self.latest]
        return max(times, default=None)

    def _walk_rest(self, resource: ResourceType, wanted: str, walk: Walk, starts: range) -> None:
        """The other pages, so many ahead at a time: a total that is far too high costs little.

        They are taken in several at a time, so that this thread is not woken for each.
        """
        waiting: deque[Future[list[Page]]] = deque()
        following = iter(starts)
        fruitless = 0
        while True:
            while len(waiting) < self.ahead and fruitless < self.ahead and (start := next(following, 0)):
                end = min(start + starts.step, starts.stop)
                waiting.append(self.pool.submit(self._range, resource, wanted, start, end))
            if not waiting:
                return
            oldest = [waiting.popleft() for _ in range(min(len(waiting), self.ahead // PAGES_AHEAD))]
            wait(oldest)
            for each in oldest:
                before = len(walk.seen)
                for page in each.result():
                    self._collect(page, resource, walk)
                fruitless = 0 if len(walk.seen) > before else fruitless + 1

    def _may_be_capped(self, first: Page) -> bool:
        """Some servers cap totalResults; 4me is not known to, and there the request is worth more."""
        return self.dialect.name != "4me" and first.total % first.rows == 0

    def _walk_on(self, resource: ResourceType, wanted: str, walk: Walk) -> None:
        """Past the announced end, as long as pages bring something new."""
        while True:
            before = len(walk.seen)
            self._collect(self.page(resource, walk.rows + 1, wanted), resource, walk)
            if len(walk.seen) == before:
                return

    def _range(self, resource: ResourceType, wanted: str, start: int, end: int) -> list[Page]:
        """The rows from `start` up to `end`, by rows received: a short page is followed by another request."""
        pages: list[Page] = []
        while start < end:
            page = self.page(resource, start, wanted)
            pages.append(page)
            if not page.rows:
                break
            start += page.rows
        return pages

    def _collect(self, page: Page, resource: ResourceType, walk: Walk) -> None:
        walk.totals.add(page.total)
        walk.rows += page.rows
        for live in page.lives:
            walk.seen[live.id] = live
        if resource is ResourceType.USER:
            self.on_progress(len(walk.seen), page.total)

    def _lives(self, rows: Sequence[dict[str, object]], resource: ResourceType) -> Iterator[Live]:
        for row in rows:
            live = to_live(row, resource, f"GET {PATHS[resource]}")
            if live.members is not None and not self.dialect.lists_members:
                live = replace(live, members=None)
            if live.members:
                self.displays.update(member_displays(row.get("members")))
            yield self._judged(live)

    def _judged(self, live: Live) -> Live:
        scope = self.scopes[0] if live.type is ResourceType.USER else self.scopes[1]
        return live if scope is None or matches(scope, live.attributes) else replace(live, owned=False)

    def _hits(self, resource: ResourceType, pairs: Sequence[tuple[str, str]]) -> dict[str, Live]:
        """The hits of one look-up, page by page while they bring something new."""
        wanted = {(name, fold(value)) for name, value in pairs}
        found: dict[str, Live] = {}
        start = 1
        while True:
            before = len(found)
            page = self.page(resource, start, equals_any(pairs))
            for live in page.lives:
                if not is_among(live, wanted):
                    raise FilterIgnored(resource)
                found[live.id] = live
            start += page.rows
            if len(found) == before or start > page.total:
                break
        if len(found) < page.total and len(pairs) > 1:
            raise _Incomplete
        return found


def count_pages(count: int, size: int) -> int:
    """Requests that it takes to read so many resources."""
    return max(1, ceil(count / size))


def is_among(live: Live, wanted: AbstractSet[tuple[str, str]]) -> bool:
    """Whether one of these attributes has one of these folded values."""
    return any((name, fold(live.attributes.get(name))) in wanted for name in {name for name, _ in wanted})


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
