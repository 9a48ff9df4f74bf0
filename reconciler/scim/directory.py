"""The directory that planning and applying see, on top of SCIM: a reader that cannot write, a writer, a probe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.core.directory import MemberDelta, Written
from reconciler.core.model import Live, ResourceType
from reconciler.core.normalise import fold, is_empty
from reconciler.core.schema import KEY_ATTRIBUTE, MATCHABLE
from reconciler.errors import LostAnswer, ServiceError
from reconciler.scim.capabilities import choose_dialect
from reconciler.scim.client import Client
from reconciler.scim.dialects import PATHS, Dialect
from reconciler.scim.filters import equals_any
from reconciler.scim.reading import ScimReader
from reconciler.scim.wire import Page, decode_page, decode_resource, to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.model import Attributes, Change, Member
    from reconciler.scim.client import Answer
    from reconciler.scim.connection import Connection
    from reconciler.scim.filters import Filter

NOBODY = "reconciler-check-nobody"


@dataclass(frozen=True, slots=True)
class ScimWriter:
    """Creates and updates resources, one request each where members fit into one."""

    client: Client
    dialect: Dialect
    batch: int

    def create(self, resource_type: ResourceType, attributes: Attributes, members: Sequence[Member]) -> Written:
        """Create one resource, its members included. Raises ServiceError.

        A lost answer is looked up before the request is repeated, once.
        """
        first, rest = tuple(members[: self.batch]), tuple(members[self.batch :])
        key = str(attributes[KEY_ATTRIBUTE[resource_type]])
        body = self.dialect.encode_create(resource_type, attributes, first)
        created, requests = self._post(resource_type, key, body)
        if not rest:
            return Written(created, requests)
        live = Live(resource_type, created, key, {})
        return Written(created, requests + self.update(live, (), MemberDelta(add=rest)).requests)

    def update(self, live: Live, changes: Sequence[Change], members: MemberDelta) -> Written:
        """Change one resource: the attributes in `changes` and its members. Raises ServiceError."""
        path = f"{PATHS[live.type]}/{quote(live.id, safe='')}"
        bodies = list(self.dialect.encode_updates(live, changes, members, self.batch))
        for body in bodies:
            self.client.send("PATCH", path, body=body, resource=live.key)
        return Written(live.id, len(bodies))

    def _post(self, resource: ResourceType, key: str, body: dict[str, object]) -> tuple[str, int]:
        path = PATHS[resource]
        try:
            return self._created(self.client.send("POST", path, body=body, resource=key), resource, key), 1
        except LostAnswer:
            found = self._find(resource, key)
            if found:
                return found, 2
        return self._created(self.client.send("POST", path, body=body, resource=key), resource, key), 3

    def _created(self, answer: Answer, resource: ResourceType, key: str) -> str:
        subject = f"POST {PATHS[resource]} ({key})"
        if answer.body:
            identity = decode_resource(answer.body, subject).get("id")
            if not is_empty(identity):
                return str(identity)
        location = answer.headers.get("location", "").rstrip("/")
        found = location.rpartition("/")[2] or self._find(resource, key)
        if not found:
            raise ServiceError(f"{subject}: HTTP {answer.status}, but the answer has no id")
        return found

    def _find(self, resource: ResourceType, key: str) -> str | None:
        name, path = KEY_ATTRIBUTE[resource], PATHS[resource]
        page = decode_page(self.client.get(path, {"filter": equals_any([(name, key)])}).body, f"GET {path} ({key})")
        lives = [to_live(row, resource, f"GET {path} ({key})") for row in page.rows]
        return next((live.id for live in lives if fold(live.attributes.get(name)) == fold(key)), None)


@dataclass(frozen=True, slots=True)
class Probe:
    """What `check` found out. `filters`: per resource and matching attribute whether the service finds by it.

    `milliseconds`: the quickest answer. `remaining`: requests left this hour, where the service says.
    """

    dialect: str
    users: int
    groups: int
    filters: tuple[tuple[str, bool], ...]
    milliseconds: float
    remaining: int | None


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
            self.client.pacer.remaining,
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


@contextmanager
def open_directory(
    connection: Connection,
    *,
    scopes: tuple[Filter | None, Filter | None] = (None, None),
    application: Callable[..., Iterable[bytes]] | None = None,
    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None,
    on_talk: Callable[[str], None] = lambda _text: None,
) -> Iterator[Directory]:
    """Connect to a tenant; `application` is a WSGI application to speak to in process instead.

    Raises OperatorError for an endpoint that is not allowed, ServiceError where it does not answer.
    """
    client = Client(connection, application=application, on_talk=on_talk)
    try:
        dialect = choose_dialect(connection.dialect, client.endpoint, client.get)
        reader = ScimReader(
            client.get,
            dialect,
            scopes,
            connection.concurrency,
            requests=lambda: client.requests,
            now=lambda: datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            on_progress=on_progress,
        )
        yield Directory(client, dialect, reader, ScimWriter(client, dialect, connection.members_per_request))
    finally:
        client.close()
