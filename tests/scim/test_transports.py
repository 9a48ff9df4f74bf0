"""A connection of its own does as httpx's transport would: answers, errors and their words, connections opened."""

from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from socketserver import BaseRequestHandler, ThreadingTCPServer
from struct import pack
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.scim.transports import Answer, Connections, Direct, InProcess, Relayed, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reconciler.scim.transports import Transport

SILENCE, RESET = b"silence", b"reset"
TRUSTED = ssl.create_default_context()


class Server(ThreadingTCPServer):
    """Answers each request with the next step, the last one for ever; counts connections."""

    daemon_threads = True

    def __init__(self, *steps: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps = list(steps)
        self.asked: list[bytes] = []
        self.connections = 0
        self.closed, self.done = Event(), Event()

    @property
    def address(self) -> httpx.URL:
        return httpx.URL(f"http://127.0.0.1:{self.server_address[1]}/scim")


class Handler(BaseRequestHandler):
    """Closes the connection after an answer that does not say how long it is, or that says so."""

    def handle(self) -> None:
        server, connection = self.server, self.request
        assert isinstance(server, Server)
        server.connections += 1
        while asked := read_request(connection):
            server.asked.append(asked)
            step = server.steps.pop(0) if len(server.steps) > 1 else server.steps[0]
            if step == SILENCE:
                server.done.wait()
                break
            if step == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
                break
            connection.sendall(step.removesuffix(b"<close>"))
            if step.endswith(b"<close>"):
                break
        connection.close()
        server.closed.set()


def read_request(connection: socket.socket) -> bytes:
    """Head and body; b"" where the connection was closed."""
    asked = b""
    while not asked.endswith(b"\r\n\r\n{}" if b"Content-Length: 2" in asked else b"\r\n\r\n"):
        received = connection.recv(65536)
        if not received:
            return b""
        asked += received
        if not asked[:1].isalpha():  # a greeting in TLS
            break
    return asked


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


@pytest.fixture(name="serve")
def _serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*steps: bytes) -> Server:
        server = Server(*steps)
        servers.append(server)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return server

    yield start
    for server in servers:
        server.done.set()
        server.shutdown()
        server.server_close()


def request(address: httpx.URL, method: str = "GET", body: bytes = b"", timeout: float = 5.0) -> Request:
    headers = [(b"Host", address.netloc), *([(b"Content-Length", str(len(body)).encode())] if body else [])]
    times = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return Request(method, address, address.raw_path + b"?a=b", headers, body, {"timeout": times})


def told(transport: Transport, asked: Request) -> tuple[object, ...]:
    """What came of it: an answer, or an error's type and words."""
    try:
        got = transport.exchange(asked)
    except httpx.RequestError as error:
        return type(error), str(error)
    finally:
        transport.close()
    return got.status, got.headers.multi_items(), got.body


def both(serve: Callable[..., Server], *steps: bytes, **options: Any) -> tuple[object, ...]:
    """What came of it, by a connection of its own and by httpx's transport alike."""
    results = []
    for transport in (Direct(TRUSTED), Relayed(httpx.HTTPTransport(verify=TRUSTED))):
        server = serve(*steps)
        results.append((told(transport, request(server.address, **options)), server.asked))
        (head,) = server.asked
        server.asked[:] = [head.replace(server.address.netloc, b"HOST")]
    assert results[0] == results[1]
    return results[0][0]


@pytest.mark.parametrize(
    ("step", "body"),
    [
        (answer(b"{}"), b"{}"),
        (answer(b"", status="204 No Content"), b""),
        (answer(b"{}", status="503 Service Unavailable"), b"{}"),
        (answer(b"x" * 300_000), b"x" * 300_000),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"{}"), b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}<close>", b"{}"),
        (answer(gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip"), b"{}"),
        (answer(zlib.compress(b"{}"), "Content-Encoding: deflate"), b"{}"),
        (answer(b"{}", "Content-Encoding: identity"), b"{}"),
    ],
)
def test_answers_are_as_httpx_gives_them(serve: Callable[..., Server], step: bytes, body: bytes) -> None:
    assert both(serve, step)[2] == both(serve, step, method="POST", body=b"{}")[2] == body


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (b"<close>", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
        (answer(b"{}")[:-1] + b"<close>", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 120_000, httpx.RemoteProtocolError),
        (answer(b"{}", "Content-Encoding: gzip"), httpx.DecodingError),
        (RESET, httpx.ReadError),
    ],
)
def test_errors_are_as_httpx_raises_them(serve: Callable[..., Server], step: bytes, error: type[Exception]) -> None:
    assert both(serve, step)[0] is error


def test_no_answer_in_time_is_told(serve: Callable[..., Server]) -> None:
    assert both(serve, SILENCE, timeout=0.05) == (httpx.ReadTimeout, "timed out")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there_is_a_connection_that_failed(scheme: str) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        asked = request(httpx.URL(f"{scheme}://127.0.0.1:{taken.getsockname()[1]}/scim"))
        results = {told(each, asked) for each in (Direct(TRUSTED), Relayed(httpx.HTTPTransport(verify=TRUSTED)))}
    assert [found for found, _ in results] == [httpx.ConnectError]


def test_what_is_no_tls_is_not_talked_to(serve: Callable[..., Server]) -> None:
    server = serve(answer(b"{}"))
    asked = request(server.address.copy_with(scheme="https"))
    results = [told(each, asked)[0] for each in (Direct(TRUSTED), Relayed(httpx.HTTPTransport(verify=TRUSTED)))]
    assert results == [httpx.ConnectError] * 2


def test_what_may_not_be_sent_is_not(serve: Callable[..., Server]) -> None:
    server = serve(answer(b"{}"))
    asked = request(server.address)
    asked.headers.append((b"Authorization", b"Bearer a\r\nX: y"))
    results = [told(each, asked) for each in (Direct(TRUSTED), Relayed(httpx.HTTPTransport(verify=TRUSTED)))]
    assert (results[0], results[0][0]) == (results[1], httpx.LocalProtocolError)
    assert server.asked == []


@pytest.mark.parametrize(
    ("steps", "keep_alive", "connections"),
    [
        ([answer(b"{}")], 60.0, 1),
        ([answer(b"{}")], -1.0, 3),
        ([answer(b"{}", "Connection: close")], 60.0, 3),
        ([answer(b"{}") + b"<close>"], 60.0, 3),
        ([b"nonsense\r\n\r\n", answer(b"{}")], 60.0, 2),
        ([RESET, answer(b"{}")], 60.0, 2),
    ],
)
def test_a_connection_is_used_again_until_it_is_closed(
    serve: Callable[..., Server], steps: list[bytes], keep_alive: float, connections: int
) -> None:
    server = serve(*steps)
    transport = Direct(TRUSTED, keep_alive)
    fails = len(steps) - 1
    for _ in range(3):
        if fails:
            fails -= 1
            with pytest.raises(httpx.RequestError):
                transport.exchange(request(server.address))
        else:
            assert transport.exchange(request(server.address, "POST", b"{}")).body == b"{}"
        if server.steps[0].endswith(b"<close>"):
            server.closed.wait()
            server.closed.clear()
    transport.close()
    assert server.connections == connections


class Flaky:
    """Keeps what it was asked, and fails at /fail."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def exchange(self, request: Request) -> Answer:
        self.asked.append(request.address.path)
        if request.address.path == "/fail":
            raise httpx.ReadError("dropped")
        return Answer(200, httpx.Headers(), b"{}")

    def close(self) -> None:
        self.asked.append("closed")


def test_the_connection_used_last_is_used_again_also_after_an_error() -> None:
    transports = [Flaky(), Flaky(), Flaky()]
    connections = Connections(transports)
    assert connections.exchange(request(httpx.URL("http://localhost/1"))).body == b"{}"
    with pytest.raises(httpx.ReadError):
        connections.exchange(request(httpx.URL("http://localhost/fail")))
    connections.exchange(request(httpx.URL("http://localhost/2")))
    assert sorted(each.asked for each in transports) == [[], [], ["/1", "/fail", "/2"]]
    connections.close()
    assert sorted(each.asked for each in transports) == [["/1", "/fail", "/2", "closed"], ["closed"], ["closed"]]


def test_an_application_is_asked_for_the_same() -> None:
    heard: list[str] = []

    def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
        heard.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        start_response("201 Created", [("X", "y")])
        return [b"{}"]

    got = Relayed(InProcess(application)).exchange(request(httpx.URL("http://localhost/scim/Users"), "POST", b"{}"))
    assert (got.status, got.headers["x"], got.body, heard) == (201, "y", b"{}", ["POST /scim/Users?a=b"])
