"""Whatever a service says, and however it spells it, nobody is told a useful part of the token."""

from __future__ import annotations

import base64
import json
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ServiceError
from reconciler.scim.client import Client
from reconciler.scim.connection import Connection, Waiting
from reconciler.scim.pacing import Timing
from reconciler.scim.secret import SHORTEST, Secret
from reconciler.scim.wire import decode_page
from tests.scim.test_hostile import Answer, Server, page

TOKEN = "tok/9f3b+71c0~5d2e=searched.everywhere"
SAID = {
    "as it is": TOKEN,
    "in another case": TOKEN.upper(),
    "its first half": TOKEN[:19],
    "its second half": TOKEN[19:],
    "for a URL": quote(TOKEN, safe=""),
    "as JSON of some languages": TOKEN.replace("/", r"\/"),
    "for HTML": escape(TOKEN),
    "hexadecimal": TOKEN.encode().hex(),
    "Base64": base64.b64encode(TOKEN.encode()).decode(),
    "Base64 behind one byte": base64.b64encode(b":" + TOKEN.encode()).decode(),
    "Base64 behind two": base64.b64encode(b"u:" + TOKEN.encode()).decode(),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_no_useful_part_is_left(said: str) -> None:
    shown = Secret(TOKEN).removed(f"before {said} behind")
    assert shown.startswith("before ")
    assert shown.endswith(" behind")
    left = shown.removeprefix("before ").removesuffix(" behind").replace("[token]", " ").split()
    assert all(len(each) < SHORTEST for each in left)


@given(st.text(), st.text(), st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN)))
def test_any_part_in_any_text(before: str, behind: str, start: int, end: int) -> None:
    shown = Secret(TOKEN).removed(f"{before}{TOKEN[start:end]}{behind}").lower()
    assert not any(TOKEN[at : at + SHORTEST] in shown for at in range(len(TOKEN) - SHORTEST + 1))


@given(st.text(alphabet=st.characters(exclude_characters=TOKEN)))
def test_what_is_not_of_it_stays(text: str) -> None:
    assert Secret(TOKEN).removed(text) == text
    assert Secret(None).removed(text) == text


@pytest.mark.parametrize("spelled", [TOKEN, TOKEN.upper(), TOKEN.replace("/", r"\/")])
def test_an_answer_stays_json(spelled: str) -> None:
    answer = f'{{"title": "{spelled}", "nickName": "{TOKEN[:19]}"}}'.encode()
    assert json.loads(Secret(TOKEN).cleaned(answer)) == {"title": "[token]", "nickName": TOKEN[:19]}


def test_a_short_word_is_taken_out_of_what_is_said_and_never_of_data() -> None:
    assert Secret("lead").removed("the Lead said") == "the [token] said"
    assert Secret("lead").cleaned(b'{"title": "Lead"}') == b'{"title": "Lead"}'


WORST: dict[str, tuple[int, dict[str, str], Any]] = {
    "an error": (400, {}, {"detail": f"no: {TOKEN}"}),
    "an error with half of it": (400, {}, {"detail": f"no: {TOKEN[:19]}"}),
    "an error with a slash escaped": (400, {}, json.dumps({"detail": TOKEN}).replace("/", r"\/").encode()),
    "an error with all escaped": (
        400,
        {},
        b'{"detail": "%b"}' % b"".join(b"\\u%04x" % each for each in TOKEN.encode()),
    ),
    "no JSON": (200, {}, f"you are {TOKEN.upper()}".encode()),
    "a page": (200, {"Content-Type": "text/html"}, f"<html><title>{TOKEN}</title></html>".encode()),
    "a name that stands twice": (200, {}, f'{{"{TOKEN}": 1, "{TOKEN}": 2}}'.encode()),
    "another host": (302, {"Location": f"https://{TOKEN[19:].replace('=', '')}.example/"}, {}),
    "a way round": (302, {"Location": f"/scim/v2/Users?said={quote(TOKEN)}"}, {}),
    "a value": page([{"id": "1", "userName": "ann", "title": TOKEN}]),
}


@pytest.mark.parametrize("worst", WORST)
def test_nothing_that_a_client_tells_has_it(worst: str) -> None:
    told: list[object] = []
    server = Server(lambda _method, _path, _query: WORST[worst])
    client = Client(Connection("https://x", TOKEN), application=server, on_talk=told.append, on_exchange=told.append)
    try:
        told.append(decode_page(client.get("/Users").body, "GET /Users"))
    except ServiceError as error:
        told.append(error)
    said = repr(told).lower()
    assert not any(TOKEN[at : at + SHORTEST] in said for at in range(len(TOKEN) - SHORTEST + 1))
    assert server.asked


def test_nor_does_a_broken_connection() -> None:
    def broken(*_arguments: object) -> Answer:
        raise ConnectionError(f"illegal header line: {TOKEN}")

    told: list[object] = []
    patient = Waiting(timing=Timing(sleep=lambda _seconds: None))
    client = Client(
        Connection("https://x", TOKEN, waiting=patient),
        application=Server(broken),
        on_talk=told.append,
        on_exchange=told.append,
    )
    with pytest.raises(ServiceError, match=r"illegal header line: \[token\]") as caught:
        client.get("/Users")
    assert TOKEN not in f"{told}{caught.value}"
