"""Others change 4me while this tool reads and writes, and answers tell less than documented: nothing stays unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import run
from reconciler.core.directory import Identity
from reconciler.core.model import ResourceType
from reconciler.sandbox import Organisation, parse_fault
from reconciler.scim.connection import Connection
from reconciler.scim.directory import open_directory
from tests.builders import asking
from tests.services import declare, meddle, options, service, write

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {"membershipTouchesGroup": True}
USERS, GROUPS = 150, 6


def keys(planned: run.Planned) -> list[str]:
    return [action.key for action in planned.plan.actions]


def everything(folder: Path) -> run.Planned:
    return run.plan(replace(options(folder), state=folder / "other", full=True))


def test_a_member_added_behind_a_write_is_seen_though_the_answer_shows_no_members(tmp_path: Path) -> None:
    hidden = (parse_fault("no-members,method=PATCH"), parse_fault("no-members,method=POST"))
    times = [1_790_000_000.0]
    with service(organisation=Organisation(USERS, GROUPS, 5), faults=hidden, clock=lambda: times[0]) as (sandbox, url):
        organisation = declare(USERS, GROUPS, 5)
        write(tmp_path / "manifests", organisation, url, assume=KNOWN)
        run.plan(options(tmp_path))
        times[0] += 600
        organisation["groups"][0]["members"].append(organisation["users"][99]["userName"])
        write(tmp_path / "manifests", organisation, url, assume=KNOWN)

        def confirm(_planned: run.Planned) -> bool:
            meddle(sandbox, "PATCH", "/Groups/1", {"members": [{"value": "88"}]})
            times[0] += 5
            return True

        run.apply(options(tmp_path), run.ApplyOptions(confirm=confirm))
        times[0] += 600
        assert keys(run.plan(options(tmp_path))) == keys(everything(tmp_path)) == ["Group 0001"]


def test_a_change_that_a_long_read_missed_is_seen_by_the_next(tmp_path: Path) -> None:
    times = [1_790_000_000.0]
    struck: list[int] = []
    with service(clock=lambda: times[0]) as (sandbox, url):
        limits = {"requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6, "concurrency": 1}
        write(tmp_path / "manifests", declare(USERS, 0, 0), url, assume=KNOWN, limits=limits)
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        times[0] += 20

        def on_read(done: int, _total: int | None) -> None:
            if done >= 50 and not struck:
                struck.append(done)
                for number in (149, 10):  # one whose page was read already, and later one whose page was not
                    times[0] += 5
                    meddle(sandbox, "PATCH", f"/Users/{number}", {"nickName": "Meddled"})

        slow = replace(options(tmp_path), state=tmp_path / "slow", on_read=on_read, full=True)
        write(tmp_path / "manifests", nicknamed(), url, assume=KNOWN, limits=limits)
        run.plan(slow)
        times[0] += 600
        again = run.plan(replace(options(tmp_path), state=tmp_path / "slow"))
        assert again.plan.live.summary.strategy == "incremental"
        assert keys(again) == keys(everything(tmp_path))


def nicknamed() -> dict[str, Any]:
    organisation = declare(USERS, 0, 0)
    for user in organisation["users"]:
        user["nickName"] = None
    return organisation


def test_an_unread_user_who_was_erased_is_noticed(tmp_path: Path) -> None:
    times = [1_790_000_000.0]
    with service(organisation=Organisation(400), clock=lambda: times[0]) as (sandbox, url):
        for number in range(61, 401):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
        times[0] += 3600
        organisation = declare(400, 0, 0)
        organisation["users"] = organisation["users"][:61]
        write(tmp_path / "manifests", organisation, url, assume=KNOWN)
        assert run.plan(options(tmp_path)).plan.live.summary.strategy == "active scan"
        meddle(sandbox, "DELETE", "/Users/61?hard=true")
        planned = run.plan(options(tmp_path))
        assert [action.kind.value for action in planned.plan.actions] == ["create"]


def test_what_a_killed_run_left_beside_the_snapshot_is_cleared_away(tmp_path: Path) -> None:
    with service(organisation=Organisation(USERS, GROUPS, 5)) as (_, url):
        write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url)
        run.plan(options(tmp_path))
        (path,) = (tmp_path / "state" / "snapshot").glob("*.db")
        journal, unfinished = path.with_name(f"{path.name}-journal"), path.with_name(f".{path.name}.4711")
        path.write_bytes(b"no database")
        journal.write_bytes(b"a journal of another file")
        unfinished.write_bytes(b"")
        strategies = [run.plan(options(tmp_path)).plan.live.summary.strategy for _ in range(2)]
        assert strategies == ["scan", "incremental"]
        assert not journal.exists()
        assert not unfinished.exists()


def test_a_write_that_contradicts_the_snapshot_leads_to_a_full_read(tmp_path: Path) -> None:
    gone = (parse_fault("status=404,method=PATCH,times=1"),)
    with service(organisation=Organisation(USERS, GROUPS, 5), faults=gone) as (_, url):
        organisation = declare(USERS, GROUPS, 5)
        organisation["users"][3]["title"] = "Changed"
        write(tmp_path / "manifests", organisation, url)
        applied = run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        assert [outcome.http_status for outcome in applied.outcomes] == [404]
        assert run.plan(options(tmp_path)).plan.live.summary.strategy == "scan"


def test_look_ups_whose_pages_do_not_add_up_are_halved() -> None:
    rows = [{"id": str(number), "userName": f"u{number}@x"} for number in range(40)]
    turn = [0]

    def moody(environ: dict[str, Any], start_response: Any) -> Any:
        from json import dumps
        from urllib.parse import parse_qs

        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        hits = [row for row in rows if f'"{row["userName"]}"' in query.get("filter", "")]
        turn[0] += 1
        hits = hits[turn[0] % 7 :] + hits[: turn[0] % 7]  # another order each time
        start = int(query.get("startIndex", 1)) - 1
        start_response("200 OK", [("Content-Type", "application/json")])
        return [dumps({"totalResults": len(hits), "Resources": hits[start : start + 10]}).encode()]

    connection = Connection("sandbox:", dialect="4me", requests_per_two_seconds=10**6, concurrency=2)
    declared = [Identity(ResourceType.USER, (("userName", f"u{number}@x"),)) for number in range(40)]
    with open_directory(connection, application=moody) as directory:
        state = directory.reader.read(asking(declared, everything=False)).live
    assert len(state.users) == 40


def test_a_cleared_custom_field_is_seen_where_only_its_user_is_read(tmp_path: Path) -> None:
    with service() as (sandbox, url):
        organisation = declare(3, 0, 0)
        for user in organisation["users"]:
            user["customFields"] = {"payroll_id": "1"}
        write(tmp_path / "manifests", organisation, url)
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        run.plan(options(tmp_path))
        fields = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
        for number in (1, 2, 3):  # who got which number is chance
            meddle(sandbox, "PATCH", f"/Users/{number}", {fields: {"payroll_id": ""}})
        name = organisation["users"][0]["userName"]
        planned = run.plan(replace(options(tmp_path), targets=(name,)))
        assert keys(planned) == [name]
        (warning,) = planned.plan.warnings
        assert warning.startswith(f"customFields.payroll_id of {name} was changed back since the run")
