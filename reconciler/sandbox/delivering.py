"""How a response goes over a connection: whole, slowly, in part, without an end, or not at all."""

from __future__ import annotations

import socket
from struct import pack
from typing import TYPE_CHECKING

from reconciler.sandbox.messages import PIECES, Delivery, Response

if TYPE_CHECKING:
    from collections.abc import Callable

NO_CONTENT = 204
_RESET_AT_ONCE = pack("ii", 1, 0)
"""SO_LINGER: on, no seconds."""


def deliver(connection: socket.socket, response: Response, sleep: Callable[[float], None], *, closes: bool) -> bool:
    """Hand a response over; whether the connection stays open. Raises OSError where the client hung up."""
    match response.delivery:
        case Delivery.SILENT:
            while connection.recv(65_536):
                pass
        case Delivery.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            socket.close(connection.detach())
        case _ if response.delivery.is_seen:
            _send(connection, response, sleep, closes=closes)
    return response.delivery is Delivery.WHOLE and not closes


def _send(connection: socket.socket, response: Response, sleep: Callable[[float], None], *, closes: bool) -> None:
    is_endless = response.delivery is Delivery.ENDLESS
    head = _head(response, closes=closes)
    if not response.seconds and not response.padding and not is_endless:
        connection.sendall(head + response.delivered)
        return
    connection.sendall(head)
    for piece in response.pieces():
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if is_endless else piece)
        if response.seconds:
            sleep(response.seconds / PIECES)


def _head(response: Response, *, closes: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.delivery is Delivery.ENDLESS:
        lines.append("Transfer-Encoding: chunked")
    elif response.status != NO_CONTENT:  # RFC 9110 §8.6
        lines.append(f"Content-Length: {response.length}")
    if closes:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
