"""Applied, meddled with, edited: what drift says of it, from the command line, over a sandbox on a port."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.sandbox import parse_fault
from tests.drift.world import World
from tests.services import meddle, service

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_nothing_differs_after_an_apply(world: World) -> None:
    assert world.classes() == (0, {})
    assert world.run("drift")[1].splitlines()[-1] == "No drift. 4me is as the manifests say."


def test_live_changed(world: World) -> None:
    world.change("ann@x.example", title="Manager", active=False)
    world.member("Desk", "bob@x.example", "add")
    world.member("Desk", "cem@x.example", "remove")
    assert world.classes() == (
        2,
        {
            ("ann@x.example", "title"): "drift",
            ("ann@x.example", "active"): "drift",
            ("Desk", "- bob@x.example"): "drift",
            ("Desk", "+ cem@x.example"): "drift",
        },
    )


def test_manifests_changed(world: World) -> None:
    world.edit("users.yaml", "title: Analyst", "title: Expert")
    world.edit("users.yaml", "  - {userName: cem@x.example, externalId: E3, title: Agent}\n", "")
    world.edit("groups.yaml", "  - cem@x.example\n", "  - bob@x.example\n")
    world.write("more.yaml", "kind: User\nuserName: dora@x.example\ngroups: [Night]\n")
    code, found = world.classes()
    assert code == 2
    assert set(found.values()) == {"pending"}
    assert {("bob@x.example", "title"), ("cem@x.example", "active"), ("dora@x.example", "userName")} <= set(found)
    assert {("Desk", "- cem@x.example"), ("Desk", "+ bob@x.example"), ("Night", "+ dora@x.example")} <= set(found)


def test_both_changed(world: World) -> None:
    world.change("bob@x.example", title="Guru", roles=[{"value": "auditor"}])
    world.edit("users.yaml", "title: Analyst", "title: Expert")
    assert world.classes() == (2, {("bob@x.example", "title"): "conflict", ("bob@x.example", "roles"): "drift"})
    _, out, _ = world.run("drift")
    assert out.splitlines()[4:17] == [
        "",
        "# Drift: changed in 4me, not in the manifests",
        "",
        "Users",
        "  ~ bob@x.example                                                   users.yaml:9",
        "      roles  auditor → specialist",
        "",
        "# Conflict: changed in 4me and in the manifests",
        "",
        "Users",
        "  ~ bob@x.example                                                   users.yaml:9",
        '      title  "Guru" → "Expert"',
        "",
    ]
    assert out.splitlines()[17:19] == ["Last applied", '  bob@x.example: title "Analyst"']
    assert out.splitlines()[-3].startswith("Drift: 1 resource differs (1 changed in 4me, 1 in conflict); to mend:")


def test_somebody_appears_and_a_newcomer_waits(world: World) -> None:
    body = {"userName": "eve@x.example", "active": True}
    meddle(world.sandbox, "POST", "/Users", body)
    assert world.classes() == (2, {("eve@x.example", "active"): "drift"})


def test_a_person_who_was_removed_and_comes_back_by_another_hand(world: World) -> None:
    world.edit("users.yaml", "  - {userName: cem@x.example, externalId: E3, title: Agent}\n", "")
    world.edit("groups.yaml", "  - cem@x.example\n", "")
    assert set(world.classes()[1].values()) == {"pending"}
    assert world.run("apply", "--yes")[0] == 0
    assert world.classes() == (0, {})
    world.change("cem@x.example", active=True)
    assert world.classes() == (2, {("cem@x.example", "active"): "drift"})


def test_a_renamed_person_is_still_the_one(world: World) -> None:
    world.edit("users.yaml", "bob@x.example", "robert@x.example")
    world.change("bob@x.example", title="Guru")
    assert world.classes() == (2, {("robert@x.example", "userName"): "pending", ("robert@x.example", "title"): "drift"})


def test_what_counts_can_be_chosen(world: World) -> None:
    world.edit("users.yaml", "title: Analyst", "title: Expert")
    assert [world.run("drift", *words)[0] for words in ([], ["--fail-on", "drift", "--fail-on", "conflict"])] == [2, 0]
    assert world.run("drift", "--fail-on", "pending")[0] == 2


def test_without_a_memory_everything_counts_and_the_way_out_is_told(world: World) -> None:
    world.change("bob@x.example", title="Guru")
    for path in (world.folder / "state" / "applied").iterdir():
        path.write_bytes(b"damaged")
    assert world.classes("--fail-on", "conflict") == (2, {("bob@x.example", "title"): "unknown"})
    _, out, err = world.run("drift")
    assert out.splitlines()[2] == "4me has → manifests say; members: + missing in 4me, - only in 4me"
    assert "hint: it is not known what was last applied" in err
    code, _, err = world.run("drift", "--adopt", "--yes")
    assert (code, err.splitlines()[-2:]) == (
        1,
        [
            "error: it is not known what was last applied, so that what waits to be applied would be undone",
            "hint: name the git revision with --base REV, or what to adopt with --target KEY",
        ],
    )


def test_only_what_was_done_counts_as_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bob's title cannot be written; cem's can, and is then changed by somebody else."""
    bob = "3"  # he waits for his manager
    with service(faults=(parse_fault(f"status=422,path=/Users/{bob},method=PATCH,times=1"),)) as (sandbox, url):
        world = World(tmp_path, sandbox, url, capsys)
        assert world.id_of("Users", "bob@x.example") == bob
        world.edit("users.yaml", "title: Analyst", "title: Expert")
        world.edit("users.yaml", "title: Agent", "title: Clerk")
        world.edit("groups.yaml", "- displayName: Night", "- displayName: Night\n  members: [cem@x.example]")
        assert world.run("apply", "--yes")[0] == 4
        world.change("cem@x.example", title="Agent")
        world.member("Night", "cem@x.example", "remove")
        assert world.classes() == (
            2,
            {
                ("bob@x.example", "title"): "pending",
                ("cem@x.example", "title"): "drift",
                ("Night", "+ cem@x.example"): "drift",
            },
        )


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@x.example", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *identity, *words), cwd=folder, check=True, capture_output=True)


def test_a_git_revision_tells_what_was_last_applied(world: World) -> None:
    git(world.folder, "init", "--initial-branch", "main")
    git(world.folder, "add", "manifests")
    git(world.folder, "commit", "--message", "applied")
    world.edit("users.yaml", "title: Analyst", "title: Expert")
    world.edit("users.yaml", "  - {userName: cem@x.example, externalId: E3, title: Agent}\n", "")
    world.edit("groups.yaml", "  - cem@x.example\n", "")
    world.change("bob@x.example", roles=[{"value": "auditor"}], title="Guru")
    world.member("Night", "ann@x.example", "add")
    meddle(world.sandbox, "POST", "/Users", {"userName": "eve@x.example", "active": True})
    expected = {
        ("bob@x.example", "title"): "conflict",
        ("bob@x.example", "roles"): "drift",
        ("cem@x.example", "active"): "pending",
        ("eve@x.example", "active"): "drift",
        ("Desk", "- cem@x.example"): "pending",
        ("Night", "- ann@x.example"): "drift",
    }
    assert world.classes("--base", "HEAD") == (2, expected)
    shutil.rmtree(world.folder / "state")
    assert world.classes("--base", "HEAD") == (2, expected)
    assert world.run("drift", "--base", "HEAD")[1].splitlines()[3] == "compared with git revision HEAD as last applied"
    code, _, err = world.run("drift", "--base", "nowhere")
    assert (code, err.splitlines()[-2]) == (1, "error: no revision `nowhere` in this repository")


def test_tolerated_until_its_last_day(world: World) -> None:
    rule = "{{resource: User, key: BOB@*, attributes: [title, groups], owner: Ann, reason: as HR says, until: {until}}}"
    today = datetime.now(UTC).date()
    tenant = world.read("tenant.yaml")
    world.change("bob@x.example", title="Guru")
    world.member("Desk", "bob@x.example", "add")
    world.write("tenant.yaml", f"{tenant}tolerate:\n- {rule.format(until=today)}\n")
    assert world.classes() == (0, {("bob@x.example", "title"): "tolerated", ("Desk", "- bob@x.example"): "tolerated"})
    _, out, _ = world.run("drift")
    assert out.splitlines()[4:] == [
        "",
        f"# Tolerated until {today} by Ann: as HR says",
        "  ~ bob@x.example: title",
        "  ~ Desk: - bob@x.example",
        "",
        "No drift but what is tolerated, of 2 resources.",
    ]
    world.change("bob@x.example", roles=[{"value": "auditor"}])
    assert world.run("drift")[0] == 2
    yesterday = today - timedelta(days=1)
    world.write("tenant.yaml", f"{tenant}tolerate:\n- {rule.format(until=yesterday)}\n")
    code, found = world.classes()
    assert (code, set(found.values())) == (2, {"drift"})
    notes = json.loads(world.run("drift", "--format", "json")[1])["drift"]["notes"]
    assert notes == [
        f"tolerance of User BOB@* (tenant.yaml:1) expired on {yesterday}: what it covers counts again; owner Ann"
    ]


def test_a_rule_that_nothing_needs_is_told_and_pending_changes_are_not_tolerated(world: World) -> None:
    rule = "{resource: User, key: [ann*, x], owner: Ann, reason: test, until: 9999-12-31}"
    world.write("tenant.yaml", f"{world.read('tenant.yaml')}tolerate: [{rule}]\n")
    _, out, _ = world.run("drift")
    assert "note: tolerance of User ann*, x (tenant.yaml:1) matches no difference any more:" in out
    world.edit("users.yaml", "'Lead'", "'Manager'")
    assert world.classes() == (2, {("ann@x.example", "title"): "pending"})


def test_custom_fields_that_4me_keeps_to_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service(faults=(parse_fault("no-custom-fields"),)) as (sandbox, url):
        world = World(tmp_path, sandbox, url, capsys)
        world.edit("users.yaml", "title: Analyst", "title: Analyst\n    customFields: {payroll_id: 1}")
        assert set(world.classes()[1].values()) == {"pending"}
        assert world.run("apply", "--yes")[0] == 0
        assert world.classes() == (0, {})
        world.edit("users.yaml", "payroll_id: 1", "payroll_id: 2")
        assert set(world.classes()[1].values()) == {"pending"}


def test_an_attribute_that_is_named_in_a_target_only_run(world: World) -> None:
    world.change("ann@x.example", title="Boss")
    world.change("bob@x.example", title="Guru")
    assert world.classes("--target", "BOB@x.example") == (2, {("bob@x.example", "title"): "drift"})
