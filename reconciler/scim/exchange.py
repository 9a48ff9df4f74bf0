"""Requests to one tenant, and by which way they are sent: headers, TLS, proxies.

What httpx's client puts on top (cookies, authentication flows, redirects, merged defaults) is not wanted here and costs
more than a third of a request. Touches the network, and the environment for proxies and certificates, as httpx does.
"""

from __future__ import annotations

import json
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler import __version__
from reconciler.errors import OperatorError
from reconciler.scim.transports import Bounds, Connections, Direct, InProcess, Relayed, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.scim.connection import Connection
    from reconciler.scim.transports import Answer, Transport

PATIENCE = 10
"""Timeouts within which a whole answer must come, however it comes."""
_parse = lru_cache(maxsize=64)(httpx.URL)


class Exchange:
    """Builds requests to one tenant and sends them over its transport; safe to use from several threads."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._transport = transport
        self._headers = httpx.Headers(_headers(connection)).raw
        self._extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), connection.timeout)}

    def build(
        self, method: str, url: str | httpx.URL, parameters: dict[str, str] | None = None, body: Any = None
    ) -> Request:
        """A request with the tenant's headers; `body` is sent as JSON. Raises httpx.InvalidURL."""
        address = _parse(url)
        target = address.raw_path + b"?" + urlencode(parameters).encode() if parameters else address.raw_path
        headers, content = [(b"Host", address.netloc), *self._headers], b""
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers += [(b"Content-Length", str(len(content)).encode()), (b"Content-Type", b"application/json")]
        return Request(method, address, target, headers, content, self._extensions)

    def send(self, request: Request) -> Answer:
        """The whole answer, its connection free again. Raises httpx.RequestError."""
        return self._transport.exchange(request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def open_transport(connection: Connection) -> Transport:
    """Connections to the endpoint, or to the proxy that the environment names for it. Raises OperatorError."""
    bounds = _bounds(connection)
    trusted, proxy = _trust(connection.endpoint), _proxy(connection.endpoint)
    if proxy is None:
        return Connections([Direct(trusted, bounds=bounds) for _ in range(connection.concurrency)])
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    try:
        return Connections([
            Relayed(httpx.HTTPTransport(verify=trusted, limits=one, proxy=proxy), bounds)
            for _ in range(connection.concurrency)
        ])  # fmt: skip
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        needs = "SOCKS needs the package socksio" if isinstance(error, ImportError) else "it is not an address of one"
        raise OperatorError(
            f"the proxy that the environment names cannot be used: {needs}",
            hint="see HTTPS_PROXY and NO_PROXY; write it like http://user:password@proxy.example:8080, with %2F for a"
            " slash in the password, and so on",
        ) from None


def open_application(application: Callable[..., Iterable[bytes]], connection: Connection) -> Transport:
    """A WSGI application as if it were the service."""
    return Relayed(InProcess(application), _bounds(connection))


def _bounds(connection: Connection) -> Bounds:
    """A body whose pieces keep coming may take some time, but not for ever."""
    return Bounds(seconds=PATIENCE * connection.timeout, clock=connection.waiting.timing.monotonic)


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
