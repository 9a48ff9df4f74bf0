"""Sending: what is repeated and when, what is never repeated, and that the token stays where it belongs."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from reconciler.errors import NotSent, OperatorError, ReconcilerError, ServiceError
from reconciler.scim.client import ATTEMPTS, DOUBT, Client
from reconciler.scim.connection import Connection, Waiting
from tests.scim.script import FINE, TOKEN, Script, Step, client


def attempt(method: Any, steps: list[Step]) -> tuple[str, int, list[float]]:
    """Tell what came of it, how many requests were sent and how long was waited."""
    script = Script(list(steps))
    sender = client(script)
    try:
        result = f"HTTP {sender.send(method, '/Users', body={} if method != 'GET' else None).status}"
    except ServiceError as error:
        result = type(error).__name__
    assert sender.requests == len(script.asked)
    sender.close()
    return result, len(script.asked), script.waits


HTML: Step = (502, {"Content-Type": "text/html"}, b"<html><title>Bad gateway</title></html>")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([FINE], ("HTTP 200", 1, [])),
        ([(204, {}, b""), FINE], ("HTTP 204", 1, [])),
        ([(503, {}, {}), FINE], ("HTTP 200", 2, [1.0])),
        ([HTML, (504, {}, b""), FINE], ("HTTP 200", 3, [1.0, 2.0])),
        ([(429, {"Retry-After": "7"}, {}), FINE], ("HTTP 200", 2, [7.0])),
        ([(429, {"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}, {}), FINE], ("HTTP 200", 2, [5.0])),
        ([(429, {"Retry-After": "Tue, 14 Nov 2023 22:13:15 GMT"}, {}), FINE], ("HTTP 200", 2, [])),
        ([(429, {"Retry-After": "0"}, {}), FINE], ("HTTP 200", 2, [])),
        ([(503, {"Retry-After": "soon"}, {}), FINE], ("HTTP 200", 2, [1.0])),
        ([(429, {"Retry-After": "-1"}, {}), FINE], ("HTTP 200", 2, [1.0])),
        ([ConnectionResetError, FINE], ("HTTP 200", 2, [1.0])),
        ([HTML], ("ServiceError", ATTEMPTS, [1.0, 2.0, 4.0, 8.0])),
        ([ConnectionResetError], ("ServiceError", ATTEMPTS, [1.0, 2.0, 4.0, 8.0])),
        *(([(status, {}, {}), FINE], ("ServiceError", 1, [])) for status in (400, 401, 403, 404, 409, 412, 422, 500)),
    ],
)
def test_what_is_safe_is_repeated(method: str, steps: list[Step], expected: tuple[str, int, list[float]]) -> None:
    assert attempt(method, steps) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(201, {}, {"id": "1"})], ("HTTP 201", 1, [])),
        ([(429, {"Retry-After": "3"}, {}), FINE], ("HTTP 200", 2, [3.0])),
        ([(429, {}, {}), FINE], ("HTTP 200", 2, [1.0])),
        ([(503, {"Retry-After": "3"}, {}), FINE], ("HTTP 200", 2, [3.0])),
        ([(503, {}, {}), FINE], ("ServiceError", 1, [])),
        ([(409, {}, {}), FINE], ("ServiceError", 1, [])),
        ([(500, {}, {}), FINE], ("ServiceError", 1, [])),
        ([(502, {}, {}), FINE], ("LostAnswer", 1, [])),
        ([(504, {}, {}), FINE], ("LostAnswer", 1, [])),
        ([ConnectionResetError, FINE], ("LostAnswer", 1, [])),
    ],
)
def test_a_post_is_repeated_only_where_it_was_not_carried_out(
    steps: list[Step], expected: tuple[str, int, list[float]]
) -> None:
    assert attempt("POST", steps) == expected


def test_long_waits_are_told() -> None:
    talk: list[str] = []
    client(Script([(429, {"Retry-After": "7"}, {}), (503, {}, {}), FINE]), talk).get("/Users")
    assert talk == [
        "waiting 7 s, until +7: the service asked for it (HTTP 429)",
        "GET /Users: HTTP 503; trying again in 2.0 s",
    ]


LATER: Step = (429, {"Retry-After": "700"}, {})


@pytest.mark.parametrize(
    ("method", "steps", "expected"),
    [
        ("GET", [LATER], (NotSent, "11 min 40 s to wait, until +700: the service asked for it (HTTP 429)")),
        ("POST", [LATER], (NotSent, "11 min 40 s to wait, until +700: the service asked for it (HTTP 429)")),
        ("PATCH", [LATER], (NotSent, "11 min 40 s to wait, until +700: the service asked for it (HTTP 429)")),
        (
            "GET",
            [(503, {"Retry-After": "700"}, {})],
            (NotSent, "11 min 40 s to wait, until +700: the service asked for it (HTTP 503)"),
        ),
        ("PATCH", [(503, {"Retry-After": "700"}, {})], (ServiceError, "PATCH /Users: HTTP 503")),
        (
            "PATCH",
            [(502, {}, {}), LATER],
            (ServiceError, f"PATCH /Users: HTTP 502; {DOUBT}"),
        ),
        ("GET", [(429, {"Retry-After": "4000"}, {})], (ServiceError, "GET /Users: HTTP 429")),
    ],
)
def test_a_wait_that_is_too_long_is_no_wait(method: Any, steps: list[Step], expected: tuple[type, str]) -> None:
    script = Script(list(steps))
    with pytest.raises(ServiceError) as caught:
        client(script, waiting=Waiting(longest=600.0)).send(method, "/Users")
    assert (type(caught.value), caught.value.message) == expected
    assert len(script.asked) == len(steps)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("GET", "stopped before it was started"),
        ("PATCH", f"PATCH /Users: connection failed (connection dropped); {DOUBT}"),
    ],
)
def test_a_stop_ends_repeating_and_what_may_have_been_carried_out_is_told(method: Any, error: str) -> None:
    stop = Event()
    script = Script([ConnectionResetError, FINE])
    sender = client(script, waiting=Waiting(stop=stop))
    sender._on_talk = lambda _text: stop.set()
    with pytest.raises(ServiceError) as caught:
        sender.send(method, "/Users")
    assert (caught.value.message, script.asked) == (error, [f"{method} /Users"])


def test_a_429_stops_all_threads_for_a_moment() -> None:
    script = Script([(429, {}, {}), FINE])
    sender = client(script)
    sender.get("/Users")
    sender.get("/Users")
    assert script.waits == [1.0]


def failure(step: Step, method: Any = "GET") -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught:
        client(Script([step])).send(method, "/Users", body={"password": "hunter2"}, resource="ann@x")
    return caught.value


@pytest.mark.parametrize(
    ("step", "message", "hint"),
    [
        ((401, {}, {"message": "Unauthorized"}), "HTTP 401: Unauthorized", "token"),
        ((403, {}, {"message": "Forbidden"}), "HTTP 403: Forbidden", "account"),
        ((404, {"Content-Type": "text/html"}, b"<!doctype html><p>Nothing"), "HTTP 404: an HTML page", "endpoint"),
        ((409, {}, {"scimType": "uniqueness", "detail": "taken"}), "HTTP 409: uniqueness: taken", None),
        (
            (422, {}, {"message": "Validation Failed", "errors": [["title", "is long"], "odd", ["a", "b", "c"]]}),
            "HTTP 422: Validation Failed: title is long: odd: ['a', 'b', 'c']",
            None,
        ),
        ((400, {}, {"message": "bad\n\x1b[31m\u202eword\x00"}), "HTTP 400: bad [31m word", None),
        ((400, {}, {"message": "x" * 1000}), f"HTTP 400: {'x' * 300}…", None),
        ((400, {}, b""), "HTTP 400", None),
        ((400, {}, {"message": f"no such token {TOKEN}"}), "HTTP 400: no such token [token]", None),
        (HTML, f"HTTP 502: an HTML page titled 'Bad gateway'; {DOUBT}", None),
    ],
)
def test_errors_say_request_resource_and_reason(step: Step, message: str, hint: str | None) -> None:
    error = failure(step, "PATCH")
    assert error.message == f"PATCH /Users (ann@x): {message}"
    assert (error.hint is None) if hint is None else (hint in str(error.hint))


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "//evil.example/x", "http://sandbox.localhost:81/x", ""]
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_redirects_elsewhere_are_refused_and_the_token_is_not_sent_there(location: str, method: Any) -> None:
    script = Script([(307, {"Location": location}, b""), FINE])
    with pytest.raises(ServiceError, match="redirect"):
        client(script).send(method, "/Users")
    assert script.asked == [f"{method} /Users"]


def test_redirects_within_the_endpoint_are_followed_by_gets_only() -> None:
    script = Script([(302, {"Location": "/scim/v2/People"}, b""), FINE])
    assert client(script).get("/Users").status == 200
    assert script.asked == ["GET /Users", "GET /People"]
    with pytest.raises(ServiceError, match="redirect"):
        client(Script([(302, {"Location": "/scim/v2/People"}, b"")])).send("PATCH", "/Users")
    with pytest.raises(ServiceError, match="more than 5 redirects"):
        client(Script([(302, {"Location": "/scim/v2/Users"}, b"")])).get("/Users")


def test_the_token_is_sent_and_shown_nowhere() -> None:
    script, talk = Script([(503, {}, {"message": TOKEN}), FINE]), list[str]()
    sender = client(script, talk)
    sender.get("/Users")
    assert [each["HTTP_AUTHORIZATION"] for each in script.headers] == [f"Bearer {TOKEN}"] * 2
    assert script.headers[0]["HTTP_X_4ME_ACCOUNT"] == "widget"
    shown = [*talk, repr(Connection("https://x", TOKEN)), repr(sender)]
    steps: list[Step] = [
        (401, {}, {"message": TOKEN}),
        (302, {"Location": f"https://x/{TOKEN}"}, b""),
        ConnectionResetError,
    ]
    shown += [f"{error!r} {error.hint}" for error in map(failure, steps)]
    assert not [text for text in shown if TOKEN in text]


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://api.4me.com/scim/v2/", True),
        ("http://127.0.0.1:8080/scim/v2", True),
        ("http://127.9.9.9/scim/v2", True),
        ("http://[::1]:8080/scim/v2", True),
        ("http://localhost/scim/v2", True),
        ("http://api.4me.com/scim/v2", False),
        ("http://localhost.evil.example/scim/v2", False),
        ("http://128.0.0.1/scim/v2", False),
        ("https:///scim/v2", False),
        ("", False),
    ],
)
def test_endpoints(endpoint: str, *, allowed: bool) -> None:
    if allowed:
        assert Client(Connection(endpoint)).endpoint == endpoint.rstrip("/")
    else:
        with pytest.raises(OperatorError):
            Client(Connection(endpoint))
