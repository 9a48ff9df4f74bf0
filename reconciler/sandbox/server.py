"""The sandbox on a loopback port: HTTP/1.1 with keep-alive, a thread a connection.

Reads requests by hand: the standard library's parser goes through the e-mail package and costs more than the
answer. Binds 127.0.0.1 and nothing else.
"""

from __future__ import annotations

import socket
import socketserver
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reconciler.errors import OperatorError
from reconciler.sandbox.delivering import deliver
from reconciler.sandbox.messages import Delivery, Refusal, Request, bad_request
from reconciler.sandbox.rendering import BASE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.sandbox.core import Sandbox

HOST = "127.0.0.1"
_LOOK = 0.05
"""Seconds: how often the server looks whether it is to stop."""
_LONGEST_LINE = 65_536
_MOST_HEADERS = 100
_LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that is being served; `url` is the SCIM endpoint."""

    sandbox: Sandbox
    port: int

    @property
    def url(self) -> str:
        """What a tenant's `endpoint` says to use it."""
        return f"http://{HOST}:{self.port}{BASE_PATH}"


@contextmanager
def serve(sandbox: Sandbox, port: int = 0) -> Iterator[Served]:
    """Serve on a port of 127.0.0.1 (0: a free one) until the block ends; the sandbox itself stays open.

    Raises OperatorError where the port cannot be used.
    """
    try:
        server = _Server(sandbox, port)
    except (OSError, OverflowError) as error:
        raise OperatorError(f"cannot serve the sandbox on port {port}: {error}", hint="choose another --port") from None
    thread = Thread(target=server.run, name="sandbox", daemon=True)
    thread.start()
    try:
        yield Served(sandbox, server.server_address[1])
    finally:
        server.end()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    server_address: tuple[str, int]

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self.sandbox = sandbox
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._over, self._up_at = Event(), 0.0
        super().__init__((HOST, port), _Connection)

    def run(self) -> None:
        """Serve until the end, but for the times when the port is closed."""
        while not self._over.is_set():
            self.serve_forever(poll_interval=_LOOK)
            while self._is_down() and not self._over.wait(_LOOK / 10):
                pass
            if not self._over.is_set():
                self.socket = socket.socket(self.address_family, self.socket_type)
                self.server_bind()
                self.server_activate()

    def go_down(self, seconds: float, last: socket.socket) -> None:
        """Close the port and all connections but `last`, which its thread closes then: who sees it closed sees all so.

        Until so many seconds later, by the sandbox's clock, nobody gets in.
        """
        with self._lock:
            if self._is_down():
                return
            self._up_at = self.sandbox.clock() + seconds
        self.shutdown()
        self.socket.close()
        self._hang_up(but=last)

    def end(self) -> None:
        """Stop serving, and wake the threads that wait for another request on an idle connection."""
        self._over.set()
        self.shutdown()
        self._hang_up()

    def _is_down(self) -> bool:
        return self.sandbox.clock() < self._up_at

    def track(self, connection: socket.socket) -> None:
        """Remember a connection, to be able to end it; one that comes too late ends at once."""
        with self._lock:
            self._open.add(connection)
            if self._over.is_set():
                _shut_down(connection)

    def forget(self, connection: socket.socket) -> None:
        """Forget a connection that has ended by itself."""
        with self._lock:
            self._open.discard(connection)

    def _hang_up(self, but: socket.socket | None = None) -> None:
        with self._lock:
            for connection in self._open - {but}:
                _shut_down(connection)


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True
    rbufsize = 65_536

    def setup(self) -> None:
        """Count the connection among the open ones."""
        super().setup()
        self.server.track(self.connection)

    def finish(self) -> None:
        """Leave the open ones."""
        self.server.forget(self.connection)
        super().finish()

    def handle(self) -> None:
        """Answer requests until the client, a fault or the end of the server ends the connection."""
        try:
            while self._answer_one():
                pass
        except OSError:
            return

    def _answer_one(self) -> bool:
        """Whether the connection stays open for another request."""
        line = self.rfile.readline(_LONGEST_LINE + 1)
        if not line.strip():
            return False
        try:
            request = self._read_request(line)
        except Refusal as refusal:
            return deliver(self.connection, refusal.response, self.server.sandbox.sleep, closes=True)
        response = self.server.sandbox.handle(request)
        if response.delivery is Delivery.DOWN:
            self.server.go_down(response.seconds, self.connection)
        closes = request.headers.get("connection", "").lower() == "close"
        return deliver(self.connection, response, self.server.sandbox.sleep, closes=closes)

    def _read_request(self, line: bytes) -> Request:
        words = line.decode("latin-1").split()
        if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:  # noqa: PLR2004 - method, target, version
            raise bad_request("cannot read the request line")
        headers = self._read_headers()
        if words[2] == "HTTP/1.0":
            headers.setdefault("connection", "close")
        path, _, query = words[1].partition("?")
        return Request(words[0], unquote(path), query, headers, self._read_body(headers))

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            line = self.rfile.readline(_LONGEST_LINE + 1)
            name, separator, value = line.decode("latin-1").partition(":")
            if not line.strip():
                return headers
            if not separator:
                break
            headers[name.strip().lower()] = value.strip()
        raise bad_request("cannot read the request headers")

    def _read_body(self, headers: dict[str, str]) -> bytes:
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > _LARGEST_BODY:
            raise bad_request(f"a request body needs a Content-Length of at most {_LARGEST_BODY}")
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.rfile.read(int(length))


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
