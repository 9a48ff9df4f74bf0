"""Reading a sandbox that goes wrong: the same live state as without, or a read that says it is not complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.directory import Identity
from reconciler.core.members import Members
from reconciler.core.model import LiveState, ResourceType
from reconciler.errors import ServiceError
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox, parse_fault
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.connection import Connection
from reconciler.scim.directory import open_directory
from reconciler.scim.filters import parse_filter
from tests.builders import asking

if TYPE_CHECKING:
    from reconciler.core.directory import Question
    from reconciler.scim.filters import Filter

USER, GROUP = ResourceType.USER, ResourceType.GROUP
ANN = Identity(USER, (("externalId", "E000001"),))
TEAM = Identity(GROUP, (("displayName", "group 0002"),), needs_members=True)
TEAMMATES = Members(frozenset(str(number) for number in range(6, 11)))


def read(
    question: Question,
    *faults: str,
    dialect: Any = "4me",
    scopes: tuple[Filter | None, Filter | None] = (None, None),
) -> tuple[LiveState, list[str]]:
    """Read 60 users and 3 groups of 5; the state, and what was asked for."""
    struck = tuple(map(parse_fault, faults))
    sandbox = open_sandbox(SandboxOptions(faults=struck, organisation=Organisation(60, 3, 5), rate_limit=10**6))
    connection = Connection("sandbox:", dialect=dialect, requests_per_two_seconds=10**6, concurrency=2)
    try:
        with open_directory(connection, scopes=scopes, application=wsgi_application(sandbox)) as directory:
            state = directory.reader.read(question).live
            return state, [each.target.removeprefix("/scim/v2") for each in sandbox.requests]
    finally:
        sandbox.close()


def essence(state: LiveState) -> list[Any]:
    live = (*state.users, *state.groups)
    return sorted((each.type, int(each.id), each.key, each.active, each.members) for each in live)


@pytest.fixture(name="truth", scope="module")
def _truth() -> list[Any]:
    state, _ = read(asking(()))
    assert (len(state.users), len(state.groups)) == (60, 3)
    return essence(state)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize(
    "fault",
    [
        "short-pages",
        "string-booleans",
        "numeric-ids",
        "total=+5,times=1,path=/Users",
        "total=-5,times=1,path=/Users",
        "status=429,every=2,times=3,retry-after=0",
        "status=503,every=2,times=3,retry-after=0",
    ],
)
def test_what_is_odd_is_read_as_if_it_were_not(truth: list[Any], fault: str, dialect: str) -> None:
    state, _ = read(asking(()), fault, dialect=dialect)
    assert (essence(state), state.summary.complete) == (truth, True)


def test_groups_without_members_are_empty() -> None:
    state, _ = read(asking(()), "no-members")
    assert [group.members for group in state.groups] == [Members()] * 3


@pytest.mark.parametrize("fault", ["total=+5,path=/Users", "total=-5,path=/Users", "total=+5,path=/Groups"])
def test_totals_that_never_fit_are_not_complete_but_everybody_is_seen(truth: list[Any], fault: str) -> None:
    state, _ = read(asking(()), fault)
    assert (essence(state), state.summary.complete) == (truth, False)


def test_pages_that_overlap_miss_nobody_who_is_declared() -> None:
    state, _ = read(asking((ANN, Identity(USER, (("externalId", "E000060"),)))), "overlap,path=/Users")
    ids = [each.id for each in state.users]
    assert {"1", "60"} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert state.summary.complete is (len(ids) == 60)


@pytest.mark.parametrize("question", [asking((ANN,), everything=False), asking((ANN,))])
@pytest.mark.parametrize("fault", ["html", "html=500", "status=401", "status=404", "status=500"])
def test_what_is_no_answer_is_an_error_and_never_nobody(fault: str, question: Question) -> None:
    with pytest.raises(ServiceError, match=r"^GET /Users"):
        read(question, f"{fault},path=/Users")


def test_a_look_up_asks_for_the_declared_only() -> None:
    state, asked = read(asking((ANN, TEAM), everything=False))
    assert [(each.type, each.id) for each in (*state.users, *state.groups)] == [(USER, "1"), (GROUP, "2")]
    assert state.groups[0].members == TEAMMATES
    assert (state.summary.strategy, state.summary.requests, len(asked)) == ("lookup", 3, 3)
    assert state.member_names.keys() == {*TEAMMATES}


@pytest.mark.parametrize("declared", [1, 25, 26, 60])
def test_look_ups_take_25_at_a_time(declared: int) -> None:
    identities = tuple(
        Identity(USER, (("externalId", f"E{number:06}"), ("userName", f"{number}@x")))
        for number in range(1, declared + 1)
    )
    state, asked = read(asking(identities, everything=False))
    assert len(state.users) == declared
    assert len(asked) == -(-declared // 25)
    assert max(map(len, asked)) < 7000


@pytest.mark.parametrize(("needs_members", "members"), [(True, TEAMMATES), (False, None)])
def test_members_are_read_where_they_matter(*, needs_members: bool, members: Members | None) -> None:
    team = Identity(GROUP, TEAM.matching, needs_members=needs_members)
    state, asked = read(asking((team,)), scopes=(None, parse_filter('displayName eq "nothing"')))
    assert [group.owned for group in state.groups] == [False] * 3
    assert [group.members for group in state.groups] == [None, members, None]
    assert len(asked) == 3 + 1 + (1 if needs_members else 0)


def test_ownership_is_the_scope() -> None:
    state, _ = read(asking(()), scopes=(parse_filter('externalId sw "E00000" and active eq true'), None))
    assert sorted(int(each.id) for each in state.users if each.owned) == list(range(1, 10))
