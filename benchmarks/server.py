"""A 4me on loopback that costs next to nothing, so that what is measured is the client.

`python -m benchmarks.server USERS GROUPS MEMBERS LARGE_GROUP CHANGED_EVERY [--latency SECONDS]` prints its endpoint and
serves until its standard input closes. HTTP/1.1 with keep-alive, written by hand; only as complete as the benchmarks
need. Outside the SCIM base, `GET /requests` tells how many requests there were, by method and path.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections import Counter
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from benchmarks.filters import FilterError
from benchmarks.organisation import Organisation
from benchmarks.store import PAGE_SIZE, Store, build_store

BASE = "/scim/v2/"
COUNTS = "/requests"
_RATE = 1_000_000_000
_CONFIG = json.dumps(
    {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://developer.4me.com/v1/scim/",
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": PAGE_SIZE},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [{"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": True}],
    }
).encode()
Answer = tuple[HTTPStatus, bytes]


class Service:
    """Answers requests; counts those below the SCIM base."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.counts: Counter[str] = Counter()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """The status and the JSON of the answer."""
        path, _, query = target.partition("?")
        if path == COUNTS:
            return HTTPStatus.OK, json.dumps(self.counts).encode()
        kind, _, identity = path.removeprefix(BASE).partition("/")
        self.counts[f"{method} {kind}{'/:id' if identity else ''}"] += 1
        if kind == "ServiceProviderConfig":
            return HTTPStatus.OK, _CONFIG
        if kind not in self.store.collections:
            return HTTPStatus.NOT_FOUND, b'{"message":"Not Found"}'
        try:
            return self._answer(method, kind, identity, parse_qs(query), json.loads(body or b"{}"))
        except FilterError as error:
            return HTTPStatus.BAD_REQUEST, json.dumps({"message": str(error)}).encode()

    def _answer(self, method: str, kind: str, identity: str, query: dict[str, list[str]], body: Any) -> Answer:
        collection = self.store.collections[kind]
        if method == "POST" and not identity:
            return HTTPStatus.CREATED, self.store.create(kind, body)
        if not identity:
            start, count = (int(query.get(name, [default])[0]) for name, default in (("startIndex", 1), ("count", 25)))
            return HTTPStatus.OK, collection.page(start, count, query.get("filter", [""])[0])
        position = int(identity) - 1 if identity.isdecimal() else -1
        if not 0 <= position < len(collection.rows):
            return HTTPStatus.NOT_FOUND, b'{"message":"Not Found"}'
        if method in ("PATCH", "PUT"):
            return HTTPStatus.OK, collection.write(position, body)
        return HTTPStatus.OK, collection.resource(position)


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests on it are answered in turn, each after the latency."""

    def __init__(self, service: Service, latency: float) -> None:
        self._service = service
        self._latency = latency
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = _content_length(head)
            if len(rest) < length:
                return
            body, self._buffer = rest[:length], rest[length:]
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            self._send(*self._service.answer(method, target, body))

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        if self._transport is None:
            return
        now = time.time()
        message = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nDate: {formatdate(now, usegmt=True)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nx-ratelimit-limit: {_RATE}\r\n"
            f"x-ratelimit-remaining: {_RATE}\r\nx-ratelimit-reset: {int(now) + 3600}\r\n\r\n"
        ).encode() + body
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, message)
        else:
            self._transport.write(message)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(service: Service, latency: float) -> None:
    """Serve on a free port until standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service, latency), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}{BASE.rstrip('/')}\n")
    sys.stdout.flush()
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="benchmarks.server")
    parser.add_argument("sizes", nargs=5, type=int)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    gc.disable()
    service = Service(build_store(Organisation(*options.sizes)))
    gc.freeze()
    asyncio.run(serve(service, options.latency))


if __name__ == "__main__":
    main()
