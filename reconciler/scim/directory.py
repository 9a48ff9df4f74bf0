"""The directory that planning and applying see, on top of SCIM: a reader that cannot write, a writer, a probe."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reconciler.core.directory import Assumptions
from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold, is_empty
from reconciler.core.schema import MATCHABLE
from reconciler.core.times import format_time
from reconciler.errors import ServiceError
from reconciler.scim.capabilities import choose_dialect
from reconciler.scim.carryover import remember
from reconciler.scim.client import Client
from reconciler.scim.dialects import PATHS, Dialect
from reconciler.scim.filters import equals_any
from reconciler.scim.memory import share_memory
from reconciler.scim.reading import ScimReader
from reconciler.scim.wire import Page, decode_page, to_live
from reconciler.scim.writing import ScimWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.forecast import Budget
    from reconciler.scim.connection import Connection
    from reconciler.scim.exchanged import Exchanged
    from reconciler.scim.filters import Filter

NOBODY = "reconciler-check-nobody"


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
    """Who hears of users read and their total, of waits, and of each request."""

    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None
    on_talk: Callable[[str], None] = lambda _text: None
    on_exchange: Callable[[Exchanged], None] | None = None


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
    client = Client(connection, application=application, on_talk=listener.on_talk, on_exchange=listener.on_exchange)
    with closing(client), remember(client.pacer, connection):
        dialect = choose_dialect(connection.dialect, client.endpoint, client.get)
        reader = ScimReader(
            client.get,
            dialect,
            scopes,
            connection.concurrency,
            requests=lambda: client.requests,
            now=lambda: format_time(datetime.now(UTC), "seconds"),
            epoch=connection.waiting.timing.epoch,
            on_progress=listener.on_progress,
            assumptions=assumptions,
        )
        yield Directory(client, dialect, reader, ScimWriter(client, dialect, connection.members_per_request, scopes))
