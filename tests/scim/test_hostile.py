"""Whatever a server answers ends in right work, or in an error that names request, resource and what was said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from reconciler.core.directory import Identity, MemberDelta
from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.plan_model import Change
from reconciler.errors import OperatorError, ServiceError
from reconciler.scim.client import Client
from reconciler.scim.connection import Connection
from reconciler.scim.directory import open_directory
from tests.builders import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.core.directory import Question
    from reconciler.core.model import LiveState

Answer = tuple[int, dict[str, str], Any]
USER, GROUP = ResourceType.USER, ResourceType.GROUP


class Server:
    """A WSGI application that answers what a function says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[str, str, dict[str, str]], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/scim/v2")
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.asked.append((environ["REQUEST_METHOD"], path, json.loads(body) if body else query))
        status, headers, content = self.answer(environ["REQUEST_METHOD"], path, query)
        start_response(f"{status} X", [("Content-Type", "application/json"), *headers.items()])
        return [content if isinstance(content, bytes) else json.dumps(content).encode()]


def page(rows: list[dict[str, Any]], total: int | str | None = None) -> Answer:
    return 200, {}, {"totalResults": len(rows) if total is None else total, "Resources": rows}


def users(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [{"id": str(number), "userName": f"u{number}@x"} for number in range(first, first + count)]


def window(rows: list[dict[str, Any]], query: dict[str, str], size: int = 25) -> list[dict[str, Any]]:
    start = int(query["startIndex"]) - 1
    return rows[start : start + min(size, int(query["count"]))]


def read(
    answer: Callable[[str, str, dict[str, str]], Answer], question: Question | None = None
) -> tuple[LiveState, Server]:
    server = Server(answer)
    connection = Connection("sandbox:", dialect="4me", requests_per_two_seconds=10**6, concurrency=2)
    with open_directory(connection, application=server) as directory:
        return directory.reader.read(question or asking(())).live, server


def only_users(answer: Callable[[dict[str, str]], Answer]) -> Callable[[str, str, dict[str, str]], Answer]:
    return lambda _method, path, query: answer(query) if path == "/Users" else page([])


def failure(answer: Answer) -> str:
    with pytest.raises(ServiceError) as caught:
        read(lambda _method, _path, _query: answer)
    return caught.value.message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            (200, {}, b"<html><title>Sign in</title></html>"),
            "GET /Users?startIndex=1: the answer is not JSON: an HTML page titled 'Sign in'",
        ),
        ((200, {}, []), "GET /Users?startIndex=1: the answer is not a JSON object"),
        (
            (200, {}, {"Resources": []}),
            "GET /Users?startIndex=1: not a SCIM list: totalResults: expected a whole number",
        ),
        ((401, {}, {"message": "Unauthorized"}), "GET /Users: HTTP 401: Unauthorized"),
        ((500, {}, b"<html><title>Oops</title></html>"), "GET /Users: HTTP 500: an HTML page titled 'Oops'"),
        (
            (400, {}, {"scimType": "invalidFilter", "detail": "no\x1b[31m"}),
            "GET /Users: HTTP 400: invalidFilter: no [31m",
        ),
        (
            (422, {}, {"message": "Validation Failed", "errors": [["userName", "is taken"], ["title", "is long"]]}),
            "GET /Users: HTTP 422: Validation Failed: userName is taken: title is long",
        ),
        (page([{"userName": "ann"}]), "GET /Users: a User without id: ann"),
    ],
)
def test_errors_name_the_request_and_what_the_server_said(answer: Answer, message: str) -> None:
    assert failure(answer) == message


def test_odd_values_are_read_for_what_they_mean() -> None:
    odd = {
        "ID": 7, "USERNAME": "Ann@X", "active": "False", "unknown": {"a": 1},
        "emails": [{"Value": "a@x", "PRIMARY": "True"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"Department": "IT", "manager": {"value": 9}},
        "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields": {"custom_fields": [{"id": "p", "value": "1"}]},
    }  # fmt: skip
    found, _ = read(only_users(lambda _query: page([odd], "1")))
    assert found.users == (
        Live(
            USER,
            "7",
            "Ann@X",
            {
                "userName": "Ann@X",
                "active": False,
                "emails": [{"value": "a@x", "primary": True}],
                "unknown.a": 1,
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "IT",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": "9",
                "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields:p": "1",
            },
            active=False,
        ),
    )


@pytest.mark.parametrize(("total", "complete"), [(60, True), (70, False), (49, False), (10, False)])
def test_totals_that_lie(total: int, *, complete: bool) -> None:
    everyone = users(60)
    found, _ = read(only_users(lambda query: page(window(everyone, query), total)))
    assert (len(found.users), found.summary.complete) == (60, complete)


def test_short_pages_are_walked_by_rows_received() -> None:
    everyone = users(60)
    found, _ = read(only_users(lambda query: page(window(everyone, query, 10), 60)))
    assert (len(found.users), found.summary.complete) == (60, True)


def test_pages_that_overlap_are_not_complete() -> None:
    everyone = users(30)
    overlapping = everyone[:25] + everyone[20:25]
    found, _ = read(only_users(lambda query: page(window(overlapping, query), 30)))
    assert (len(found.users), found.summary.complete) == (25, False)


def test_page_one_repeated_past_the_end_does_not_loop() -> None:
    found, _ = read(only_users(lambda _query: page(users(25), 60)))
    assert (len(found.users), found.summary.complete) == (25, False)


def test_the_declared_are_looked_up_after_an_incomplete_scan() -> None:
    def answer(query: dict[str, str]) -> Answer:
        return page([{"id": "9", "userName": "u9@x"}]) if "filter" in query else page(users(3), 4)

    question = asking((Identity(USER, (("userName", "U9@x"),)), Identity(USER, (("userName", "u1@x"),))))
    found, server = read(only_users(answer), question)
    assert sorted(each.id for each in found.users) == ["1", "2", "3", "9"]
    assert [body["filter"] for _, _, body in server.asked if "filter" in body] == ['userName eq "U9@x"']


def test_a_filter_that_is_ignored_leads_to_a_scan() -> None:
    question = asking((Identity(USER, (("userName", "u1@x"),)),), everything=False)
    found, _ = read(only_users(lambda query: page(window(users(30), query), 30)), question)
    assert (len(found.users), found.notes) == (30, ("the service ignores filters on Users: all were read",))


def test_requests_of_a_scan() -> None:
    everyone, groups = users(60), [{"id": str(number), "displayName": f"G{number}"} for number in range(30)]

    def answer(_method: str, path: str, query: dict[str, str]) -> Answer:
        rows = {"/Users": everyone, "/Groups": groups}.get(path)
        return (
            page(window(rows, query), len(rows)) if rows else (200, {}, {"id": path[8:], "displayName": "G" + path[8:]})
        )

    found, server = read(answer)
    assert {group.members for group in found.groups} == {Members()}
    assert len(server.asked) == found.summary.requests == 3 + 2 + 30


def write(answer: Callable[[str, str, dict[str, str]], Answer]) -> tuple[str, Server]:
    server = Server(answer)
    connection = Connection("sandbox:", dialect="4me", requests_per_two_seconds=10**6)
    with open_directory(connection, application=server) as directory:
        return directory.writer.create(USER, {"userName": "ann@x"}, ()).id, server


def test_a_lost_answer_is_looked_up_before_the_request_is_repeated() -> None:
    posts: list[int] = []

    def answer(method: str, _path: str, _query: dict[str, str]) -> Answer:
        if method == "POST":
            posts.append(1)
            raise ConnectionResetError
        return page([{"id": "5", "userName": "ANN@x"}])

    assert (write(answer)[0], len(posts)) == ("5", 1)


def test_a_request_that_was_lost_on_the_way_is_sent_again() -> None:
    posts: list[int] = []

    def answer(method: str, _path: str, _query: dict[str, str]) -> Answer:
        if method == "GET":
            return page([])
        posts.append(1)
        if len(posts) == 1:
            raise ConnectionResetError
        return 201, {"Location": "https://x/scim/v2/Users/6"}, b""

    assert (write(answer)[0], len(posts)) == ("6", 2)


def test_retry_after_is_honoured() -> None:
    answers = [(429, {"Retry-After": "0"}, {"message": "Too Many Requests"}), (503, {"Retry-After": "0"}, {}), page([])]
    found, server = read(only_users(lambda _query: answers.pop(0)))
    assert (found.summary.complete, len(server.asked)) == (True, 4)


def test_redirects_to_another_host_are_not_followed() -> None:
    message = failure((302, {"Location": "https://evil.example/scim/v2/Users"}, b""))
    assert message == "GET /scim/v2/Users: redirected to https://evil.example, not followed"


@pytest.mark.parametrize(
    "endpoint", ["http://api.4me.com/scim/v2", "http://127.0.0.1.evil.example", "ftp://localhost", "api.4me.com"]
)
def test_only_https_and_loopback(endpoint: str) -> None:
    with pytest.raises(OperatorError, match="must be https"):
        Client(Connection(endpoint))


def test_the_token_is_not_in_what_is_shown() -> None:
    assert "s3cret" not in repr(Connection("https://x", token="s3cret"))


def test_an_update_sends_whole_complex_attributes_in_4mes_dialect_and_parts_in_rfc7644s() -> None:
    attributes = {
        "name.givenName": "Ann", "name.familyName": "Lee", "title": "Lead",
        "emails": [{"value": "a@x", "type": "work", "primary": True}, {"value": "h@x", "type": "home"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "IT",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": "4",
    }  # fmt: skip
    live = Live(USER, "7", "ann@x", attributes)  # type: ignore[arg-type]
    changes = [
        Change("name.familyName", "Lee", None),
        Change("title", "Lead", None),
        Change('emails[type eq "work"].value', "a@x", "b@x"),
        Change("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "4", "5"),
    ]
    emails = [{"value": "b@x", "type": "work", "primary": True}, {"value": "h@x", "type": "home"}]
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    assert sent(live, changes, "4me") == [
        {
            "name": {"givenName": "Ann", "familyName": ""},
            "title": "",
            "emails": emails,
            enterprise: {"department": "IT", "manager": {"value": "5"}},
        }
    ]
    assert sent(live, changes, "rfc7644") == [
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                {"op": "remove", "path": "name.familyName"},
                {"op": "remove", "path": "title"},
                {"op": "replace", "path": "emails", "value": emails},
                {"op": "replace", "path": f"{enterprise}:manager", "value": {"value": "5"}},
            ],
        }
    ]


def sent(live: Live, changes: list[Change], dialect: Any, members: MemberDelta | None = None) -> list[Any]:
    server = Server(lambda _method, _path, _query: (200, {}, {"id": "7"}))
    connection = Connection("sandbox:", dialect=dialect, requests_per_two_seconds=10**6, members_per_request=2)
    with open_directory(connection, application=server) as directory:
        directory.writer.update(live, changes, members or MemberDelta())
    return [body for method, _, body in server.asked if method != "GET"]


def test_members_go_in_batches_and_by_id() -> None:
    delta = MemberDelta((Member(USER, "1"), Member(GROUP, "2")), (Member(USER, "3"),))
    assert sent(Live(GROUP, "7", "G", {}), [], "4me", delta) == [
        {"members": [{"value": "1"}, {"value": "2", "type": "Group"}]},
        {"members": [{"value": "3", "operation": "delete"}]},
    ]
    assert [body["Operations"] for body in sent(Live(GROUP, "7", "G", {}), [], "rfc7644", delta)] == [
        [{"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2", "type": "Group"}]}],
        [{"op": "remove", "path": 'members[value eq "3"]'}],
    ]


def test_a_group_that_goes_while_it_is_read_is_told_as_that() -> None:
    groups = [{"id": "7", "displayName": "G"}]
    gone: Answer = (404, {}, {"message": "Not Found"})
    answers = {"/Users": page([]), "/Groups": page(groups), "/Groups/7": gone}
    with pytest.raises(ServiceError) as caught:
        read(lambda _method, path, _query: answers[path])
    assert caught.value.message == "GET /Groups/7 (G): HTTP 404, though it was listed a moment ago"
    assert "run it again" in str(caught.value.hint)
