"""What reaches the wire, and by which way: proxies, certificates, headers, compression."""

from __future__ import annotations

import ssl
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import OperatorError
from reconciler.scim.connection import Connection
from reconciler.scim.exchange import Exchange, _trust, open_transport

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFLATED = zlib.compress(b'{"id": "1"}')


class Recorder(BaseHTTPRequestHandler):
    """Answers anything, compressed, with a cookie, and keeps what was asked."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Encoding", "deflate")
        self.send_header("Set-Cookie", "session=1")
        self.send_header("Content-Length", str(len(DEFLATED)))
        self.end_headers()
        self.wfile.write(DEFLATED)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        return


@pytest.fixture(name="server")
def _server() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    class Handler(Recorder):
        asked: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012 - each server has a handler class of its own

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", Handler.asked
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


def ask(connection: Connection, address: str, times: int = 1) -> list[bytes]:
    exchange = Exchange(connection, open_transport(connection))
    try:
        return [exchange.send(exchange.build("GET", address, {"filter": 'a eq "b c"'})).body for _ in range(times)]
    finally:
        exchange.close()


def test_a_request_is_as_it_is_documented(server: tuple[str, list[tuple[str, dict[str, str]]]]) -> None:
    host, asked = server
    connection = Connection(f"http://{host}/scim", token="t", account="widget")
    assert ask(connection, f"http://{host}/scim/Users", times=2) == [b'{"id": "1"}'] * 2
    path, headers = asked[0]
    assert asked == [(path, headers)] * 2, "no cookie comes back"
    assert path == "/scim/Users?filter=a+eq+%22b+c%22"
    assert headers.pop("User-Agent").startswith("fourme-reconciler/")
    assert headers == {
        "Host": host,
        "Accept": "application/scim+json, application/json",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
        "Authorization": "Bearer t",
        "X-4me-Account": "widget",
    }


@pytest.mark.parametrize(
    ("proxied", "variables"),
    [
        (True, {"http_proxy": "http://{proxy}"}),
        (True, {"all_proxy": "{proxy}"}),
        (False, {"http_proxy": "http://{proxy}", "no_proxy": "other.example,{host}"}),
        (False, {"https_proxy": "http://{proxy}"}),
    ],
)
def test_the_environments_proxy_is_used(
    server: tuple[str, list[tuple[str, dict[str, str]]]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    proxied: bool,
    variables: dict[str, str],
) -> None:
    proxy, asked = server
    host = "localhost:1" if proxied else proxy
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(proxy=proxy, host=host))
    ask(Connection(f"http://{host}/scim"), f"http://{host}/Users")
    assert [path.partition("?")[0] for path, _ in asked] == [f"http://{host}/Users" if proxied else "/Users"]


@pytest.mark.parametrize(
    "address",
    [
        "gopher://me:secret@proxy.example",
        "gopher://secret@proxy.example",
        "http://me:secret/8@proxy.example:80",
        "me:secret#8@proxy.example",
        "socks5://me:secret@proxy.example",
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("https_proxy", address)
    with pytest.raises(OperatorError, match="the proxy that the environment names cannot be used: ") as caught:
        open_transport(Connection("https://api.4me.com/scim/v2"))
    assert "secret" not in f"{caught.value!r}{caught.value.hint}"


@pytest.mark.parametrize("endpoint", ["https://api.4me.com/scim/v2", "http://127.0.0.1/scim/v2"])
def test_certificates_are_always_checked(endpoint: str) -> None:
    context = _trust(endpoint)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert bool(context.get_ca_certs()) == endpoint.startswith("https")


def test_a_body_is_sent_as_compact_json_in_utf_8() -> None:
    request = Exchange(
        Connection("http://localhost/scim", token="secret"), open_transport(Connection("http://x"))
    ).build("PATCH", "http://localhost:8080/scim/Users/é", body={"a": ["é", 1]})
    assert (request.target, request.body) == (b"/scim/Users/%C3%A9", '{"a":["é",1]}'.encode())
    headers = dict(request.headers)
    assert headers[b"Host"] == b"localhost:8080"
    assert (headers[b"Content-Type"], headers[b"Content-Length"]) == (b"application/json", b"14")
    assert "secret" not in repr(request)
