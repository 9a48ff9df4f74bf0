"""Which requests get the live state most cheaply, among the ways that are allowed to answer the question.

- *incremental*: what changed since the snapshot; the rest is known.
- *scan*: all pages.
- *active scan*: the pages of active users, then the declared ones that are not among them.
- *lookup*: the declared ones, where nothing else matters.

A read is complete only when as many distinct ids were seen as the service says there are.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.directory import Assumptions, Reading, Way
from reconciler.core.model import LiveState, Member, ReadSummary, ResourceType
from reconciler.core.snapshot import Snapshot, modified, shows_fields
from reconciler.scim.changes import CLOCKS_APART, Doubt, read_changes
from reconciler.scim.lists import PAGES_AHEAD, FilterIgnored, Lists, count_pages
from reconciler.scim.lookups import look_up_declared
from reconciler.scim.memberships import Memberships, keep_members
from reconciler.scim.rereading import read_again
from reconciler.scim.scans import Found, Scan, absent_pairs, unseen_identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from reconciler.core.directory import Identity, Question
    from reconciler.core.model import Live
    from reconciler.scim.dialects import Dialect
    from reconciler.scim.filters import Filter
    from reconciler.scim.transports import Answer

INCREMENTAL_REQUESTS = 4
"""For users and groups: how many there are, and what changed."""
RECENT = 300.0
"""Seconds for which memberships that were read count as recent."""
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP


@dataclass(frozen=True, slots=True)
class ScimReader:
    """Reads live state. It is given nothing but `get`, so it cannot write.

    `scopes`: ownership of users and of groups, None for all. `on_progress(done, total)` hears of users seen. `now` and
    `epoch` are this machine's clock.
    """

    get: Callable[[str, dict[str, str]], Answer]
    dialect: Dialect
    scopes: tuple[Filter | None, Filter | None]
    concurrency: int
    requests: Callable[[], int]
    now: Callable[[], str]
    epoch: Callable[[], float]
    on_progress: Callable[[int, int | None], None]
    assumptions: Assumptions = Assumptions()

    def read(self, question: Question, snapshot: Snapshot | None = None) -> Reading:
        """Live state that answers the question. Raises ServiceError where a request fails for good."""
        before = self.requests()
        with ThreadPoolExecutor(self.concurrency) as pool, ThreadPoolExecutor(1) as beside:
            ahead, today = self.concurrency * PAGES_AHEAD, self.epoch()
            latest = today + CLOCKS_APART
            lists = Lists(self.get, self.dialect, self.scopes, pool, ahead, self.on_progress, latest)
            try:
                reading = _Read(lists, question, self.assumptions, beside, today).read(snapshot)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        summary = replace(reading.live.summary, requests=self.requests() - before, read_at=self.now())
        return replace(reading, live=replace(reading.live, summary=summary))

    def read_again(self, known: LiveState, names: Iterable[Member]) -> LiveState:
        """`known` with the resources of these types and ids as they are now. Raises ServiceError."""
        with ThreadPoolExecutor(self.concurrency) as pool:
            return read_again(self.get, pool, self.scopes, known, names)


@dataclass(frozen=True, slots=True)
class _Read:
    """One read: `beside` is a second thread for what can be asked at the same time; `today` in epoch seconds."""

    lists: Lists
    question: Question
    assumptions: Assumptions
    beside: Executor
    today: float

    def read(self, snapshot: Snapshot | None) -> Reading:
        if not self.question.everything and not self.question.full and self.lists.dialect.filters:
            try:
                return self._look_up(snapshot)
            except FilterIgnored as ignored:
                reading = self._read_everything(snapshot, (Way("lookup", None, str(ignored)),), narrow=False)
                return replace(reading, live=replace(reading.live, notes=(str(ignored), *reading.live.notes)))
        if snapshot is None or self.question.full or self.lists.dialect.name != "4me":
            return self._read_everything(snapshot, ())
        ways = self._weigh(snapshot)
        if ways[0].name != "incremental":
            return self._read_everything(snapshot, ways[1:])
        try:
            return self._read_changes(snapshot, ways)
        except Doubt as doubt:
            return self._read_everything(snapshot, (replace(ways[0], note=str(doubt)),))

    def _declared(self, resource: ResourceType) -> list[Identity]:
        return [each for each in self.question.declared() if each.type is resource]

    def _look_up(self, snapshot: Snapshot | None) -> Reading:
        users, groups = self._declared(_USER), self._declared(_GROUP)
        found = look_up_declared(self.lists, users, groups)
        size = self.lists.dialect.page_size
        expected = count_pages(len(users), size) + count_pages(len(groups), size) + len(found[_GROUP])
        ways = (Way("lookup", expected), Way("scan", None, "not needed: only what was named matters"))
        state = self._state("lookup", Found(found[_USER]), Found(found[_GROUP]))
        return Reading(replace(state, shows_fields=snapshot is not None and shows_fields(snapshot)), ways=ways)

    def _weigh(self, snapshot: Snapshot) -> tuple[Way, ...]:
        """The ways on which everything that is owned is seen, the cheapest that is allowed first."""
        size = self.lists.dialect.page_size
        users, groups = snapshot.users.lives, snapshot.groups.lives
        owned = sum(1 for group in groups.values() if group.owned)
        members = 0 if self._trusts_members(snapshot) else owned
        incremental = Way("incremental", INCREMENTAL_REQUESTS + members)
        kind = "active scan" if snapshot.users.active_only else "scan"
        scan = Way(kind, count_pages(len(users), size) + count_pages(len(groups), size) + owned)
        if not 0 <= self.today - snapshot.full_at <= self.assumptions.refresh_every:
            return scan, replace(incremental, requests=None, note=f"the last full read is {self._age(snapshot)} old")
        return (incremental, scan) if (incremental.requests or 0) < (scan.requests or 0) else (scan, incremental)

    def _age(self, snapshot: Snapshot) -> str:
        return f"{(self.today - snapshot.full_at) / 86400:.1f} days"

    def _touches(self, snapshot: Snapshot | None) -> bool | None:
        stated = self.assumptions.touches
        return stated if stated is not None or snapshot is None else snapshot.touches

    def _trusts_members(self, snapshot: Snapshot) -> bool:
        """Whether members that did not come with a newer time stamp are known to be unchanged, or recent enough."""
        recent = self.question.recent_members and 0 <= self.today - snapshot.members_at <= RECENT
        return self._touches(snapshot) is True or recent

    def _read_changes(self, snapshot: Snapshot, ways: tuple[Way, ...]) -> Reading:
        changed_groups = self.beside.submit(read_changes, self.lists, _GROUP, snapshot.groups, snapshot.since)
        try:
            changed_users = read_changes(self.lists, _USER, snapshot.users, snapshot.since)
        finally:
            wait([changed_groups])
        groups = changed_groups.result()
        users = self._complete_users(snapshot, changed_users.lives, changed_users.unread)
        moment = min(changed_users.moment, groups.moment)
        trusted = self._trusts_members(snapshot)
        lives = keep_members(groups.lives, snapshot.groups.lives)
        memberships = self._memberships(users.lives, lives, again=not trusted)
        after = Snapshot(
            users.remembered(),
            Found(memberships.groups).remembered(),
            since=moment,
            full_at=snapshot.full_at,
            members_at=snapshot.members_at if trusted else self.today,
            touches=memberships.learn(snapshot.touches, snapshot.groups.lives, snapshot.since),
            names=snapshot.names,
        )
        state = self._state("incremental", users, Found(memberships.groups), snapshot.names)
        return Reading(state, replace(after, names=state.member_names), ways, relied_on=snapshot)

    def _complete_users(self, snapshot: Snapshot, lives: Mapping[str, Live], unread: int) -> Found:
        """Where only active users were read, declared ones neither known nor known to be absent are looked up."""
        if not snapshot.users.active_only:
            return Found(lives)
        unseen = unseen_identities(lives.values(), self._declared(_USER), snapshot.users.absent)
        try:
            hits = self.lists.look_up(_USER, unseen) if unseen else {}
        except FilterIgnored:
            raise Doubt("the service ignores filters") from None
        absent = snapshot.users.absent | absent_pairs(unseen, hits.values())
        everyone = {**lives, **hits}
        new = len(everyone) - len(lives)
        return Found(everyone, active_only=True, absent=absent, unread=max(unread - new, 0))

    def _read_everything(self, before: Snapshot | None, considered: tuple[Way, ...], *, narrow: bool = True) -> Reading:
        narrow = narrow and not self.question.full and self.lists.dialect.name == "4me"
        scan = Scan(self.lists, _GROUP, lambda: self._declared(_GROUP))
        found_groups = self.beside.submit(scan.read, narrow=False)
        users = Scan(self.lists, _USER, lambda: self._declared(_USER)).read(narrow=narrow)
        groups = found_groups.result()
        memberships = self._memberships(users.lives, groups.lives, again=not self.lists.dialect.lists_members)
        groups = replace(groups, lives=memberships.groups)
        extra = (groups.ways[0].requests or 0) + memberships.requests
        ways = tuple(replace(way, requests=(way.requests or 0) + extra) for way in users.ways)
        state = self._state(ways[0].name, users, groups)
        after = self._remember(state, users, groups)
        if after and before:
            touches = memberships.learn(before.touches, before.groups.lives, before.since)
            after = replace(after, touches=touches)
        return Reading(state, after, (*ways, *considered))

    def _remember(self, state: LiveState, users: Found, groups: Found) -> Snapshot | None:
        """What the next read may build on: nothing where something was left in doubt, or where times are not told."""
        moments = [found.moment for found in (users, groups) if found.moment is not None]
        if self.lists.dialect.name != "4me" or not state.summary.complete or not moments:
            return None
        if any(modified(live) is None for live in (*state.users, *state.groups)):
            return None
        return Snapshot(
            users.remembered(),
            groups.remembered(),
            since=min(moments),
            full_at=self.today,
            members_at=self.today,
            touches=self.assumptions.learned,
            names=state.member_names,
        )

    def _memberships(self, users: Mapping[str, Live], groups: Mapping[str, Live], *, again: bool) -> Memberships:
        return Memberships.read(self.lists, (users, groups), lambda: self._declared(_GROUP), again=again)

    def _state(self, strategy: str, users: Found, groups: Found, names: Mapping[Member, str] = {}) -> LiveState:
        def is_read(member: Member) -> bool:
            return member.name in (users if member.type is _USER else groups).lives

        return LiveState(
            tuple(users.lives.values()),
            tuple(groups.lives.values()),
            {member: name for member, name in {**names, **self.lists.displays}.items() if not is_read(member)},
            ReadSummary(strategy, complete=users.complete and groups.complete),
            (*users.notes, *groups.notes),
            users.unread,
        )
