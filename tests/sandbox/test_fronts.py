"""Both fronts, in process and on a port, seen through an HTTP client."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from reconciler.errors import OperatorError
from reconciler.sandbox import Organisation, Sandbox, parse_fault
from reconciler.sandbox.server import serve
from reconciler.sandbox.wsgi import wsgi_application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Opener

FRONTS = ["wsgi", "port"]


@contextmanager
def connect(front: str, sandbox: Sandbox) -> Iterator[httpx.Client]:
    if front == "wsgi":
        transport = httpx.WSGITransport(app=wsgi_application(sandbox))
        with httpx.Client(transport=transport, base_url="http://sandbox/scim/v2") as client:
            yield client
    else:
        with serve(sandbox) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
            yield client


@pytest.mark.parametrize("front", FRONTS)
def test_a_life_of_a_user(open_caller: Opener, front: str) -> None:
    with connect(front, open_caller(token="t").sandbox) as client:
        assert client.get("/Users").status_code == 401
        client.headers["Authorization"] = "Bearer t"
        created = client.post("/Users", json={"userName": "ann", "displayName": "Änn"})
        assert (created.status_code, created.reason_phrase) == (201, "Created")
        patched = client.patch("/Users/1", json={"title": "Lead"})
        assert (patched.status_code, patched.json()["title"], patched.json()["displayName"]) == (200, "Lead", "Änn")
        found = client.get("/Users", params={"filter": 'userName eq "ANN"'})
        assert (found.json()["Resources"], found.headers["content-type"]) == ([patched.json()], "application/json")
        gone = client.delete("/Users/1")
        assert (gone.status_code, gone.content, gone.headers["x-ratelimit-remaining"]) == (204, b"", "3596")
        assert client.get("/Users/1").json()["active"] is False


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("fault", ["lost", "refused", "truncated"])
def test_connections_that_break(open_caller: Opener, front: str, fault: str) -> None:
    caller = open_caller(faults=(parse_fault(f"{fault},times=1,method=POST"),))
    with connect(front, caller.sandbox) as client:
        expected = ConnectionResetError if front == "wsgi" else httpx.RemoteProtocolError
        with pytest.raises(expected):
            client.post("/Users", json={"userName": "ann"})
        assert client.get("/Users").json()["totalResults"] == (0 if fault == "refused" else 1)


@pytest.mark.parametrize("front", FRONTS)
def test_eight_threads(open_caller: Opener, front: str) -> None:
    caller = open_caller(organisation=Organisation(200))
    with connect(front, caller.sandbox) as client, ThreadPoolExecutor(8) as pool:
        pages = pool.map(lambda start: client.get("/Users", params={"startIndex": start}).json(), range(1, 200, 25))
        ids = [user["id"] for page in pages for user in page["Resources"]]
    assert sorted(map(int, ids)) == list(range(1, 201))


def talk(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", [200]),
        (b"GET /scim/v2/Users HTTP/1.1\r\n\r\nGET /scim/v2/Users/9 HTTP/1.1\r\nConnection: close\r\n\r\n", [200, 404]),
        (b"GET /scim/v2/Users\r\n\r\n", [400]),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", [400]),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", [400]),
        (b"POST /scim/v2/Users HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", [400]),
        (b"POST /scim/v2/Users HTTP/1.1\r\nContent-Length: many\r\n\r\n", [400]),
        (b"POST /scim/v2/Users HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", [100, 422]),
        (b"\r\n", []),
    ],
)
def test_what_the_port_answers_to_raw_requests(open_caller: Opener, sent: bytes, statuses: list[int]) -> None:
    with serve(open_caller().sandbox) as served:
        received = talk(served.port, sent)
    lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ") or b"}HTTP/1.1 " in line]
    assert [int(line.partition(b"HTTP/1.1 ")[2][:3]) for line in lines] == statuses


def test_the_end_of_the_server_ends_idle_connections(open_caller: Opener) -> None:
    with serve(open_caller().sandbox) as served:
        client = socket.create_connection(("127.0.0.1", served.port), timeout=5)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
    while client.recv(4096):
        pass
    client.close()


def test_a_port_that_is_taken_is_an_error(open_caller: Opener) -> None:
    sandbox = open_caller().sandbox
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=f"cannot serve the sandbox on port {port}"), serve(sandbox, port):
            pass
