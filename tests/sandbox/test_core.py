"""The gates in front of the API (token, account, limits), what every response carries, and the log."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import OperatorError
from reconciler.sandbox import LoggedRequest, SandboxOptions, open_sandbox
from reconciler.sandbox.messages import Request
from reconciler.sandbox.routes import BANNER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Opener

TOKEN = "0123456789abcdef"
UNAUTHORIZED = (401, {"message": "Unauthorized"})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Token {TOKEN}"}, 401),
        ({"authorization": "Basic ???"}, 401),
        ({"authorization": basic("x", "wrong")}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer {TOKEN}"}, 200),
        ({"authorization": basic(TOKEN, "x")}, 200),
        ({"authorization": basic("x", TOKEN)}, 200),
    ],
)
def test_a_token_is_asked_for_where_one_is_set(open_caller: Opener, headers: dict[str, str], status: int) -> None:
    response = open_caller(token=TOKEN).send("GET", "/Users", headers=headers)
    assert (response.status, dict(response.headers)["x-ratelimit-limit"]) == (status, "3600")
    if status == 401:
        assert (response.status, json.loads(response.body)) == UNAUTHORIZED


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"x-4me-account": "WIDGET"}, 200),
        ({"x-xurrent-account": "widget"}, 200),
        ({"x-4me-account": "other"}, 403),
        ({"x-xurrent-account": "other"}, 403),
        ({"accept": "application/scim+json, application/json"}, 200),
        ({"accept": "text/html;q=0.9, */*;q=0.1"}, 200),
        ({"accept": "text/html"}, 406),
    ],
)
def test_account_and_accept(open_caller: Opener, headers: dict[str, str], status: int) -> None:
    assert open_caller(account="widget").send("GET", "/Users", headers=headers).status == status


def test_without_an_account_any_is_accepted(open_caller: Opener) -> None:
    assert open_caller().send("GET", "/Users", headers={"x-4me-account": "other"}).status == 200


def test_the_hourly_limit_rolls(open_caller: Opener) -> None:
    caller = open_caller(rate_limit=3)
    shown = []
    for _ in range(4):
        response = caller.send("GET", "/Users")
        told = dict(response.headers)
        shown.append((response.status, told["x-ratelimit-remaining"], told.get("retry-after")))
        caller.clock.now += 600
    assert shown == [(200, "2", None), (200, "1", None), (200, "0", None), (429, "0", "1800")]
    assert told["x-ratelimit-reset"] == str(1_700_000_000 + 3600)
    assert json.loads(response.body) == {"message": "Too Many Requests", "retry_after": 1800, "limit": 3}
    caller.clock.now = 1_700_000_000 + 3600
    assert [caller.send("GET", "/Users").status for _ in range(2)] == [200, 429]


def test_the_burst_limit_counts_two_seconds(open_caller: Opener) -> None:
    caller = open_caller(burst_limit=2)
    assert [caller.send("GET", "/Users").status for _ in range(3)] == [200, 200, 429]
    caller.clock.now += 1.5
    assert dict(caller.send("GET", "/Users").headers)["retry-after"] == "1"
    caller.clock.now += 0.5
    assert caller.send("GET", "/Users").status == 200


def test_requests_that_are_not_authorised_do_not_count(open_caller: Opener) -> None:
    caller = open_caller(token=TOKEN, rate_limit=1)
    assert [caller.send("GET", "/Users").status for _ in range(3)] == [401, 401, 401]
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert [caller.send("GET", "/Users", headers=headers).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/Users", None),
        ("GET", "/Users/9", None),
        ("POST", "/Users", b"{"),
        ("POST", "/Users", {}),
        ("GET", "/x", None),
    ],
)
def test_every_response_tells_the_limits_and_is_json(open_caller: Opener, method: str, path: str, body: object) -> None:
    response = open_caller().send(method, path, body)
    assert dict(response.headers) == {
        "Content-Type": "application/json",
        "date": "Tue, 14 Nov 2023 22:13:20 GMT",
        "x-ratelimit-limit": "3600",
        "x-ratelimit-remaining": "3599",
        "x-ratelimit-reset": "1700003600",
    }


def test_the_root_says_that_this_is_a_sandbox(open_caller: Opener) -> None:
    response = open_caller().sandbox.handle(Request("GET", "/"))
    assert (response.status, response.body.decode()) == (200, BANNER)
    assert open_caller().sandbox.handle(Request("GET", "/scim/v1/Users")).status == 404


def test_requests_are_logged_in_memory_and_in_a_file(open_caller: Opener, tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    caller = open_caller(log=log, token="secret")
    caller.send("GET", "/Users", headers={"authorization": "Bearer secret"}, count=1)
    caller.send("POST", "/Users", {"userName": "ann"})
    at = 1_700_000_000.0
    assert caller.sandbox.requests == [
        LoggedRequest("GET", "/scim/v2/Users?count=1", 200, at),
        LoggedRequest("POST", "/scim/v2/Users", 401, at, body=b'{"userName": "ann"}'),
    ]
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"at": "2023-11-14T22:13:20.000+00:00", "method": "GET", "target": "/scim/v2/Users?count=1", "status": 200},
        {"at": "2023-11-14T22:13:20.000+00:00", "method": "POST", "target": "/scim/v2/Users", "status": 401},
    ]


def test_files_that_cannot_be_used_are_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("this is no database, but it is long enough to look at" * 20)
    for options in (SandboxOptions(database=broken), SandboxOptions(log=tmp_path), SandboxOptions(database=tmp_path)):
        with pytest.raises(OperatorError):
            open_sandbox(options)
