"""Applied, meddled with, edited: what drift says of it, from the command line, over a sandbox on a port."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import cli
from reconciler.core.paths import ENTERPRISE
from reconciler.sandbox import parse_fault
from reconciler.sandbox.messages import Request
from tests.services import meddle, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox

MAPPING = """\
kind: Mapping
resource: User
attributes:
  nickName: {expression: 'ToUpper([title])'}
  division: {constant: West}
  preferredLanguage: title
  locale: {source: locale, default: en}
"""
TENANT = """\
kind: Tenant
name: test
endpoint: {url}
"""
USERS = """\
# Who works here
kind: Users
defaults: {userType: Employee}
users:
  - userName: ann@x.example   # the boss
    externalId: E1
    title: 'Lead'             # since 2020
    email: ann@x.example
  - userName: bob@x.example
    externalId: E2
    title: Analyst
    roles: [specialist]
    manager: ann@x.example
    groups: [Night]
  - {userName: cem@x.example, externalId: E3, title: Agent}
"""
GROUPS = """\
kind: Groups
groups:
- displayName: Desk
  members:
  # in order
  - ann@x.example
  - cem@x.example
- displayName: Night
"""


class World:
    """A tenant on a port, manifests, and the command line."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.sandbox, self._capsys = folder, sandbox, capsys
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.write("tenant.yaml", TENANT.format(url=url))
        self.write("users.yaml", USERS)
        self.write("groups.yaml", GROUPS)
        assert self.run("apply", "--yes")[0] == 0

    def write(self, name: str, text: str) -> None:
        (self.manifests / name).write_bytes(text.encode())

    def read(self, name: str) -> str:
        return (self.manifests / name).read_bytes().decode()

    def edit(self, name: str, old: str, new: str) -> None:
        assert old in self.read(name)
        self.write(name, self.read(name).replace(old, new))

    def run(self, command: str, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = cli.run_command(["--state-dir", str(self.folder / "state"), command, str(self.manifests), *words])
        out, err = self._capsys.readouterr()
        return code, out, err

    def classes(self, *words: str) -> tuple[int, dict[tuple[str, str], str]]:
        """The exit code of drift, and what each difference is: by key, and path or member."""
        code, out, _ = self.run("drift", "--format", "json", *words)
        found: dict[tuple[str, str], str] = {}
        for action in json.loads(out)["actions"]:
            found |= {(action["key"], change["path"]): change["class"] for change in action["changes"]}
            for side, sign in (("add", "+"), ("remove", "-")):
                named = zip(action["members"][side], action["memberClasses"][side], strict=True)
                found |= {(action["key"], f"{sign} {member}"): class_ for member, class_ in named}
        return code, found

    def id_of(self, kind: str, name: str, attribute: str = "userName") -> str:
        query = f'filter={attribute} eq "{name}"'.replace(" ", "%20").replace('"', "%22")
        body = json.loads(self.sandbox.handle(Request("GET", f"/scim/v2/{kind}", query, {}, b"")).body)
        return str(body["Resources"][0]["id"])

    def change(self, name: str, **values: Any) -> None:
        meddle(self.sandbox, "PATCH", f"/Users/{self.id_of('Users', name)}", values)

    def member(self, group: str, name: str, operation: str) -> None:
        value = [{"value": self.id_of("Users", name)}]
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": operation, "path": "members", "value": value}],
        }
        meddle(self.sandbox, "PATCH", f"/Groups/{self.id_of('Groups', group, 'displayName')}", body)


@pytest.fixture(name="world")
def _world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with service() as (sandbox, url):
        yield World(tmp_path, sandbox, url, capsys)


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


def test_a_git_revision_tells_what_was_last_applied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_adopting_what_was_changed(world: World) -> None:
    world.change("ann@x.example", title="It's a manager", userType="External", active=False)
    world.change(
        "bob@x.example",
        title=None,
        **{ENTERPRISE: {"manager": {"value": world.id_of("Users", "cem@x.example")}}},
        roles=[{"value": "auditor"}, {"value": "specialist"}],
    )
    world.change("cem@x.example", title="Agent, Night")
    world.member("Desk", "bob@x.example", "add")
    world.member("Desk", "cem@x.example", "remove")
    world.member("Night", "bob@x.example", "remove")
    world.member("Night", "cem@x.example", "add")
    before = [world.read("users.yaml"), world.read("groups.yaml")]
    code, shown, _ = world.run("drift", "--adopt", "--dry-run")
    assert (code, [world.read("users.yaml"), world.read("groups.yaml")]) == (2, before)
    code, out, err = world.run("drift", "--adopt", "--yes")
    assert (code, out) == (0, shown)
    assert err.splitlines()[-1].startswith("adopted into groups.yaml, users.yaml")
    assert world.read("users.yaml").splitlines() == [
        "# Who works here",
        "kind: Users",
        "defaults: {userType: Employee}",
        "users:",
        "  - userName: ann@x.example   # the boss",
        "    externalId: E1",
        "    title: 'It''s a manager'             # since 2020",
        "    email: ann@x.example",
        "    active: false",
        "    userType: External",
        "  - userName: bob@x.example",
        "    externalId: E2",
        "    title: null",
        "    roles: [specialist, auditor]",
        "    manager: cem@x.example",
        "    groups: []",
        '  - {userName: cem@x.example, externalId: E3, title: "Agent, Night", groups: [Night]}',
    ]
    assert world.read("groups.yaml") == GROUPS.replace("cem@", "bob@")
    assert world.classes() == (0, {})


def test_adopting_somebody_who_appeared(world: World) -> None:
    ann = world.id_of("Users", "ann@x.example")
    manager = {"manager": {"value": ann}}
    for name, title in (("eve@x.example", "Clerk"), ("fay@x.example", "no")):
        body = {"userName": name, "active": True, "title": title, "emails": [{"value": name, "type": "work"}]}
        meddle(world.sandbox, "POST", "/Users", {**body, ENTERPRISE: manager})
    world.member("Desk", "eve@x.example", "add")
    world.member("Night", "fay@x.example", "add")
    code, _, _ = world.run("drift", "--adopt", "--yes")
    assert (code, world.read("groups.yaml")) == (0, GROUPS.replace("  - cem@", "  - cem@x.example\n  - eve@"))
    assert world.read("users.yaml").removeprefix(USERS).splitlines() == [
        "  - {userName: eve@x.example, title: Clerk, email: eve@x.example, manager: ann@x.example, userType: null}",
        (
            '  - {userName: fay@x.example, title: "no", email: fay@x.example, manager: ann@x.example, groups: [Night],'
            " userType: null}"
        ),
    ]
    assert world.classes() == (0, {})


def test_adopting_leaves_conflicts_and_pending_changes_unless_they_are_named(world: World) -> None:
    world.change("bob@x.example", title="Guru", roles=[{"value": "auditor"}])
    world.edit("users.yaml", "title: Analyst", "title: Expert")
    assert world.run("drift", "--adopt", "--yes")[0] == 2
    assert "title: Expert\n    roles: [auditor]\n" in world.read("users.yaml")
    assert world.classes() == (2, {("bob@x.example", "title"): "conflict"})
    assert world.run("drift", "--adopt", "--yes", "--target", "bob@x.example")[0] == 0
    assert "title: Guru\n" in world.read("users.yaml")


def test_what_cannot_be_adopted_says_why_and_where(world: World) -> None:
    world.write("people.csv", "userName,title\neve@x.example,Clerk\n")
    world.write("source.yaml", "kind: Source\nresource: User\nfile: people.csv\nkey: userName\n")
    world.write("mapping.yaml", MAPPING)
    assert world.run("apply", "--yes")[0] == 0
    world.change("eve@x.example", title="Guru")
    world.change(
        "ann@x.example", nickName="Annie", preferredLanguage="nl", locale=None, **{ENTERPRISE: {"division": "East"}}
    )
    meddle(world.sandbox, "POST", "/Users", {"userName": "new@x.example", "active": True})
    world.member("Desk", "new@x.example", "add")
    code, out, err = world.run("drift", "--adopt", "--yes")
    assert (code, out) == (2, "Nothing to adopt.\n")
    told = [line.removeprefix("not adopted: ") for line in err.splitlines() if line.startswith("not adopted: ")]
    assert dict(line.split(": ", 1) for line in told) == {
        "User ann@x.example (users.yaml:5) nickName": (
            "the mapping computes nickName by an expression: change what that reads, or the mapping"
        ),
        "User ann@x.example (users.yaml:5) division": "the mapping sets division to a constant: change the mapping",
        "User ann@x.example (users.yaml:5) preferredLanguage": (
            "`title` is read for nickName as well, where 4me has something else"
        ),
        "User ann@x.example (users.yaml:5) locale": (
            "4me has no value, where the mapping's default for locale stands in: change the mapping"
        ),
        "User eve@x.example (people.csv:2) title": ("the record comes from the data file people.csv: change it there"),
        "Group Desk (groups.yaml:3) member new@x.example": "new@x.example is declared nowhere: declare it first",
        "User new@x.example": ("declared nowhere, and no record in a list of users would come to just this: write one"),
    }


def test_adopting_what_would_not_be_right_writes_nothing(world: World) -> None:
    world.change("ann@x.example", userName="anna@x.example")
    before = world.read("users.yaml")
    code, _, err = world.run("drift", "--adopt", "--yes")
    assert code == 1
    assert "error: nothing was written: with 4me's values the manifests would not be right: " in err
    assert world.read("users.yaml") == before


def test_adopting_asks_and_wants_a_terminal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.change("ann@x.example", title="Boss")
    code, _, err = world.run("drift", "--adopt")
    assert (code, err.splitlines()[-2:]) == (
        1,
        ["error: nobody to ask here: there is no terminal", "hint: look at it with --dry-run, then give --yes"],
    )
    assert [world.run("drift", word)[0] for word in ("--yes", "--dry-run")] == [64, 64]
    assert world.run("drift", "--adopt", "--format", "json")[0] == 64


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
