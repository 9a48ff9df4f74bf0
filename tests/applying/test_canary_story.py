"""A canary from the command line, judged by the server's log."""

from __future__ import annotations

import dataclasses
import json
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler.sandbox import parse_fault
from tests.applying.conftest import USERS, Tenant, tenant_on_a_port
from tests.services import meddle

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.sandbox.messages import Request


def change(tenant: Tenant, titles: int = 20, created: int = 4, removed: int = 3) -> int:
    """So many titles and new users, the last of whom report to the first; how many actions that makes, but removals."""
    for user in tenant.users[:titles]:
        user["title"] = "Changed"
    tenant.organisation["users"] += [
        {"userName": f"new{number}@widget.example", "title": "New"}
        | ({"manager": "new0@widget.example"} if number else {})
        for number in range(created)
    ]
    joins = "new1@widget.example" if created else tenant.users[20]["userName"]
    tenant.organisation["groups"][0]["members"].append(joins)
    gone = [user["userName"] for user in tenant.users[30 : 30 + removed]]
    tenant.organisation["users"] = [user for user in tenant.users if user["userName"] not in gone]
    tenant.declare()
    return titles + created + 1


def shorten_titles(request: Request) -> Request:
    """A service that keeps five letters of a title."""
    return dataclasses.replace(request, body=request.body.replace(b'"Changed"', b'"Chang"'))


def test_a_canary_is_read_back_before_the_rest_and_deactivations_are_last(tenant: Tenant) -> None:
    others = change(tenant)
    code, out, err = tenant.apply("--canary", 4)
    assert (code, out[-1]) == (0, f"Applied: {others + 3} of {others + 3} done.")
    assert (
        f"canary: 4 of {others} actions first, then read back; last, all 3 deactivations in one wave, then read back"
        in err
    )
    assert [line for line in err if "all as asked for" in line] == [
        "canary: 4 read back, all as asked for",
        "canary: 3 read back, all as asked for",
    ]
    log = tenant.log()
    reads = [each.startswith("GET") for each in log]
    assert reads == [False] * 4 + [True] * 4 + [False] * (others - 4 + 3) + [True] * 3
    assert sorted(log[-6:-3]) == [f"PATCH /Users/{number}" for number in (31, 32, 33)]
    assert sorted(log[-3:]) == [f"GET /Users/{number}" for number in (31, 32, 33)]
    assert tenant.run("plan", tenant.manifests, "--detailed-exitcode")[0] == 0


def test_who_is_needed_goes_first_in_a_canary_too(tenant: Tenant) -> None:
    change(tenant, titles=0, created=4, removed=0)
    assert tenant.apply("--canary", 3)[0] == 0
    log = [each for each in tenant.sandbox.requests if each.method == "POST" or "/Users/" in each.target]
    assert [each.method for each in log] == ["POST"] * 2 + ["GET"] * 2 + ["POST"] * 2
    assert json.loads(log[0].body)["userName"] == "new0@widget.example"


def test_what_is_stored_differently_stops_everything_else(tenant: Tenant) -> None:
    others = change(tenant)
    tenant.behind.before = shorten_titles
    code, out, err = tenant.apply("--canary", "20%")
    size = 6
    who = [user["userName"] for user in tenant.users]
    wrong = [f'  User {name}: title: asked for "Changed", 4me has "Chang"' for name in sorted(who[:20])[:2]]
    assert (code, err[-len(wrong) - 3 :]) == (
        4,
        [
            "error: stopped after the canary, 4me does not have what was asked for",
            *wrong,
            f"applied in part: {others + 3 - size + len(wrong)} action(s) not done",
            HINT,
        ],
    )
    assert len(tenant.writes()) == size
    assert out[-1] == f"Applied: {size - 2} of {others + 3} done, 2 failed, {others + 3 - size} skipped."
    assert '          not what was asked for: title: asked for "Changed", 4me has "Chang"' in out
    assert "          not started: the canary did not come to what was asked for" in out
    tenant.behind.before = lambda request: request
    code, out, err = tenant.apply("--canary", 2)
    assert (code, out[-1]) == (0, f"Applied: {others + 3 - size + 2} of {others + 3 - size + 2} done.")


def test_a_canary_that_fails_stops_everything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tenant_on_a_port(tmp_path, capsys, faults=(parse_fault("status=422,method=PATCH,times=1"),)) as tenant:
        others = change(tenant)
        code, out, err = tenant.apply("--canary", 3)
        assert (code, err[-2:]) == (
            4,
            [
                f"error: stopped after the canary, it failed: {others + 3 - 2} action(s) not done",
                HINT,
            ],
        )
        assert out[-1] == f"Applied: 2 of {others + 3} done, 1 failed, {others} skipped."
        assert out.count("          not started: the canary failed") == others
        assert len(tenant.log()) == 3  # and no read-back
        assert tenant.apply()[0] == 0


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("status=500", "Internal Server Error"),
        ("html=200", "not JSON"),
    ],
)
def test_a_canary_that_cannot_be_read_back_stops_everything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, told: str
) -> None:
    faults = (parse_fault(f"{fault},method=GET,path=/Users/*"),)
    with tenant_on_a_port(tmp_path, capsys, faults=faults) as tenant:
        others = change(tenant, created=0, titles=9)
        code, out, err = tenant.apply("--canary", 2)
        assert (code, err[-1]) == (4, "hint: run it again, it continues")
        assert err[-2].startswith("error: stopped after the canary, it could not be read back (GET /Users/")
        assert err[-2].endswith(f": {others + 3 - 2} action(s) not done")
        assert told in err[-2]
        assert out[-1] == f"Applied: 2 of {others + 3} done, 0 failed, {others + 1} skipped."
        assert len(tenant.writes()) == 2


def test_what_somebody_else_changes_meanwhile_is_not_what_was_asked_for(tenant: Tenant) -> None:
    change(tenant, created=0, removed=0)
    first = next(user for user in tenant.users if user["userName"].startswith("ada.costa"))

    def others(request: Request) -> None:
        if request.method == "PATCH" and request.path.endswith("/Groups/1"):
            tenant.behind.after = lambda _request: None
            tenant.meddle("/Groups/1", members=[{"value": "9"}, {"value": "1", "operation": "delete"}])

    tenant.behind.after = others
    code, _, err = tenant.apply("--canary", 2)
    assert (code, first["title"]) == (4, "Changed")
    assert [line for line in err if line.startswith("  Group")] == [
        f"  Group Group 0001: members: asked for {tenant.users[0]['userName']}, not in it in 4me",
        f"  Group Group 0001: members: asked to be without {tenant.users[8]['userName']}, still in it in 4me",
    ]
    assert len(tenant.writes()) == 2 + 1  # one of them the other's


def test_what_is_gone_is_not_what_was_asked_for(tenant: Tenant) -> None:
    change(tenant, titles=0, removed=0)

    def lose(request: Request) -> None:
        if request.method == "POST":
            tenant.behind.after = lambda _request: None
            number = USERS + 1
            meddle(tenant.sandbox, "DELETE", f"/Users/{number}?hard=true")

    tenant.behind.after = lose
    code, _, err = tenant.apply("--canary", 1)
    assert code == 4
    assert f'  User new0@widget.example: id: asked for "{USERS + 1}", 4me has (none)' in err
    assert tenant.apply("--canary", 1)[0] == 0


def test_a_mass_deactivation_begins_with_a_few(tenant: Tenant) -> None:
    del tenant.users[10:]
    tenant.organisation["groups"] = []
    tenant.declare()
    allowed = ("--allow", "deactivations=30", "--allow", "membershipRemovals=9")
    tenant.behind.before = lambda request: dataclasses.replace(
        request, body=request.body.replace(b'"active":false', b'"active":true')
    )
    code, out, err = tenant.apply("--canary", "5%", *allowed)
    assert (code, len(tenant.writes())) == (4, 2)
    assert "canary: 2 of 33 deactivations first, then read back" in err
    told = [line for line in err if line.startswith("  ")]
    assert [line.partition(": ")[2] for line in told] == ["active: asked for false, 4me has true"]
    assert out[-1] == "Applied: 1 of 33 done, 1 failed, 31 skipped."


@pytest.mark.parametrize("size", ["0", "0%", "101%", "-1", "five", ""])
def test_what_is_no_canary_is_wrong_usage(tenant: Tenant, size: str) -> None:
    assert tenant.apply("--canary", size)[0] == 64
    assert tenant.sandbox.requests == []


def test_from_the_environment_and_as_large_as_the_plan(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_APPLY_CANARY", "100%")
    others = change(tenant, removed=0)
    code, _, err = tenant.apply()
    assert (code, f"canary: all {others} actions in one wave, then read back" in err) == (0, True)
    assert f"canary: {others} read back, all as asked for" in err
    assert [each.startswith("GET") for each in tenant.log()] == [False] * others + [True] * others


def test_with_an_approved_plan_it_stops_and_the_same_plan_continues(tenant: Tenant) -> None:
    others = change(tenant)
    assert tenant.run("plan", tenant.manifests, "--out", tenant.file)[0] == 0
    tenant.behind.before = shorten_titles
    code, out, err = tenant.apply("--plan", tenant.file, "--canary", 5)
    assert (
        f"canary: 5 of {others} actions first, then read back; last, all 3 deactivations in one wave, then read back"
        in err
    )
    assert (code, len(tenant.writes())) == (4, 5)
    tenant.behind.before = lambda request: request
    code, out, err = tenant.apply("--plan", tenant.file, "--canary", 5)
    assert (code, out[others + 3 - 5]) == (4, f"Applied: {others + 3 - 5} of {others + 3 - 5} done.")
    assert [line for line in out if "when it was approved" in line] == [
        f'      title was "{before}" in 4me when it was approved, and is "Chang" now'
        for before in ("Manager", "Consultant")
    ]
    assert err[-1] == "hint: plan again, and have what is left approved"


def test_the_journal_has_it(tenant: Tenant) -> None:
    others = change(tenant, created=0)
    tenant.behind.before = shorten_titles
    tenant.apply("--canary", 1)
    tenant.behind.before = lambda request: request
    tenant.apply("--canary", 30)
    runs = json.loads("\n".join(tenant.run("history", "--format", "json")[1]))
    entries = [json.loads("\n".join(tenant.run("history", run["run"], "--format", "json")[1])) for run in runs]
    canaries = [
        {name: value for name, value in each.items() if name in _OF_A_CANARY}
        for each in chain.from_iterable(entries)
        if each["entry"] == "canary"
    ]
    key = min((user["userName"] for user in tenant.users if user["title"] == "Changed"), key=str.casefold)
    assert canaries == [
        {
            "actions": 1,
            "total": others + 3,
            "reason": "not started: the canary did not come to what was asked for",
            "differences": [{"resource": "User", "key": key, "path": "title", "asked": "Changed", "got": "Chang"}],
        },
        {"actions": others, "total": others + 3, "reason": "", "differences": []},
        {"actions": 3, "total": others + 3, "reason": "", "differences": []},
    ]
    assert [each["halted"] for each in chain.from_iterable(entries) if each["entry"] == "end"] == [
        canaries[0]["reason"],
        None,
    ]
    assert [(run["done"], run["failed"], run["skipped"]) for run in runs] == [(0, 1, others + 2), (others + 3, 0, 0)]
    assert f"canary of 1 of {others + 3}: not started" in "\n".join(tenant.run("history", runs[0]["run"])[1])


HINT = (
    "hint: put right what stopped it and run it again, it continues; without --canary it goes on regardless;"
    " `reconciler undo last` plans the way back"
)
_OF_A_CANARY = ("actions", "total", "reason", "differences")


def test_custom_fields_that_are_never_given_back_are_not_held_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenant_on_a_port(tmp_path, capsys, faults=(parse_fault("no-custom-fields"),)) as tenant:
        change(tenant, removed=0)
        for user in tenant.users[::2]:
            user["customFields"] = {"payroll_id": user["userName"]}
        tenant.declare()
        assert tenant.apply("--canary", 6)[0] == 0
        assert tenant.run("plan", tenant.manifests, "--detailed-exitcode")[0] == 0


@pytest.mark.parametrize("size", ["1", "7", "100%"])
def test_on_a_healthy_service_it_comes_to_the_same_as_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    states = []
    for number, options in enumerate([(), ("--canary", size)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with tenant_on_a_port(folder, capsys) as tenant:
            tenant.meddle("/Users/5", active=False)
            tenant.meddle("/Users/6", active=False)
            change(tenant)
            assert tenant.apply(*options)[0] == 0
            states.append((sorted(tenant.writes()), tenant.everything()))
            assert tenant.run("plan", tenant.manifests, "--detailed-exitcode")[0] == 0
    assert states[0] == states[1]


class Normalised(NamedTuple):
    """A way to store values, what is declared of users (there or new), what that comes to, and what is said of it."""

    way: str
    values: dict[str, str]
    difference: str
    attribute: str
    ignore: str
    new: bool = False


NORMALISED = [
    Normalised(
        "trim", {"title": " Changed "}, 'title: asked for " Changed ", 4me has "Changed"', "title", "outer-blanks"
    ),
    Normalised(
        "phone",
        {"workPhone": "+1 2"},
        'phoneNumbers[work]: asked for "+1 2", 4me has "+12"',
        "phoneNumbers.value",
        "phone-format",
    ),
    Normalised(
        "drop", {"title": "Changed"}, 'title: asked for "Changed", 4me has (none)', "title", "absence", new=True
    ),
]


@pytest.mark.parametrize("case", NORMALISED, ids=lambda case: case.way)
def test_what_a_service_normalises_stops_it_unless_the_tenant_says_that_it_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Normalised
) -> None:
    with tenant_on_a_port(tmp_path, capsys, faults=(parse_fault(f"normalise={case.way}"),)) as tenant:
        if case.new:
            tenant.users.extend({"userName": f"new{number}@widget.example"} for number in range(9))
        for user in tenant.users[-9:]:
            user.update(case.values)
        tenant.declare()
        code, _, err = tenant.apply("--canary", 2)
        told = [line.partition(": ")[2] for line in err if line.startswith("  User ")]
        assert (code, told, len(tenant.writes())) == (4, [case.difference] * 2, 2)
        tenant.declare(equivalences=[{"attribute": case.attribute, "ignore": case.ignore}])
        assert tenant.apply("--canary", 2)[0] == 0
        assert tenant.run("plan", tenant.manifests, "--detailed-exitcode")[0] == 0


def test_the_undoing_of_a_run_can_have_a_canary_too(tenant: Tenant) -> None:
    before = tenant.everything()
    change(tenant, removed=3)
    assert tenant.apply("--canary", 3)[0] == 0
    undo = ("undo", "last", tenant.manifests, "--out", tenant.file, "--allow", "deactivations=9")
    assert tenant.run(*undo)[0] == 0
    code, _, err = tenant.apply("--plan", tenant.file, "--canary", 3)
    assert (code, sum("all as asked for" in line for line in err)) == (0, 2)
    assert before == [each for each in tenant.everything() if "new" not in str(each)]


def test_the_undoing_of_a_run_stops_where_4me_has_something_else(tenant: Tenant) -> None:
    change(tenant, created=0, removed=0)
    assert tenant.apply()[0] == 0
    assert tenant.run("undo", "last", tenant.manifests, "--out", tenant.file)[0] == 0
    before = len(tenant.writes())
    tenant.behind.before = lambda request: dataclasses.replace(
        request,
        body=request.body.replace(b'"Manager"', b'"Mgr"').replace(b'"operation":"delete"', b'"operation":"add"'),
    )
    code, _, err = tenant.apply("--plan", tenant.file, "--canary", 2)
    told = [line.partition(": ")[2] for line in err if line.startswith("  ")]
    assert (code, err[-1], len(tenant.writes()) - before) == (4, HINT, 2)
    assert told == [
        f"members: asked to be without {tenant.users[20]['userName']}, still in it in 4me",
        'title: asked for "Manager", 4me has "Mgr"',
    ]
