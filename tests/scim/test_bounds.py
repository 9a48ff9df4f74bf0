"""An answer is read as far as it is of use: so many bytes, compressed or not, and so many seconds."""

from __future__ import annotations

import gzip
from itertools import repeat
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.errors import LostAnswer, ServiceError
from reconciler.sandbox import SandboxOptions, open_sandbox, parse_fault
from reconciler.sandbox.server import serve
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.client import ATTEMPTS, Client
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.messages import describe_body
from reconciler.scim.transports import Bounds, InProcess, Relayed, Request, TooLarge
from tests.scim.script import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

MEGABYTE = 1024**2
TOO_LARGE = "no use for this answer: it is larger than 64 MiB"


def send(fault: str, method: Any, *, served: bool) -> tuple[str, int]:
    """What came of a request, and how many were sent."""
    clock = Clock()
    options = SandboxOptions(faults=(parse_fault(fault),), clock=lambda: clock.now, sleep=clock.wait, rate_limit=10**6)
    sandbox = open_sandbox(options)
    with serve(sandbox) as found:
        connection = Connection(found.url, waiting=Waiting(timing=clock.timing()))
        client = Client(connection, application=None if served else wsgi_application(sandbox))
        try:
            client.send(method, "/Users" if method != "PATCH" else "/Users/1", body={} if method != "GET" else None)
        except ServiceError as error:
            return f"{type(error).__name__} {error.message.partition(': ')[2]}", len(sandbox.requests)
        finally:
            client.close()
            sandbox.close()
    return "fine", 1


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("fault", ["endless", "huge=100"])
def test_a_body_that_is_too_large_is_not_read_to_its_end_nor_asked_for_again(fault: str, served: bool) -> None:  # noqa: FBT001
    assert send(fault, "GET", served=served) == (f"ServiceError {TOO_LARGE}", 1)


@pytest.mark.parametrize(("method", "error"), [("PATCH", ServiceError), ("POST", LostAnswer)])
def test_a_write_with_such_an_answer_may_have_been_carried_out(method: str, error: type[Exception]) -> None:
    told = f"{error.__name__} {TOO_LARGE}; it may have been carried out"
    assert send("endless", method, served=True) == (told, 1)


@pytest.mark.parametrize("served", [True, False])
def test_a_body_that_trickles_is_waited_for_only_so_long(served: bool) -> None:  # noqa: FBT001
    assert send("slow=290", "GET", served=served) == ("fine", 1)
    assert send("slow=2000", "GET", served=served) == (f"ServiceError no answer in time, {ATTEMPTS} times", ATTEMPTS)


@pytest.mark.parametrize("pieces", [1, 1000])
def test_what_a_small_body_decompresses_to_counts(pieces: int) -> None:
    bomb = gzip.compress(b" " * 50 * MEGABYTE)
    size = len(bomb) // pieces + 1

    def application(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Encoding", "gzip")])
        return [bomb[start : start + size] for start in range(0, len(bomb), size)]

    transport = Relayed(InProcess(application), Bounds(size=MEGABYTE))
    with pytest.raises(TooLarge, match="larger than 1 MiB"):
        transport.exchange(Request("GET", httpx.URL("http://sandbox.localhost"), b"/", []))


def test_bounds_are_exact() -> None:
    bounds = Bounds(size=10)
    assert bounds.gather([b"12345", b"67890"]) == b"1234567890"
    with pytest.raises(TooLarge):
        bounds.gather(repeat(b"123456"))


def test_a_long_page_of_an_error_is_described_by_its_beginning() -> None:
    assert describe_body(b"<html>" + b"<title>" * 10_000_000, "text/html") == "an HTML page"
    assert describe_body(b"<html><title>Sign in</title>" + b"x" * 10_000_000, "") == "an HTML page titled 'Sign in'"
