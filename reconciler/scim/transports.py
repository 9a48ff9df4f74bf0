"""Ways to the service, each one exchange at a time: a connection of its own, httpx's transports, a WSGI application.

A connection is httpx's own engine, httpcore: what httpx's pool puts on top of it costs a third of an exchange. All else
is httpx's: errors, headers, compression, proxies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from queue import LifoQueue
from typing import TYPE_CHECKING, Any, Protocol

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

KEEP_ALIVE = 5.0
"""Seconds: httpx's default."""
_ERRORS: dict[type[Exception], type[httpx.RequestError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: `target` is path and query, `extensions` are httpcore's, the timeouts among them."""

    method: str
    address: httpx.URL
    target: bytes
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = b""
    extensions: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> httpx.URL:
        """The address with its query."""
        return self.address.copy_with(raw_path=self.target)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its body decompressed."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_redirect(self) -> bool:
        """Whether the answer is elsewhere."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST


class Transport(Protocol):
    """A way to the service."""

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""

    def close(self) -> None:
        """Close all connections."""


class Direct:
    """One connection to the service, opened when it is needed, and anew after either side closed it.

    `keep_alive`: the seconds after which it is not used again.
    """

    def __init__(self, trusted: ssl.SSLContext, keep_alive: float = KEEP_ALIVE) -> None:
        self._trusted = trusted
        self._keep_alive = keep_alive
        self._connection: httpcore.HTTPConnection | None = None

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""
        to = request.address
        url = httpcore.URL(scheme=to.raw_scheme, host=to.raw_host, port=to.port, target=request.target)
        sent = httpcore.Request(
            request.method, url, headers=request.headers, content=request.body, extensions=request.extensions
        )
        try:
            response = self._open(url.origin).handle_request(sent)
            try:
                received = response.read()
            finally:
                response.close()
        except tuple(_ERRORS) as error:
            raise next(theirs for ours, theirs in _ERRORS.items() if isinstance(error, ours))(str(error)) from error
        found = httpx.Headers(response.headers)
        return Answer(response.status, found, _decompress(found, received) if "content-encoding" in found else received)

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()

    def _open(self, origin: httpcore.Origin) -> httpcore.HTTPConnection:
        connection = self._connection
        if not connection or connection.is_closed() or connection.has_expired():
            self.close()
            connection = httpcore.HTTPConnection(origin, self._trusted, keepalive_expiry=self._keep_alive)
            self._connection = connection
        return connection


class Relayed:
    """A way by one of httpx's own transports: to a proxy, or within this process."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.body, extensions=request.extensions
        )
        response = self._transport.handle_request(sent)
        try:
            response.read()
        finally:
            response.close()
        return Answer(response.status_code, response.headers, response.content)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class InProcess(httpx.BaseTransport):
    """A WSGI application as if it were behind a connection, which it may also drop."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._inner = httpx.WSGITransport(app=application)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the application answers."""
        try:
            response = self._inner.handle_request(request)
            response.read()
        except ConnectionError as error:
            raise httpx.ReadError(str(error) or "connection dropped", request=request) from error
        return response


class Connections:
    """Transports of one connection each, the one that was free last first; so many requests are under way at most.

    In one pool of many connections each request asks all of them twice whether they are still open, and waits for the
    other threads that ask.
    """

    def __init__(self, transports: Sequence[Transport]) -> None:
        self._all = transports
        self._free: LifoQueue[Transport] = LifoQueue()
        for transport in transports:
            self._free.put(transport)

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""
        transport = self._free.get()
        try:
            return transport.exchange(request)
        finally:
            self._free.put(transport)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._all:
            transport.close()


def _decompress(headers: httpx.Headers, received: bytes) -> bytes:
    """The body as httpx decompresses it. Raises httpx.DecodingError."""
    return httpx.Response(HTTPStatus.OK, headers=headers, stream=httpx.ByteStream(received)).read()
