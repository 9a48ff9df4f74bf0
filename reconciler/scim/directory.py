"""The directory that planning and applying see, on top of SCIM: a reader that cannot write, a writer, a probe."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.core.directory import Assumptions, MemberDelta, Written
from reconciler.core.model import Live, ResourceType
from reconciler.core.normalise import fold, is_empty
from reconciler.core.schema import KEY_ATTRIBUTE, MATCHABLE
from reconciler.errors import LostAnswer, NotSent, ServiceError
from reconciler.scim.capabilities import choose_dialect
from reconciler.scim.carryover import remember
from reconciler.scim.client import Client
from reconciler.scim.dialects import PATHS, Dialect
from reconciler.scim.filters import equals_any, matches
from reconciler.scim.memory import share_memory
from reconciler.scim.reading import ScimReader
from reconciler.scim.wire import Page, decode_page, decode_resource, to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.forecast import Budget
    from reconciler.core.model import Attributes, Member
    from reconciler.core.plan_model import Change
    from reconciler.scim.connection import Connection
    from reconciler.scim.filters import Filter
    from reconciler.scim.transports import Answer

NOBODY = "reconciler-check-nobody"


@dataclass(frozen=True, slots=True)
class ScimWriter:
    """Creates and updates resources, one request each where members fit into one."""

    client: Client
    dialect: Dialect
    batch: int
    scopes: tuple[Filter | None, Filter | None] = (None, None)

    def create(self, resource_type: ResourceType, attributes: Attributes, members: Sequence[Member]) -> Written:
        """Create one resource, its members included. Raises ServiceError.

        A lost answer is looked up before the request is repeated, once.
        """
        first, rest = tuple(members[: self.batch]), tuple(members[self.batch :])
        key = str(attributes[KEY_ATTRIBUTE[resource_type]])
        body = self.dialect.encode_create(resource_type, attributes, first)
        written = self._post(resource_type, key, body)
        if not rest:
            return written
        with _begun(f"created with its first {len(first)} members"):
            more = self.update(Live(resource_type, written.id, key, {}), (), MemberDelta(add=rest))
        return replace(more, requests=written.requests + more.requests)

    def update(self, live: Live, changes: Sequence[Change], members: MemberDelta) -> Written:
        """Change one resource: the attributes in `changes` and its members. Raises ServiceError."""
        path = f"{PATHS[live.type]}/{quote(live.id, safe='')}"
        bodies = list(self.dialect.encode_updates(live, changes, members, self.batch))
        seen: Live | None = None
        for sent, body in enumerate(bodies):
            with _begun(f"{sent} of {len(bodies)} requests done" if sent else ""):
                seen = self._shown(self.client.send("PATCH", path, body=body, resource=live.key), live.type)
        return Written(live.id, len(bodies), seen if seen and seen.id == live.id else None)

    def _post(self, resource: ResourceType, key: str, body: dict[str, object]) -> Written:
        path = PATHS[resource]
        try:
            return self._created(self.client.send("POST", path, body=body, resource=key), resource, key)
        except LostAnswer as lost:
            with _begun(lost.message):
                found = self._find(resource, key)
            if found:
                return Written(found, 2)
        written = self._created(self.client.send("POST", path, body=body, resource=key), resource, key)
        return replace(written, requests=3)

    def _created(self, answer: Answer, resource: ResourceType, key: str) -> Written:
        live = self._shown(answer, resource)
        if live:
            return Written(live.id, live=live)
        location = answer.headers.get("location", "").rstrip("/")
        found = location.rpartition("/")[2] or self._find(resource, key)
        if not found:
            raise ServiceError(f"POST {PATHS[resource]} ({key}): HTTP {answer.status}, but the answer has no id")
        return Written(found)

    def _shown(self, answer: Answer, resource: ResourceType) -> Live | None:
        """The resource that an answer to a write shows, or None: the write itself succeeded all the same."""
        try:
            live = to_live(decode_resource(answer.body, ""), resource, "")
        except ServiceError:
            return None
        scope = self.scopes[0] if resource is ResourceType.USER else self.scopes[1]
        return replace(live, owned=scope is None or matches(scope, live.attributes))

    def _find(self, resource: ResourceType, key: str) -> str | None:
        name, path = KEY_ATTRIBUTE[resource], PATHS[resource]
        page = decode_page(self.client.get(path, {"filter": equals_any([(name, key)])}).body, f"GET {path} ({key})")
        lives = [to_live(row, resource, f"GET {path} ({key})") for row in page.rows]
        return next((live.id for live in lives if fold(live.attributes.get(name)) == fold(key)), None)


@contextmanager
def _begun(what: str) -> Iterator[None]:
    """What is not sent now leaves something half done, which is not the same as not begun."""
    try:
        yield
    except NotSent as unsent:
        if not what:
            raise
        raise ServiceError(f"{what}; {unsent.message}", hint=unsent.hint) from unsent


@dataclass(frozen=True, slots=True)
class Probe:
    """What `check` found out. `filters`: per resource and matching attribute whether the service finds by it.

    `milliseconds`: the quickest answer. `budget`: requests left this hour.
    """

    dialect: str
    users: int
    groups: int
    filters: tuple[tuple[str, bool], ...]
    milliseconds: float
    budget: Budget


@dataclass(frozen=True, slots=True)
class Directory:
    """One tenant, connected."""

    client: Client
    dialect: Dialect
    reader: ScimReader
    writer: ScimWriter

    def probe(self) -> Probe:
        """Ask a little of everything that a plan needs. Raises ServiceError."""
        times: list[float] = []
        pages = {resource: self._timed(resource, {"count": "1"}, times) for resource in ResourceType}
        filters = tuple(
            (f"{resource.value}.{name}", self._finds_by(resource, name, pages[resource].rows, times))
            for resource, names in MATCHABLE.items()
            for name in names
        )
        return Probe(
            self.dialect.name,
            pages[ResourceType.USER].total,
            pages[ResourceType.GROUP].total,
            filters,
            round(min(times) * 1000, 1),
            self.client.pacer.budget(),
        )

    def _finds_by(self, resource: ResourceType, name: str, known: Sequence[dict[str, Any]], times: list[float]) -> bool:
        """The value of somebody known must find those who have it; one that nobody has must find nobody."""
        values = _values(name, known, resource)
        pairs = [(name, value) for value in (*values.values(), NOBODY)]
        try:
            page = self._timed(resource, {"filter": equals_any(pairs)}, times)
        except ServiceError as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                return False
            raise
        return _values(name, page.rows, resource).keys() == values.keys()

    def _timed(self, resource: ResourceType, parameters: dict[str, str], times: list[float]) -> Page:
        start = time.perf_counter()
        answer = self.client.get(PATHS[resource], parameters)
        times.append(time.perf_counter() - start)
        return decode_page(answer.body, f"GET {PATHS[resource]}")


def _values(name: str, rows: Sequence[dict[str, Any]], resource: ResourceType) -> dict[str, str]:
    """The values of a matching attribute in these rows, by how they compare."""
    found = [to_live(row, resource, f"GET {PATHS[resource]}").attributes.get(name) for row in rows]
    return {fold(value): str(value) for value in found if not is_empty(value)}


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of users read and their total, and of waits."""

    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None
    on_talk: Callable[[str], None] = lambda _text: None


@contextmanager
def open_directory(
    connection: Connection,
    *,
    scopes: tuple[Filter | None, Filter | None] = (None, None),
    assumptions: Assumptions = Assumptions(),
    application: Callable[..., Iterable[bytes]] | None = None,
    listener: Listener = Listener(),
) -> Iterator[Directory]:
    """Connect to a tenant; `application` is a WSGI application to speak to in process instead.

    Raises OperatorError for an endpoint that is not allowed, ServiceError where it does not answer.
    """
    share_memory()
    client = Client(connection, application=application, on_talk=listener.on_talk)
    with closing(client), remember(client.pacer, connection):
        dialect = choose_dialect(connection.dialect, client.endpoint, client.get)
        reader = ScimReader(
            client.get,
            dialect,
            scopes,
            connection.concurrency,
            requests=lambda: client.requests,
            now=lambda: datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            epoch=time.time,
            on_progress=listener.on_progress,
            assumptions=assumptions,
        )
        yield Directory(client, dialect, reader, ScimWriter(client, dialect, connection.members_per_request, scopes))
