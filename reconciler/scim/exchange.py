"""One HTTP exchange at a time over httpx's transports: pooled connections, timeouts, TLS, compression, httpx's errors.

What httpx's client puts on top (cookies, authentication flows, redirects, merged defaults) is not wanted here and costs
more than a third of a request. Touches the network, and the environment for proxies and certificates, as httpx does.
"""

from __future__ import annotations

import ssl
from queue import LifoQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler import __version__
from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.scim.connection import Connection


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


class Connections(httpx.BaseTransport):
    """Transports of one connection each, the one that was free last first; so many requests are under way at most.

    In one pool of many connections each request asks all of them twice whether they are still open, and waits for the
    other threads that ask.
    """

    def __init__(self, transports: Sequence[httpx.BaseTransport]) -> None:
        self._all = transports
        self._free: LifoQueue[httpx.BaseTransport] = LifoQueue()
        for transport in transports:
            self._free.put(transport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer. Raises httpx.RequestError."""
        transport = self._free.get()
        try:
            response = transport.handle_request(request)
            try:
                response.read()
            finally:
                response.close()
        finally:
            self._free.put(transport)
        return response

    def close(self) -> None:
        """Close all connections."""
        for transport in self._all:
            transport.close()


class Exchange:
    """Builds requests to one tenant and sends them over its transport; safe to use from several threads."""

    def __init__(self, connection: Connection, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._headers = httpx.Headers(_headers(connection))
        self._extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), connection.timeout)}

    def build(
        self, method: str, url: str | httpx.URL, parameters: dict[str, str] | None = None, body: Any = None
    ) -> httpx.Request:
        """A request with the tenant's headers; `body` is sent as JSON."""
        address = f"{url}?{urlencode(parameters)}" if parameters else url
        return httpx.Request(method, address, headers=self._headers, json=body, extensions=self._extensions)

    def send(self, request: httpx.Request) -> httpx.Response:
        """The whole answer, its connection back in the pool. Raises httpx.RequestError."""
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def open_transport(connection: Connection) -> httpx.BaseTransport:
    """Connections to the endpoint, or to the proxy that the environment names for it. Raises OperatorError."""
    trusted, proxy = _trust(connection.endpoint), _proxy(connection.endpoint)
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    try:
        return Connections([
            httpx.HTTPTransport(verify=trusted, limits=one, proxy=proxy) for _ in range(connection.concurrency)
        ])  # fmt: skip
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise OperatorError(
            f"the proxy that the environment names cannot be used: {error}", hint="see HTTPS_PROXY and NO_PROXY"
        ) from None


def _trust(endpoint: str) -> ssl.SSLContext:
    """Whose certificates count: the usual authorities', which take long to load, and nobody's where there is no TLS."""
    if urlsplit(endpoint).scheme == "https":
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(endpoint: str) -> str | None:
    parts = urlsplit(endpoint)
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or proxy_bypass(parts.netloc):
        return None
    return address if "://" in address else f"http://{address}"


def _headers(connection: Connection) -> dict[str, str]:
    headers = {
        "Accept": "application/scim+json, application/json",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
        "User-Agent": f"fourme-reconciler/{__version__}",
    }
    if connection.token:
        headers["Authorization"] = f"Bearer {connection.token}"
    if connection.account:
        headers["X-4me-Account"] = connection.account
    return headers
