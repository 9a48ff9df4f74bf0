"""Reading costs few requests, also where the service is wrong about how much there is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from reconciler.core.directory import Identity
from reconciler.core.members import Members
from reconciler.core.model import Member, ResourceType
from reconciler.errors import ServiceError
from reconciler.scim.client import Client
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.directory import Probe, open_directory
from reconciler.scim.filters import matches, parse_filter
from reconciler.scim.lists import PAGES_AHEAD, WALKS
from reconciler.scim.pacing import LONGEST_WAIT, Timing
from tests.builders import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

USER, GROUP = ResourceType.USER, ResourceType.GROUP
CONCURRENCY = 2
Rows = list[dict[str, Any]]


@dataclass
class Service:
    """Users and groups in lists; `filters`: what becomes of the rows of a list under a filter."""

    users: Rows
    groups: Rows = field(default_factory=list)
    total: int | None = None
    filters: Callable[[Rows, str], Rows] = lambda rows, text: [row for row in rows if matches(parse_filter(text), row)]
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/scim/v2")
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        self.asked.append(path)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self.answer(path, query)).encode()]

    def answer(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if path not in ("/Users", "/Groups"):
            return {"patch": {"supported": True}, "filter": {"supported": True, "maxResults": 25}}
        rows = self.users if path == "/Users" else self.groups
        if "filter" in query:
            rows = self.filters(rows, query["filter"])
        start = int(query.get("startIndex", 1)) - 1
        total = len(rows) if self.total is None or path != "/Users" else self.total
        return {
            "totalResults": total,
            "Resources": rows[start : start + int(query["count"])] if "count" in query else rows,
        }


def people(count: int) -> Rows:
    return [{"id": str(number), "userName": f"u{number}@x", "externalId": f"E{number}"} for number in range(count)]


def connection(dialect: Any = "4me") -> Connection:
    return Connection("sandbox:", dialect=dialect, requests_per_two_seconds=10**6, concurrency=CONCURRENCY)


def test_a_total_beyond_reason_costs_a_bounded_number_of_requests() -> None:
    service = Service(people(30), total=2**31)
    with open_directory(connection(), application=service) as directory:
        state = directory.reader.read(asking(())).live
    assert (len(state.users), state.summary.complete) == (30, False)
    assert service.asked.count("/Users") <= WALKS * (CONCURRENCY * PAGES_AHEAD * 2 + 4)


def test_a_filter_that_is_ignored_is_noticed_at_its_first_page() -> None:
    service = Service(people(500), filters=lambda rows, _text: rows)
    question = asking(tuple(Identity(USER, (("userName", f"u{number}@x"),)) for number in range(20)), everything=False)
    with open_directory(connection(), application=service) as directory:
        state = directory.reader.read(question).live
    assert (len(state.users), state.summary.complete) == (500, True)
    assert service.asked.count("/Users") == 1 + 500 // 25


def test_hits_beyond_one_page_are_paged() -> None:
    same = [{"id": str(number), "userName": f"u{number}@x", "externalId": "E1"} for number in range(60)]
    with open_directory(connection(), application=Service(same)) as directory:
        state = directory.reader.read(asking((Identity(USER, (("externalId", "e1"),)),), everything=False)).live
    assert len(state.users) == 60


def test_a_look_up_that_is_too_long_is_halved() -> None:
    service = Service(people(100))

    def strict(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if len(environ.get("QUERY_STRING", "")) > 300:
            service.asked.append("too long")
            start_response("414 URI Too Long", [])
            return [b""]
        return service(environ, start_response)

    question = asking((Identity(USER, (("userName", f"u{number}@x"),)) for number in range(20)), everything=False)
    with open_directory(connection(), application=strict) as directory:
        state = directory.reader.read(question).live
    assert (len(state.users), "too long" in service.asked) == (20, True)


def test_scopes_say_who_is_owned() -> None:
    scopes = (parse_filter('userName eq "U1@x"'), None)
    with open_directory(connection(), scopes=scopes, application=Service(people(3))) as directory:
        state = directory.reader.read(asking(())).live
    assert [(each.key, each.owned) for each in state.users] == [("u0@x", False), ("u1@x", True), ("u2@x", False)]


def test_members_that_lists_carry_are_trusted_and_named() -> None:
    members = [{"value": "1", "display": "u1@x"}, {"value": "77", "display": "eve@x"}]
    service = Service(people(2), [{"id": "g", "displayName": "Team", "members": members}])
    with open_directory(connection("rfc7644"), application=service) as directory:
        state = directory.reader.read(asking(())).live
    assert [each.members for each in state.groups] == [Members(frozenset(("1", "77")))]
    assert state.member_names == {Member(USER, "77"): "eve@x"}
    assert set(service.asked) == {"/ServiceProviderConfig", "/Users", "/Groups"}


@pytest.mark.parametrize(
    ("filters", "works"),
    [
        (lambda rows, text: [row for row in rows if matches(parse_filter(text), row)], True),
        (lambda rows, _text: rows, False),
        (lambda _rows, _text: [], False),
    ],
    ids=["right", "ignored", "always empty"],
)
def test_the_probe_sees_whether_filters_find(filters: Callable[[Rows, str], Rows], *, works: bool) -> None:
    groups = [{"id": "1", "displayName": "A", "externalId": "G1"}, {"id": "2", "displayName": "B", "externalId": "G2"}]
    with open_directory(connection(), application=Service(people(3), groups, filters=filters)) as directory:
        found = directory.probe()
    names = ("User.externalId", "User.userName", "Group.externalId", "Group.displayName")
    assert found == Probe("4me", 3, 2, tuple((name, works) for name in names), found.milliseconds, found.budget)


def broken(headers: list[tuple[str, str]], status: str = "200 OK") -> Client:
    def application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, headers)
        return [b"not gzip"]

    impatient = Waiting(timing=Timing(sleep=lambda _seconds: None))
    return Client(replace(connection(), waiting=impatient), application=application)


def test_an_answer_that_is_compressed_wrongly_is_an_error_in_plain_words() -> None:
    with pytest.raises(ServiceError, match=r"^GET /Users: the answer is compressed wrongly, 5 times$"):
        broken([("Content-Encoding", "gzip")]).get("/Users")


@pytest.mark.parametrize("seconds", [str(int(LONGEST_WAIT) + 1), "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_that_is_longer_than_any_limit_is_not_waited(seconds: str) -> None:
    with pytest.raises(ServiceError, match=r"^GET /Users: HTTP 503: not gzip$"):
        broken([("Retry-After", seconds)], "503 X").get("/Users")


def test_who_is_not_found_by_name_is_found_by_id() -> None:
    service = Service(people(3), [{"id": "g", "displayName": "Renamed"}])
    lists: Callable[..., Any] = service.answer

    def answer(path: str, query: dict[str, str]) -> dict[str, Any]:
        rows = {f"/Users/{row['id']}": row for row in service.users} | {
            "/Groups/g": {**service.groups[0], "members": [{"value": "2", "display": "u2@x"}]}
        }
        return rows.get(path) or lists(path, query)

    def strict(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith(("/Users/9", "/Groups/h")):
            start_response("404 Not Found", [])
            return [b""]
        return service(environ, start_response)

    service.answer = answer  # type: ignore[method-assign]
    known = [
        Identity(USER, (("userName", "u0@x"),), key="u0@x", id="0"),
        Identity(USER, (("userName", "before@x"),), key="before@x", id="1"),
        Identity(USER, (("userName", "gone@x"),), key="gone@x", id="9"),
        Identity(USER, (("userName", "u2@x"),), is_reference=True, key="u2@x", id="2"),
        Identity(GROUP, (("displayName", "Team"),), needs_members=True, key="Team", id="g"),
        Identity(GROUP, (("displayName", "Gone"),), needs_members=True, key="Gone", id="h"),
    ]
    with open_directory(connection(), application=strict) as directory:
        state = directory.reader.read(asking(known, everything=False)).live
    assert sorted((each.id, each.key) for each in state.users) == [("0", "u0@x"), ("1", "u1@x"), ("2", "u2@x")]
    assert [(each.key, each.members) for each in state.groups] == [("Renamed", Members(frozenset("2")))]
    assert sorted(service.asked) == ["/Groups/g", "/Users", "/Users/1"]
