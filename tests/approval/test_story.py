"""Approved plans from the command line, over a sandbox on a port, while others are at work."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli import run_command
from reconciler.sandbox import Organisation
from tests.services import declare, meddle, service, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox

USERS, GROUPS, MEMBERS = 12, 3, 3


class Story:
    """A tenant, its manifests, a plan file, and a command line."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.sandbox, self._url, self._capsys = folder, sandbox, url, capsys
        self.manifests, self.file, self.state = folder / "manifests", folder / "plan.json", folder / "state"
        self.organisation = declare(USERS, GROUPS, MEMBERS)

    def user(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.organisation["users"][number - 1]
        return found

    def name(self, number: int) -> str:
        return str(self.user(number)["userName"])

    def declare(self, **tenant: Any) -> None:
        write(self.manifests, self.organisation, self._url, **tenant)

    def meddle(self, path: str, **body: Any) -> None:
        meddle(self.sandbox, "PATCH", path, body)

    def run(self, *arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(self.state), *map(str, arguments)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def plan(self, *options: object) -> None:
        assert self.run("plan", self.manifests, "--out", self.file, *options)[0] == 0

    def apply(self, *options: object) -> tuple[int, str, str]:
        return self.run("apply", self.manifests, "--plan", self.file, *options)

    def saved(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return found

    def writes(self) -> int:
        return sum(1 for each in self.sandbox.requests if each.method != "GET")


@pytest.fixture(name="story")
def _story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Story]:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=MEMBERS)
    with service(organisation=organisation) as (sandbox, url):
        made = Story(tmp_path, sandbox, url, capsys)
        made.declare()
        yield made


def test_what_was_approved_and_is_the_same_is_done_and_the_rest_says_why(story: Story) -> None:
    for number in (1, 2, 3):
        story.user(number)["title"] = "Approved"
    story.organisation["users"].append({"userName": "new@widget.example", "title": "New"})
    gone = story.organisation["users"].pop(10)["userName"]
    story.declare()
    story.plan()
    assert stat.S_IMODE(story.file.stat().st_mode) == 0o600

    story.meddle("/Users/1", title="Approved")
    story.meddle("/Users/2", title="Meddled")
    story.meddle("/Users/4", title="Meddled")
    story.meddle("/Users/11", active=False)
    meddle(story.sandbox, "POST", "/Users", {"userName": "new@widget.example", "title": "Old"})
    before = next(each for each in story.saved()["actions"] if each["key"] == story.name(2))["changes"][0]["before"]

    code, out, err = story.apply()
    assert (code, err.splitlines()[-2:]) == (
        4,
        ["error: applied in part: 3 action(s) not done", "hint: plan again, and have what is left approved"],
    )
    assert out.splitlines() == [
        f"  done    ~ User {story.name(3)}",
        "Applied: 1 of 1 done.",
        "approved, and so already, nothing to do:",
        f"  update User {story.name(1)}",
        f"  deactivate User {gone}",
        "approved, but no longer as approved, not done:",
        "  create User new@widget.example",
        "      it is in 4me by now (id 13), and needs: update (title differs)",
        f"  update User {story.name(2)}",
        f'      title was "{before}" in 4me when it was approved, and is "Meddled" now',
        "needed now, but not in the approved plan, not done:",
        f"  update User {story.name(4)}",
        '      4me changed since the plan was made: title is "Meddled", to become',
        f'        "{story.user(4)["title"]}"',
    ]
    assert story.apply()[0] == 4  # what was not applied to its end may be applied again

    story.plan()
    done = [f"  done    ~ User {name}" for name in sorted([story.name(2), story.name(4), "new@widget.example"])]
    code, out, _ = story.apply()
    assert (code, sorted(out.splitlines())) == (0, [*done, "Applied: 3 of 3 done."])
    code, _, err = story.apply()
    run = json.loads(story.run("history", "--format", "json")[1])[-1]["run"]
    assert code == 1
    assert err.splitlines()[-2].startswith(
        f"error: the approved plan is refused: it has been applied already, by the run {run}, which ended at 20"
    )
    assert err.splitlines()[-1] == "hint: plan again, and have that plan approved"


def test_what_others_did_already_is_no_failure_and_ends_the_plan(story: Story) -> None:
    story.user(1)["title"] = "Approved"
    story.organisation["groups"][0]["members"].append(story.name(9))
    story.declare()
    story.plan()
    story.meddle("/Users/1", title="Approved")
    story.meddle("/Groups/1", members=[{"value": "9"}])
    before = story.writes()
    code, out, _ = story.apply()
    assert (code, out.splitlines()) == (
        0,
        [
            "Applied: 0 of 0 done.",
            "approved, and so already, nothing to do:",
            f"  update User {story.name(1)}",
            "  update Group Group 0001",
        ],
    )
    assert (story.writes(), story.apply()[0]) == (before, 1)


def test_a_group_that_others_changed_says_which_members(story: Story) -> None:
    story.organisation["groups"][0]["members"].append(story.name(9))
    story.declare()
    story.plan()
    story.meddle("/Groups/1", members=[{"value": "10"}])
    story.organisation["groups"][0]["members"].remove(story.name(1))
    story.declare()
    code, out, _ = story.apply()
    assert (code, out.splitlines()[1:]) == (
        4,
        [
            "approved, but no longer as approved, not done:",
            "  update Group Group 0001",
            f"      to be removed too: {story.name(1)}, {story.name(10)}",
            "        (the manifests changed since)",
        ],
    )


MAPPING = """\
kind: Mapping
resource: User
attributes:
  title: {expression: 'FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy-MM-dd")'}
"""


def test_time_alone_makes_no_action_another(story: Story) -> None:
    (story.manifests / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    for user in story.organisation["users"]:
        user.pop("title")
    story.declare()
    story.plan("--at", "2020-01-01")
    made = story.saved()
    assert (made["at"], made["actions"][0]["changes"][0]["after"]) == ("2020-01-01T00:00:00Z", "2020-01-01")
    code, out, _ = story.apply("--at", "2020-01-02")
    assert (code, out.splitlines()[-3:]) == (
        4,
        [
            f"  update User {made['actions'][-1]['key']}",
            '      title was to become "2020-01-01", and is to become "2020-01-02" now: the',
            "        time that was given with --at is not the plan's",
        ],
    )
    code, out, _ = story.apply()
    assert (code, out.splitlines()[-1]) == (0, f"Applied: {USERS} of {USERS} done.")


def test_a_plan_for_some_is_an_approval_of_all_that_it_was_made_for(story: Story) -> None:
    for number in (1, 2):
        story.user(number)["title"] = "Approved"
    story.declare()
    story.plan("--target", story.name(1))
    code, out, _ = story.apply()
    assert (code, out.splitlines()) == (0, [f"  done    ~ User {story.name(1)}", "Applied: 1 of 1 done."])
    story.plan("--target", story.name(2))
    gone = story.organisation["users"].pop(1)["userName"]
    story.organisation["groups"][0]["members"].remove(gone)
    story.declare()
    code, _, err = story.apply()
    assert (code, err.splitlines()[-2].partition("; did you mean")[0]) == (
        1,
        f"error: the approved plan is refused: the manifests changed since, --target {gone}: no declared user or group",
    )


def test_guards_judge_what_is_carried_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service(organisation=Organisation(users=40, groups=0)) as (sandbox, url):
        story = Story(tmp_path, sandbox, url, capsys)
        story.organisation = declare(40, 0, 0)
        approved = story.organisation["users"].pop()["userName"]
        story.declare()
        story.plan()
        del story.organisation["users"][10:]
        story.declare()
        code, out, _ = story.apply()
        assert (code, out.splitlines()[:2]) == (4, [f"  done    - User {approved}", "Applied: 1 of 1 done."])
        assert out.count("the manifests changed since: declared nowhere") == 29
        assert story.run("plan", story.manifests, "--out", story.file)[0] == 3
        before = story.writes()
        assert story.apply()[0] == 3
        assert story.writes() == before
        assert story.apply("--allow", "deactivations=29")[0] == 0


def test_a_tenant_can_demand_approved_plans(story: Story) -> None:
    story.user(1)["title"] = "Approved"
    story.declare(approval="required")
    before = len(story.sandbox.requests)
    code, out, err = story.run("apply", story.manifests, "--yes")
    assert (code, out, err.splitlines()) == (
        1,
        "",
        [
            "error: the tenant test takes approved plans only (`approval` in all.yaml:1)",
            "hint: reconciler plan --out FILE, have it approved, then reconciler apply --plan FILE",
        ],
    )
    assert len(story.sandbox.requests) == before
    story.plan()
    assert story.apply()[0] == 0


def test_a_tenant_can_demand_whose_signature_a_plan_has(story: Story, keys: tuple[Path, Path]) -> None:
    private, public = keys
    story.user(1)["title"] = "Approved"
    story.declare(approval={"verifyKey": f"../{public.name}"})
    demanded = story.manifests / ".." / public.name
    story.plan()
    before = len(story.sandbox.requests)
    code, _, err = story.apply()
    assert (code, err.splitlines()[-2]) == (
        1,
        f"error: the approved plan is refused: it is not signed, and a key of {demanded} has to vouch for it",
    )
    assert len(story.sandbox.requests) == before
    story.plan("--sign-key", private)
    assert story.apply("--verify-key", public)[0] == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--max-age", "0"], 1),
        (["--max-age", "soon"], 64),
        (["--verify-key", "none.pub"], 1),
    ],
)
def test_exit_codes_of_refusals(story: Story, options: list[str], code: int) -> None:
    story.user(1)["title"] = "Approved"
    story.declare()
    story.plan()
    made = story.saved()
    made["createdAt"] = made["createdAt"].replace("20", "19", 1)
    before = story.writes()
    assert story.apply(*options)[0] == code
    story.file.write_text(json.dumps(made), encoding="utf-8")
    assert story.apply()[0] == 1
    assert story.writes() == before


def test_options_that_go_together(story: Story, keys: tuple[Path, Path]) -> None:
    private, public = keys
    assert story.run("apply", story.manifests, "--yes", "--verify-key", public)[0] == 64
    assert story.run("plan", story.manifests, "--sign-key", private)[0] == 64
    assert story.run("plan", story.manifests, "--out", story.file, "--sign-key", public)[0] == 1
    assert not story.file.exists()


def test_show_says_whether_it_would_still_be_applied(story: Story, keys: tuple[Path, Path]) -> None:
    private, public = keys
    story.user(1)["title"] = "Approved"
    story.declare()
    story.plan("--sign-key", private)
    saved = story.file.read_text(encoding="utf-8")
    key = json.loads(saved)["signature"]["keyId"]
    for output_format in ("text", "json", "markdown", "html"):
        code, out, err = story.run("show", story.file, "--format", output_format)
        told = err.splitlines()
        assert (code, out == saved) == (0, output_format == "json")
        assert told[0].startswith("planned ")
        assert told[1:] == [
            f"signed with the key {key}; not checked: no --verify-key",
            "apply would take it, where the tenant's `approval` asks for no more",
        ]
    assert story.run("show", story.file, "--verify-key", public)[2].splitlines()[1] == (
        f"signed with the key {key}, and the signature holds"
    )
    assert story.apply()[0] == 0
    code, _, err = story.run("show", story.file)
    assert (code, err.splitlines()[-1][:56]) == (0, "apply would refuse it: it has been applied already, by t")
    story.file.write_text(saved.replace('"Approved"', '"Improved"'), encoding="utf-8")
    code, out, err = story.run("show", story.file, "--verify-key", public)
    fault = f"its signature does not hold: it is not what was signed with the key {key}"
    assert (code, '"Improved"' in out, err.splitlines()[1:]) == (
        1,
        True,
        [
            "apply would refuse it: it was changed after it was saved: its content does not agree with its digest",
            f"apply would refuse it: {fault}",
            f"error: the plan is not to be trusted: {fault}",
        ],
    )
