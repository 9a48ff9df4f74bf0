"""Ways to the service, each one exchange at a time: a connection of its own, httpx's transports, a WSGI application.

A connection is httpx's own engine, httpcore: what httpx's pool puts on top of it costs a third of an exchange. All else
is httpx's: errors, headers, compression, proxies.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import LifoQueue
from typing import TYPE_CHECKING, Any, Protocol

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Sequence

KEEP_ALIVE = 5.0
"""Seconds: httpx's default."""
LARGEST_ANSWER = 64 * 1024**2
"""Bytes: a page of 25 users takes less than a thousandth of it."""
_PIECE = 16_384
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


class TooLarge(httpx.RequestError):
    """The answer is larger than anything that is of use, so that it was not read to its end."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an answer may come to: `size` in bytes, decompressed as well; `seconds` from the request on, by `clock`."""

    size: int = LARGEST_ANSWER
    seconds: float = float("inf")
    clock: Callable[[], float] = time.monotonic

    def gather(self, pieces: Iterable[bytes], begun: float = float("inf")) -> bytes:
        """All pieces. Raises TooLarge, and httpx.ReadTimeout where they keep coming for too long after `begun`."""
        received, size = list[bytes](), 0
        for piece in pieces:
            size += len(piece)
            if size > self.size:
                raise TooLarge(f"it is larger than {self.size // 1024**2} MiB")
            if self.clock() - begun > self.seconds:
                raise httpx.ReadTimeout("the answer takes too long")
            received.append(piece)
        return b"".join(received)


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

    def __init__(self, trusted: ssl.SSLContext, keep_alive: float = KEEP_ALIVE, *, bounds: Bounds = Bounds()) -> None:
        self._trusted = trusted
        self._keep_alive = keep_alive
        self._bounds = bounds
        self._connection: httpcore.HTTPConnection | None = None

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""
        to = request.address
        url = httpcore.URL(scheme=to.raw_scheme, host=to.raw_host, port=to.port, target=request.target)
        sent = httpcore.Request(
            request.method, url, headers=request.headers, content=request.body, extensions=request.extensions
        )
        begun = self._bounds.clock()
        try:
            response = self._open(url.origin).handle_request(sent)
            try:
                received = self._bounds.gather(response.iter_stream(), begun)
            finally:
                response.close()
        except tuple(_ERRORS) as error:
            raise next(theirs for ours, theirs in _ERRORS.items() if isinstance(error, ours))(str(error)) from error
        found = httpx.Headers(response.headers)
        if "content-encoding" in found:
            received = _decompress(found, received, self._bounds)
        return Answer(response.status, found, received)

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

    def __init__(self, transport: httpx.BaseTransport, bounds: Bounds = Bounds()) -> None:
        self._transport = transport
        self._bounds = bounds

    def exchange(self, request: Request) -> Answer:
        """The whole answer. Raises httpx.RequestError."""
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.body, extensions=request.extensions
        )
        begun = self._bounds.clock()
        response = self._transport.handle_request(sent)
        try:
            received = self._bounds.gather(response.iter_bytes(), begun)
        finally:
            response.close()
        return Answer(response.status_code, response.headers, received)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class InProcess(httpx.BaseTransport):
    """A WSGI application as if it were behind a connection, which it may also drop."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._inner = httpx.WSGITransport(app=application)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the application answers."""
        with _as_connection(request):
            response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - for types: a WSGI application's is
        response.stream = _Stream(response.stream, request)
        return response


class _Stream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, request: httpx.Request) -> None:
        self._inner, self._request = inner, request

    def __iter__(self) -> Iterator[bytes]:
        with _as_connection(self._request):
            yield from self._inner

    def close(self) -> None:
        self._inner.close()


@contextmanager
def _as_connection(request: httpx.Request) -> Iterator[None]:
    """What an application raises as what a connection would."""
    try:
        yield
    except ConnectionError as error:
        raise httpx.ReadError(str(error) or "connection dropped", request=request) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error


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


class _Pieces(httpx.SyncByteStream):
    """A body in pieces that are small enough for what each decompresses to."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), _PIECE):
            yield self._body[start : start + _PIECE]


def _decompress(headers: httpx.Headers, received: bytes, bounds: Bounds) -> bytes:
    """The body as httpx decompresses it. Raises httpx.DecodingError, TooLarge."""
    return bounds.gather(httpx.Response(HTTPStatus.OK, headers=headers, stream=_Pieces(received)).iter_bytes())
