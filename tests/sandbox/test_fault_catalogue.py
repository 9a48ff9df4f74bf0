"""Each fault does what it says, and is logged where it made a difference."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.sandbox import parse_fault
from reconciler.sandbox.messages import Delivery
from reconciler.sandbox.server import serve

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Opener

WORK = {"value": "+1 (555) 12-34", "type": "work"}
SENT = {"userName": "Ann@X", "title": " Lead ", "phoneNumbers": [WORK]}


def disturbed(open_caller: Opener, *faults: str, **options: Any) -> Caller:
    return open_caller(faults=tuple(map(parse_fault, faults)), **options)


def logged(caller: Caller) -> list[tuple[str, int | None, tuple[str, ...], list[str]]]:
    return [
        (each.method, each.status, each.faults, [str(effect) for effect in each.effects])
        for each in caller.sandbox.requests
    ]


@pytest.mark.parametrize(
    ("fault", "delivery", "status", "acts"),
    [
        ("reset=before", Delivery.RESET, None, False),
        ("reset=after", Delivery.RESET, 201, True),
        ("silent=before", Delivery.SILENT, None, False),
        ("silent=after", Delivery.SILENT, 201, True),
        ("down=5", Delivery.DOWN, None, False),
        ("acted=504", Delivery.WHOLE, 504, True),
        ("endless", Delivery.ENDLESS, 201, True),
    ],
)
def test_whether_it_acted_and_what_is_seen_of_it(
    open_caller: Opener,
    fault: str,
    delivery: Delivery,
    status: int | None,
    acts: bool,  # noqa: FBT001
) -> None:
    caller = disturbed(open_caller, f"{fault},method=POST")
    assert caller.send("POST", "/Users", SENT).delivery is delivery
    assert caller.get("/Users")["totalResults"] == int(acts)
    assert logged(caller)[0] == ("POST", status, (fault,), ["created User 1"] if acts else [])


def test_effects_are_who_was_changed_and_how(open_caller: Opener) -> None:
    caller = open_caller()
    for name in ("ann", "bo"):
        caller.user(name)
    caller.create("/Groups", {"displayName": "G", "members": [{"value": "1"}]})
    caller.send("PATCH", "/Users/1", {"active": False})
    caller.send("PATCH", "/Users/1", {"active": False})
    caller.send("PATCH", "/Users/1", {"active": True, "title": "Lead"})
    caller.send("PATCH", "/Users/1", {"title": "Head", "userName": ""})
    caller.send("PATCH", "/Groups/1", {"members": [{"value": "2"}, {"value": "1", "operation": "delete"}]})
    caller.send("DELETE", "/Users/2")
    caller.send("DELETE", "/Users/2", hard="true")
    assert [effects for *_, effects in logged(caller)] == [
        ["created User 1"],
        ["created User 2"],
        ["created Group 1 +1"],
        ["deactivated User 1"],
        [],
        ["reactivated User 1"],
        [],
        ["updated Group 1 +1 -1"],
        ["deactivated User 2"],
        ["removed User 2"],
    ]


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("trim", {"title": "Lead"}),
        ("lower", {"userName": "ann@x", "title": " lead "}),
        ("phone", {"phoneNumbers": [{"value": "+15551234", "type": "work"}]}),
        ("drop", {"title": None}),
    ],
)
@pytest.mark.parametrize("is_patch_op", [False, True])
def test_values_that_are_stored_another_way(
    open_caller: Opener,
    way: str,
    kept: dict[str, Any],
    is_patch_op: bool,  # noqa: FBT001
) -> None:
    caller = disturbed(open_caller, f"normalise={way},method=P*")
    caller.create("/Users", {"userName": "nobody"})
    operations = [{"op": "replace", "path": name, "value": value} for name, value in SENT.items()]
    sent = {"Operations": operations} if is_patch_op else SENT
    assert caller.send("PATCH", "/Users/1", sent).status == 200
    shown = caller.get("/Users/1")
    assert {name: shown.get(name) for name in SENT} == {"userName": "Ann@X", **SENT, **kept}
    assert [faults for _, _, faults, _ in logged(caller)] == [(), (f"normalise={way}",), ()]


@pytest.mark.parametrize(
    ("how", "names", "effects"),
    [
        ("insert", ["shifted-1-4", "u3", "u2", "u1"], ["created User 5"]),
        ("remove", ["u2", "u1"], ["removed User 3"]),
        ("touch", ["u1", "u3", "u2"], []),
    ],
)
def test_rows_that_move(open_caller: Opener, how: str, names: list[str], effects: list[str]) -> None:
    caller = open_caller()
    for number in (1, 2, 3):
        caller.user(f"u{number}")
        caller.clock.now += 1
    caller.sandbox.arm(parse_fault(f"shift={how},path=/Users,times=1"))
    assert [name.partition("@")[0] for name in caller.names()] == names
    assert logged(caller)[-1] == ("GET", 200, (f"shift={how}",), effects)


def test_keys_that_stand_twice(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "duplicate-keys,method=GET")
    caller.user("ann")
    body = caller.send("GET", "/Users").body.decode()
    pairs = json.loads(body, object_pairs_hook=list)
    assert [value for name, value in pairs if name == "totalResults"] == [1, 0]
    row = next(value for name, value in pairs if name == "Resources")[0]
    assert [value for name, value in row if name in {"userName", "active"}] == ["ann", True, "not ann", False]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding(open_caller: Opener, encoding: str) -> None:
    body = disturbed(open_caller, f"charset={encoding}").send("GET", "/Users").body
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert json.loads(body.decode(encoding))["note"] == "é"


@pytest.mark.parametrize(
    ("fault", "date"),
    [
        ("date=+60", "Tue, 14 Nov 2023 22:14:20 GMT"),
        ("date=-60", "Tue, 14 Nov 2023 22:12:20 GMT"),
        ("date=junk", "yesterday, about noon"),
        ("date=none", None),
    ],
)
def test_a_clock_that_is_off(open_caller: Opener, fault: str, date: str | None) -> None:
    caller = disturbed(open_caller, fault)
    assert dict(caller.send("GET", "/Users").headers).get("date") == date
    assert logged(caller)[0][2] == (fault,)


def test_faults_that_make_no_difference_are_not_logged(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "total=+1", "normalise=phone", "shift=touch", "duplicate-keys", "overlap")
    assert caller.send("GET", "/Users/9").status == 404
    assert logged(caller) == [("GET", 404, (), [])]


def test_faults_that_rewrite_a_body_come_after_those_that_distort_it(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "charset=utf-16", "total=+1", "duplicate-keys")
    body = json.loads(caller.send("GET", "/Users").body.decode("utf-16"))
    assert (body["totalResults"], logged(caller)[0][2]) == (1, ("total=+1", "charset=utf-16"))


def test_faults_come_and_go(open_caller: Opener) -> None:
    caller = open_caller()
    caller.sandbox.arm(parse_fault("status=503,times=1"))
    statuses = [caller.send("GET", "/Users").status for _ in range(2)]
    caller.sandbox.arm(parse_fault("status=503,times=1"))
    statuses.append(caller.send("GET", "/Users").status)
    caller.sandbox.arm()
    assert [*statuses, caller.send("GET", "/Users").status] == [503, 200, 503, 200]


def test_a_reset_connection(open_caller: Opener) -> None:
    with serve(disturbed(open_caller, "reset=before").sandbox) as served, pytest.raises(httpx.ReadError):
        httpx.get(f"{served.url}/Users", trust_env=False)


def test_silence_lasts_until_the_client_hangs_up(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "silent=after,times=1")
    with serve(caller.sandbox) as served:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{served.url}/Users", timeout=0.05, trust_env=False)
        assert httpx.get(f"{served.url}/Users", trust_env=False).status_code == 200


def test_a_closed_port_opens_again_when_the_time_has_come(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "down=10,after=1,times=1")
    with serve(caller.sandbox) as served, httpx.Client(base_url=served.url, trust_env=False) as idle:
        assert idle.get("/Users").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{served.url}/Users", trust_env=False)
        with pytest.raises(httpx.ConnectError):
            idle.get("/Users")
        caller.clock.now += 11
        again = httpx.HTTPTransport(retries=9)
        with httpx.Client(transport=again) as client:
            assert client.get(f"{served.url}/Users").status_code == 200


def test_a_server_that_is_down_can_end(open_caller: Opener) -> None:
    with serve(disturbed(open_caller, "down=10").sandbox) as served, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{served.url}/Users", trust_env=False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.port))


def test_a_slow_body_comes_in_pieces_and_whole(open_caller: Opener) -> None:
    caller = disturbed(open_caller, "slow=40")
    with serve(caller.sandbox) as served:
        assert httpx.get(f"{served.url}/Users", trust_env=False).json()["totalResults"] == 0
    assert sum(caller.clock.slept) == pytest.approx(40, rel=0.1)


@pytest.mark.parametrize(("fault", "most"), [("huge=1", 1024 * 1024), ("endless", 3 * 1024 * 1024)])
def test_bodies_that_are_too_large(open_caller: Opener, fault: str, most: int) -> None:
    caller = disturbed(open_caller, fault)
    received = 0
    with (
        serve(caller.sandbox) as served,
        httpx.Client(trust_env=False) as client,
        client.stream("GET", f"{served.url}/Users") as response,
    ):
        for piece in response.iter_bytes():
            received += len(piece)
            if received > 3 * 1024 * 1024:
                break
    assert received > most
