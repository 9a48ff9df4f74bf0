"""Writes: who was created, what is split, and that no success is told that the service did not tell."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.directory import MemberDelta
from reconciler.core.model import Live, Member, ResourceType
from reconciler.errors import LostAnswer, ServiceError
from reconciler.scim.client import DOUBT
from reconciler.scim.dialects import FOURME
from reconciler.scim.writing import ScimWriter
from tests.scim.script import Script, Step, client

USER, GROUP = ResourceType.USER, ResourceType.GROUP
PAGE: Step = (200, {}, {"totalResults": 1, "Resources": [{"id": 5, "userName": "ANN@x"}]})
EMPTY: Step = (200, {}, {"totalResults": 0})


@pytest.mark.parametrize(
    ("steps", "written", "asked"),
    [
        ([(201, {}, {"id": 7})], ("7", 1), ["POST"]),
        ([(201, {"Location": "https://x/scim/v2/Users/7/"}, b"")], ("7", 1), ["POST"]),
        ([(201, {"Location": "https://x/scim/v2/Users/7"}, {"userName": "ann@x"})], ("7", 1), ["POST"]),
        ([(201, {}, b""), PAGE], ("5", 1), ["POST", "GET"]),
        ([ConnectionResetError, PAGE], ("5", 2), ["POST", "GET"]),
        ([(504, {}, b""), PAGE], ("5", 2), ["POST", "GET"]),
        ([ConnectionResetError, EMPTY, (201, {}, {"id": "6"})], ("6", 3), ["POST", "GET", "POST"]),
    ],
)
def test_who_was_created_is_found_out(steps: list[Step], written: tuple[str, int], asked: list[str]) -> None:
    script = Script(list(steps))
    writer = ScimWriter(client(script), FOURME, 500)
    created = writer.create(ResourceType.USER, {"userName": "ann@x"}, ())
    assert (created.id, created.requests) == written
    assert [each.split()[0] for each in script.asked] == asked


def test_an_answer_that_is_lost_twice_is_told() -> None:
    script = Script([ConnectionResetError, EMPTY, ConnectionResetError])
    with pytest.raises(LostAnswer, match="it may have been carried out"):
        ScimWriter(client(script), FOURME, 500).create(ResourceType.USER, {"userName": "ann@x"}, ())


PAGE_OF_A_PROXY: Step = (200, {"Content-Type": "text/html"}, b"<html><title>Sign in</title></html>")


def write(script: Script, *, creates: bool) -> None:
    writer = ScimWriter(client(script), FOURME, 500)
    if creates:
        writer.create(USER, {"userName": "ann@x"}, ())
    else:
        writer.update(Live(USER, "7", "ann@x", {}), (), MemberDelta((Member(USER, "1"),)))


def refused(steps: list[Step], *, creates: bool) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        write(Script(list(steps)), creates=creates)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (PAGE_OF_A_PROXY, f"the answer is not JSON: an HTML page titled 'Sign in'; {DOUBT}"),
        ((200, {}, b'{"id": "7"'), f"the answer is not JSON: it is cut off or broken; {DOUBT}"),
        ((200, {}, b"[]"), f"the answer is not a JSON object; {DOUBT}"),
        ((200, {}, {"message": "thanks"}), f"a User without id: ?; {DOUBT}"),
        ((200, {}, b'{"id":"7","active":true,"active":false}'), "the answer says 'active' twice, so that"),
    ],
)
@pytest.mark.parametrize("creates", [True, False])
def test_an_answer_that_is_not_the_resource_is_no_success(answer: Step, told: str, creates: bool) -> None:  # noqa: FBT001
    error = refused([answer, EMPTY], creates=creates)
    assert told in error.message
    assert error.message.startswith("POST /Users (ann@x): " if creates else "PATCH /Users/7 (ann@x): ")


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_answer_to_an_update_is_a_success(status: int) -> None:
    writer = ScimWriter(client(Script([(status, {}, b"")])), FOURME, 500)
    assert writer.update(Live(USER, "7", "ann@x", {}), (), MemberDelta((Member(USER, "1"),))).live is None


def test_a_lost_answer_that_cannot_be_looked_up_either_is_told_as_both() -> None:
    error = refused([ConnectionResetError, (500, {}, {"message": "Oops"})], creates=True)
    assert (error.message, error.status) == (
        f"POST /Users (ann@x): connection failed (connection dropped); {DOUBT}; GET /Users: HTTP 500: Oops",
        500,
    )


def test_a_repeated_create_that_is_there_already_was_carried_out_the_first_time() -> None:
    script = Script([ConnectionResetError, EMPTY, (409, {}, {"message": "taken"}), PAGE])
    created = ScimWriter(client(script), FOURME, 500).create(USER, {"userName": "ann@x"}, ())
    assert (created.id, created.requests, len(script.asked)) == ("5", 4, 4)


MEMBERS = tuple(Member(USER, str(number)) for number in range(5))
TOO_LARGE: Step = (413, {}, {"message": "Too large"})
FINE: Step = (200, {}, {"id": "7"})


@pytest.mark.parametrize(
    ("creates", "steps", "methods"),
    [
        (False, [TOO_LARGE, FINE], ["PATCH"] * 4),
        (False, [TOO_LARGE, TOO_LARGE, FINE], ["PATCH"] * 7),
        (False, [TOO_LARGE, FINE, TOO_LARGE, FINE], ["PATCH"] * 8),
        (True, [TOO_LARGE, FINE], ["POST", "POST", "PATCH", "PATCH"]),
    ],
)
def test_members_that_are_too_many_for_one_request_go_in_halves(
    creates: bool,  # noqa: FBT001
    steps: list[Step],
    methods: list[str],
) -> None:
    script = Script(list(steps))
    writer = ScimWriter(client(script), FOURME, 5)
    if creates:
        writer.create(GROUP, {"displayName": "G"}, MEMBERS)
    else:
        writer.update(Live(GROUP, "7", "G", {}), (), MemberDelta(MEMBERS))
    assert [each.split()[0] for each in script.asked] == methods


@pytest.mark.parametrize("members", [MEMBERS, ()])
def test_what_cannot_be_halved_any_more_is_told(members: Any) -> None:
    script = Script([TOO_LARGE])
    with pytest.raises(ServiceError, match="HTTP 413: Too large"):
        ScimWriter(client(script), FOURME, 4).create(GROUP, {"displayName": "G"}, members)
    assert len(script.asked) == (3 if members else 1)
