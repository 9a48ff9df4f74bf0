"""What 4me has, written into the manifests from the command line; and what cannot be."""

from __future__ import annotations

from reconciler.core.paths import ENTERPRISE
from tests.drift.world import GROUPS, USERS, World
from tests.services import meddle

MAPPING = """\
kind: Mapping
resource: User
attributes:
  nickName: {expression: 'ToUpper([title])'}
  division: {constant: West}
  preferredLanguage: title
  locale: {source: locale, default: en}
"""


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


def test_adopting_asks_and_wants_a_terminal(world: World) -> None:
    world.change("ann@x.example", title="Boss")
    code, _, err = world.run("drift", "--adopt")
    assert (code, err.splitlines()[-2:]) == (
        1,
        ["error: nobody to ask here: there is no terminal", "hint: look at it with --dry-run, then give --yes"],
    )
    assert [world.run("drift", word)[0] for word in ("--yes", "--dry-run")] == [64, 64]
    assert world.run("drift", "--adopt", "--format", "json")[0] == 64
