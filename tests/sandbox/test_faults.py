"""Faults: read from text, counted, and each seen to happen."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import UsageError
from reconciler.sandbox import Fault, Organisation, parse_fault
from reconciler.sandbox.faults import KINDS
from reconciler.sandbox.messages import Delivery, Request

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Opener

CUSTOM = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"


def test_a_fault_with_everything() -> None:
    text = "status=503,method=PATCH,path=/Users/*,query=*a*,after=3,times=2,every=5,retry-after=date+1"
    assert parse_fault(text) == Fault(
        kind="status",
        value="503",
        method="PATCH",
        path="/Users/*",
        query="*a*",
        after=3,
        times=2,
        every=5,
        retry_after="date+1",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "explode",
        "status",
        "status=200",
        "status=505",
        "status=499",
        "html=204",
        "status=often",
        "html=900",
        "latency=-1",
        "latency",
        "total=7",
        "total=+0",
        "lost=1",
        "lost,path",
        "lost,path=",
        "lost,times=0",
        "lost,after=-1",
        "lost,every=x",
        "lost,colour=blue",
        "status=503,retry-after=soon",
        "lost,,",
    ],
)
def test_other_texts_are_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="cannot use the fault"):
        parse_fault(text)


def test_a_wrong_fault_says_what_would_be_right() -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault("lost,time=3")
    assert (caught.value.message, caught.value.hint) == (
        "cannot use the fault 'lost,time=3': cannot read 'time=3'",
        "write it like status=503,method=PATCH,path=/Users/*,after=3,times=2,retry-after=1",
    )


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ("lost", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("lost,times=2", [1, 2]),
        ("lost,after=3", [4, 5, 6, 7, 8]),
        ("lost,after=3,times=2", [4, 5]),
        ("lost,every=3", [3, 6]),
        ("lost,after=1,every=3,times=1", [4]),
    ],
)
def test_which_of_the_matching_requests_are_struck(fault: str, struck: list[int]) -> None:
    parsed = parse_fault(fault)
    assert [number for number in range(1, 9) if parsed.strikes(number)] == struck


@pytest.mark.parametrize(
    ("fault", "concerned"),
    [
        ("lost", True),
        ("lost,method=GET", False),
        ("lost,method=patch", True),
        ("lost,path=/Users/*", True),
        ("lost,path=/Users", False),
        ("lost,path=/scim*", False),
        ('lost,query=*userName eq "a"*', True),
        ("lost,query=*startIndex=26*", False),
    ],
)
def test_which_requests_a_fault_concerns(fault: str, concerned: bool) -> None:  # noqa: FBT001
    request = Request("PATCH", "/scim/v2/Users/7", "filter=userName+eq+%22a%22")
    assert parse_fault(fault).concerns(request) is concerned


def disturbed(open_caller: Opener, *faults: str, users: int = 60, **options: object) -> Caller:
    parsed = tuple(map(parse_fault, faults))
    return open_caller(organisation=Organisation(users, 1, 2), faults=parsed, **options)


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("status=400", 400, "Bad Request"),
        ("status=500", 500, "Internal Server Error"),
        ("status=504", 504, "Gateway Timeout"),
    ],
)
def test_a_status(open_caller: Opener, fault: str, status: int, message: str) -> None:
    assert disturbed(open_caller, fault).answer("GET", "/Users/1") == (status, {"message": message})


def test_retry_after_in_seconds_and_as_a_date(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "status=429,times=1,retry-after=7", "status=503,retry-after=date+60")
    seconds = dict(caller.send("GET", "/Users").headers)["retry-after"]
    date = dict(caller.send("GET", "/Users").headers)["retry-after"]
    assert (seconds, parsedate_to_datetime(date).timestamp()) == ("7", caller.clock.now + 60)


def test_a_faulty_write_was_not_acted_upon(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "status=503,method=PATCH,times=1")
    assert caller.send("PATCH", "/Users/1", {"title": "Changed"}).status == 503
    assert caller.get("/Users/1")["title"] != "Changed"
    assert caller.send("PATCH", "/Users/1", {"title": "Changed"}).status == 200


def test_a_lost_answer_was_acted_upon_and_a_refused_request_was_not(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "lost,method=POST,times=1", "refused,method=POST,after=1")
    deliveries = [caller.send("POST", "/Users", {"userName": name}).delivery for name in ("lost", "refused")]
    assert deliveries == [Delivery.DROPPED, Delivery.DROPPED]
    assert caller.names(filter='userName eq "lost" or userName eq "refused"') == ["lost"]
    logged = [(entry.method, entry.status, entry.faults) for entry in caller.sandbox.requests]
    assert logged == [("POST", 201, ("lost",)), ("POST", None, ("refused",)), ("GET", 200, ())]


@pytest.mark.parametrize(("fault", "status"), [("html", 200), ("html=502", 502)])
def test_html_instead_of_json(open_caller: Opener, fault: str, status: int) -> None:
    response = disturbed(open_caller, fault).send("GET", "/Users")
    assert (response.status, response.headers[0]) == (status, ("Content-Type", "text/html; charset=utf-8"))
    assert response.body.startswith(b"<!DOCTYPE html>")


def test_a_truncated_body_is_half_of_it(open_caller: Opener) -> None:
    response = disturbed(open_caller, "truncated").send("GET", "/Users")
    assert json.loads(response.body)["totalResults"] == 60
    assert response.delivered == response.body[: len(response.body) // 2]


def test_latency_adds_up(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "latency=0.5", "latency=2,after=1", latency=0.25)
    caller.get("/Users")
    caller.get("/Users")
    assert caller.clock.slept == [0.75, 2.75]


@pytest.mark.parametrize(("fault", "total"), [("total=+7", 67), ("total=-3", 57), ("total=-99", 0)])
def test_a_total_that_lies(open_caller: Opener, fault: str, total: int) -> None:
    page = disturbed(open_caller, fault).get("/Users")
    assert (page["totalResults"], len(page["Resources"])) == (total, 25)


def test_short_pages(open_caller: Opener) -> None:
    page = disturbed(open_caller, "short-pages").get("/Users")
    assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (60, 25, 13)


def test_overlapping_pages(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "overlap")
    first, second = caller.get("/Users"), caller.get("/Users", startIndex=26, count=25)
    assert (second["startIndex"], len(second["Resources"])) == (26, 25)
    assert second["Resources"][:5] == first["Resources"][-5:]


def test_odd_json(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "string-booleans", "numeric-ids")
    user, group = caller.get("/Users/1"), caller.get("/Groups/1")
    assert (user["active"], user["id"], user["groups"][0]["value"]) == ("True", 1, 1)
    assert (group["id"], [member["value"] for member in group["members"]]) == (1, [1, 2])
    assert {user["active"] for user in caller.get("/Users")["Resources"]} == {"True"}


def test_members_and_custom_fields_left_out(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "no-members", "no-custom-fields")
    caller.send("PATCH", "/Users/1", {CUSTOM: {"badge": 7}})
    assert "members" not in caller.get("/Groups/1")
    assert CUSTOM not in caller.get("/Users/1")


def test_errors_are_not_distorted(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "numeric-ids", "total=+1")
    assert caller.answer("GET", "/Users/999") == (404, {"message": "Not Found"})


def test_the_same_run_gives_the_same_faults(open_caller: Opener) -> None:
    def run() -> list[int]:
        caller = disturbed(open_caller, "status=500,every=3", "status=503,path=/Users/2,times=1")
        return [caller.send("GET", f"/Users/{number % 3}").status for number in range(12)]

    assert run() == run() == [404, 200, 500, 404, 200, 500, 404, 200, 500, 404, 200, 500]


def test_every_fault_is_documented_with_an_example_that_works() -> None:
    page = Path(__file__).parents[2] / "docs" / "sandbox.md"
    table = page.read_text(encoding="utf-8").partition("| kind | what happens | example |")[2].partition("\n\n")[0]
    examples = re.findall(r"\| `([^`|]+)` \|$", table, re.MULTILINE)
    assert {parse_fault(example).kind for example in examples} == set(KINDS)
