"""One contract for every service: the sandbox, in process and on a port, in both dialects; a strict RFC 7644 server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_provider

from reconciler.core.directory import Identity, MemberDelta
from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.plan_model import Change
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox
from reconciler.sandbox.server import serve
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.connection import Connection
from reconciler.scim.directory import Directory, open_directory
from tests.builders import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reconciler.core.model import Attributes, LiveState
    from reconciler.sandbox import Sandbox

USER, GROUP = ResourceType.USER, ResourceType.GROUP
EVERYTHING = asking(())
QUICK: dict[str, Any] = {"requests_per_hour": 10**6, "requests_per_two_seconds": 10**6, "concurrency": 2}
SERVICES = [
    ("in process", "4me", "merge"),
    ("in process", "4me", "replace"),
    ("in process", "rfc7644", "merge"),
    ("on a port", "4me", "merge"),
    ("on a port", "auto", "merge"),
    ("on a port", "rfc7644", "replace"),
    ("scim2-server", "rfc7644", "merge"),
    ("scim2-server", "auto", "merge"),
]


def empty_sandbox(**options: Any) -> Sandbox:
    return open_sandbox(SandboxOptions(seeded=False, rate_limit=10**6, **options))


def independent() -> Callable[..., Iterable[bytes]]:
    """Wrap scim2-server, which has its resources below /v2."""
    inner = WSGIApplication(InMemoryStorage(), load_default_provider())

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/scim")
        return inner({**environ, "PATH_INFO": path}, start_response)

    return application


@contextmanager
def connected(front: str, sandbox: Sandbox, **options: Any) -> Iterator[Directory]:
    if front == "in process":
        application = wsgi_application(sandbox)
        with open_directory(Connection("sandbox:", **QUICK, **options), application=application) as directory:
            yield directory
    else:
        with serve(sandbox) as served, open_directory(Connection(served.url, **QUICK, **options)) as directory:
            yield directory


@pytest.fixture(params=SERVICES, ids=" ".join)
def directory(request: pytest.FixtureRequest) -> Iterator[Directory]:
    front, dialect, partial = request.param
    if front == "scim2-server":
        connection = Connection("sandbox:", dialect=dialect, **QUICK)
        with open_directory(connection, application=independent()) as opened:
            yield opened
        return
    sandbox = empty_sandbox(partial_complex=partial)
    try:
        with connected(front, sandbox, dialect=dialect) as opened:
            yield opened
    finally:
        sandbox.close()


def by_key(state: LiveState) -> dict[str, Live]:
    return {each.key: each for each in (*state.users, *state.groups)}


def read(directory: Directory) -> dict[str, Live]:
    state = directory.reader.read(EVERYTHING).live
    assert (state.summary.complete, state.notes) == (True, ())
    return by_key(state)


def written(live: Live) -> Attributes:
    """What was written: without the times of the service, and without values that mean no value."""
    return {
        path: value
        for path, value in live.attributes.items()
        if not path.startswith("meta.") and value not in (None, "", [])
    }


ANN: Attributes = {
    "userName": "ann@widget.example",
    "externalId": "E1",
    "name.givenName": "Ann",
    "name.familyName": "Lee",
    "title": "Lead",
    "active": True,
    "emails": [
        {"value": "ann@widget.example", "type": "work", "primary": True},
        {"value": "ann@home.example", "type": "home"},
    ],
    "roles": [{"value": "specialist"}],
    f"{ENTERPRISE}:department": "IT",
    f"{ENTERPRISE}:costCenter": "7",
}


def test_a_user_is_created_read_updated_cleared_and_deactivated(directory: Directory) -> None:
    boss = directory.writer.create(USER, {"userName": "boss@widget.example"}, ()).id
    created = directory.writer.create(USER, {**ANN, MANAGER: boss}, ())
    assert created.requests == 1
    live = read(directory)["ann@widget.example"]
    assert (live.id, live.active, written(live)) == (created.id, True, {**ANN, MANAGER: boss})

    changes = [
        Change("name.familyName", "Lee", "Day"),
        Change("title", "Lead", None),
        Change('emails[type eq "work"].value', "ann@widget.example", "a.day@widget.example"),
        Change("roles", ["specialist"], ["specialist", "auditor"]),
        Change(f"{ENTERPRISE}:department", "IT", "HR"),
        Change(MANAGER, boss, None),
    ]
    assert directory.writer.update(live, changes, MemberDelta()).requests == 1
    live = read(directory)["ann@widget.example"]
    expected: Attributes = {
        **ANN,
        "name.familyName": "Day",
        "emails": [
            {"value": "a.day@widget.example", "type": "work", "primary": True},
            {"value": "ann@home.example", "type": "home"},
        ],
        "roles": [{"value": "specialist"}, {"value": "auditor"}],
        f"{ENTERPRISE}:department": "HR",
    }
    del expected["title"]
    assert written(live) == expected

    changes = [
        Change('emails[type eq "home"]', None, None),
        Change("roles", ["specialist", "auditor"], None),
        Change(f"{ENTERPRISE}:costCenter", "7", None),
        Change("name.givenName", "Ann", None),
        Change('phoneNumbers[type eq "work"].value', None, "+31 1"),
        Change("active", before=True, after=False),
    ]
    directory.writer.update(live, changes, MemberDelta())
    live = read(directory)["ann@widget.example"]
    assert live.active is False
    expected["emails"] = [{"value": "a.day@widget.example", "type": "work", "primary": True}]
    expected |= {"phoneNumbers": [{"value": "+31 1", "type": "work"}], "active": False}
    for path in ("roles", f"{ENTERPRISE}:costCenter", "name.givenName"):
        del expected[path]
    assert written(live) == expected

    directory.writer.update(live, [Change("active", before=False, after=True)], MemberDelta())
    assert read(directory)["ann@widget.example"].active is True


def test_members_are_added_and_removed_one_by_one(directory: Directory) -> None:
    ids = [directory.writer.create(USER, {"userName": f"u{n}@widget.example"}, ()).id for n in range(4)]
    one, two, three, four = (Member(USER, each) for each in ids)
    inner = Member(GROUP, directory.writer.create(GROUP, {"displayName": "Inner"}, (one,)).id)
    directory.writer.create(GROUP, {"displayName": "Outer", "externalId": "G1"}, (one, two, inner))
    outer = read(directory)["Outer"]
    assert (outer.members, outer.attributes["externalId"]) == (Members.of((one, two, inner)), "G1")

    delta = MemberDelta((three, four), (one, inner))
    assert directory.writer.update(outer, [Change("externalId", "G1", "G2")], delta).requests == 1
    live = read(directory)
    assert (live["Outer"].members, live["Outer"].attributes["externalId"]) == (Members.of((two, three, four)), "G2")
    assert live["Inner"].members == Members.of((one,))

    directory.writer.update(live["Outer"], [], MemberDelta(remove=(two, three, four)))
    assert read(directory)["Outer"].members == Members()


def test_look_ups_find_the_declared_whatever_their_case(directory: Directory) -> None:
    hostile = 'o"neil\\x'
    for number in range(60):
        directory.writer.create(USER, {"userName": f"u{number}@widget.example", "externalId": f"E{number}"}, ())
    directory.writer.create(USER, {"userName": "x@widget.example", "externalId": hostile}, ())
    directory.writer.create(GROUP, {"displayName": "Team"}, ())
    declared = [
        Identity(USER, (("externalId", f"E{number}"), ("userName", f"U{number}@Widget.Example")))
        for number in range(0, 60, 2)
    ]
    declared += [
        Identity(USER, (("externalId", hostile),)),
        Identity(USER, (("userName", "nobody@widget.example"),)),
        Identity(GROUP, (("displayName", "team"),), needs_members=True),
    ]
    state = directory.reader.read(asking(tuple(declared), everything=False)).live
    assert state.summary.strategy == "lookup"
    expected = {*(f"u{number}@widget.example" for number in range(0, 60, 2)), "x@widget.example", "Team"}
    assert set(by_key(state)) == expected
    assert by_key(state)["Team"].members == Members()


def test_the_probe_tells_what_works(directory: Directory) -> None:
    directory.writer.create(USER, {"userName": "ann@widget.example"}, ())
    found = directory.probe()
    assert (found.users, found.groups, {works for _, works in found.filters}) == (1, 0, {True})


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_custom_fields_are_changed_one_by_one(dialect: str) -> None:
    sandbox = empty_sandbox()
    with connected("in process", sandbox, dialect=dialect) as directory:
        attributes: Attributes = {f"{CUSTOM_FIELDS}:payroll": "1", f"{CUSTOM_FIELDS}:born": 1975}
        directory.writer.create(USER, {"userName": "ann@widget.example", **attributes}, ())
        live = read(directory)["ann@widget.example"]
        assert written(live) == {"userName": "ann@widget.example", "active": True, **attributes}
        changes = [Change(f"{CUSTOM_FIELDS}:payroll", "1", None), Change(f"{CUSTOM_FIELDS}:badge", None, "x")]
        directory.writer.update(live, changes, MemberDelta())
        live = read(directory)["ann@widget.example"]
        assert written(live) == {
            "userName": "ann@widget.example",
            "active": True,
            f"{CUSTOM_FIELDS}:born": 1975,
            f"{CUSTOM_FIELDS}:badge": "x",
        }
    sandbox.close()


@pytest.mark.parametrize("front", ["in process", "on a port"])
@pytest.mark.parametrize(("users", "groups"), [(0, 0), (1, 1), (25, 25), (26, 3), (60, 30)])
def test_a_scan_takes_as_few_requests_as_there_are_pages_and_groups(front: str, users: int, groups: int) -> None:
    sandbox = empty_sandbox(organisation=Organisation(users, groups, 5)) if users else empty_sandbox()
    with connected(front, sandbox, dialect="4me") as directory:
        state = directory.reader.read(EVERYTHING).live
        assert (len(state.users), len(state.groups), state.summary.complete) == (users, groups, True)
        assert state.summary.requests == directory.client.requests == len(sandbox.requests)
        least = max(1, ceil(users / 25)) + max(1, ceil(groups / 25)) + groups
        assert state.summary.requests == least
    sandbox.close()


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize(("members", "requests"), [(1, 1), (500, 1), (501, 2)])
def test_large_groups_take_a_request_for_every_500_members(dialect: str, members: int, requests: int) -> None:
    sandbox = empty_sandbox(organisation=Organisation(600))
    with connected("in process", sandbox, dialect=dialect) as directory:
        wanted = tuple(Member(USER, str(number)) for number in range(1, members + 1))
        assert directory.writer.create(GROUP, {"displayName": "Large"}, wanted).requests == requests
        question = asking((Identity(GROUP, (("displayName", "Large"),), needs_members=True),), everything=False)
        live = by_key(directory.reader.read(question).live)["Large"]
        assert live.members == Members.of(wanted)
        emptied = directory.writer.update(replace(live, members=None), [], MemberDelta(remove=wanted))
        assert emptied.requests == requests
        assert by_key(directory.reader.read(question).live)["Large"].members == Members()
    sandbox.close()
