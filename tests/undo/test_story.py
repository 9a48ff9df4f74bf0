"""Undoing from the command line, over a sandbox on a port, while others are at work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.sandbox import Organisation, parse_fault
from tests.approval.conftest import _keys  # noqa: F401
from tests.approval.test_story import GROUPS, MEMBERS, USERS, Story
from tests.services import service
from tests.undo.test_laws import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Undoing(Story):
    """A tenant in which runs were made."""

    def change(self) -> str:
        """Apply something of every kind; the run's name."""
        self.user(1)["title"] = "Lead"
        self.user(2)["title"] = None
        self.user(3)["userName"] = "renamed@widget.example"
        self.organisation["groups"][0]["members"] = [self.name(1), self.name(9)]
        self.organisation["groups"][1]["members"] = []
        del self.organisation["users"][11]
        self.organisation["users"].append({"userName": "new@widget.example", "title": "New"})
        self.organisation["groups"].append({"displayName": "New", "members": ["new@widget.example", self.name(1)]})
        self.declare()
        code, _, err = self.run("apply", self.manifests, "--yes", "--allow", "membershipRemovals=9")
        assert code == 0, err
        return self.last()

    def change_title(self, title: str) -> str:
        """Apply the title of one user; the run's name."""
        self.user(2)["title"] = title
        self.declare()
        assert self.run("apply", self.manifests, "--yes")[0] == 0
        return self.last()

    def last(self) -> str:
        return str(json.loads(self.run("history", "--format", "json")[1])[-1]["run"])

    def journal_of(self, run: str) -> Path:
        return self.state / "journal" / f"{run}.jsonl"

    def undo(self, run: str, *options: object) -> tuple[int, str, str]:
        allowed = ("--allow", "membershipRemovals=9")
        return self.run("undo", run, self.manifests, *allowed, "--out", self.file, *options)


@pytest.fixture(name="story")
def _story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Undoing]:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=MEMBERS)
    with service(organisation=organisation) as (sandbox, url):
        made = Undoing(tmp_path, sandbox, url, capsys)
        made.declare()
        assert made.run("apply", made.manifests, "--yes")[0] == 0
        yield made


def test_a_run_is_undone_and_the_undo_is_undone(story: Undoing) -> None:
    before = state_of(story.sandbox)
    run = story.change()
    applied, writes, requests = state_of(story.sandbox), story.writes(), len(story.sandbox.requests)
    code, out, err = story.undo(run, "--detailed-exitcode")
    assert (code, story.writes()) == (2, writes)
    assert len(story.sandbox.requests) - requests == 4  # three groups, and all users at once
    assert out.splitlines()[0].startswith(f"Undo of the run {run} in")
    assert "deactivate: created by that run, and nothing is ever deleted" in out
    assert f"apply exactly this with: reconciler apply {story.manifests} --plan {story.file}" in err
    assert story.saved()["undoes"] == run

    assert story.apply()[0] == 0
    now = state_of(story.sandbox)
    assert {name: now[name] for name in before} == before
    assert [(each.get("active"), each.get("members")) for name, each in now.items() if name not in before] == [
        (False, None),
        (None, None),
    ]
    entries = json.loads(story.run("history", story.last(), "--format", "json")[1])
    assert next(each["undoes"] for each in _entries(entries) if each["entry"] == "run") == run
    code, out, _ = story.undo(run)
    assert (code, out.splitlines()[-1]) == (0, "Nothing to undo.")
    assert "as they were before that run already" in out

    assert story.undo("last")[0] == 0
    assert story.apply()[0] == 0
    assert state_of(story.sandbox) == applied
    assert {each.method for each in story.sandbox.requests} == {"GET", "POST", "PATCH"}


def _entries(told: Any) -> list[dict[str, Any]]:
    """The entries of a run, whatever else is told of it."""
    found: list[dict[str, Any]] = told if isinstance(told, list) else told["entries"]
    return found


def test_what_others_changed_since_is_left_alone_and_told(story: Undoing) -> None:
    run = story.change()
    later = story.change_title("Later")
    story.meddle("/Users/1", title="Chief")
    story.meddle("/Groups/1", members=[{"value": "9", "operation": "delete"}])
    story.meddle("/Users/3", userName="again@widget.example")
    code, out, _ = story.undo(run, "--format", "json")
    warnings = json.loads(out)["warnings"]
    assert code == 0
    assert warnings[:3] == [
        f'title of {story.name(1)}: that run left "Lead", 4me now has "Chief": changed since, left alone',
        (
            f'title of {story.name(2)}: that run left (none), 4me now has "Later": changed since by the run {later},'
            " left alone"
        ),
        (
            'userName of again@widget.example: that run left "renamed@widget.example", 4me now has'
            ' "again@widget.example": changed since, left alone'
        ),
    ]
    touched = {each["key"] for each in json.loads(out)["actions"]}
    assert not touched & {story.name(1), story.name(2), "again@widget.example"}
    assert story.apply()[0] == 0
    shown = state_of(story.sandbox)
    assert [shown[f"Users {number}"].get("title") for number in (1, 2)] == ["Chief", "Later"]


def test_what_a_later_run_wrote_again_is_that_runs(story: Undoing) -> None:
    members = story.organisation["groups"][0]["members"]
    run, *_, last = (
        _apply_with(story, title, members=members[skipped:]) for title, skipped in (("B", 1), ("C", 0), ("B", 1))
    )
    code, out, _ = story.undo(run, "--format", "json")
    assert (code, json.loads(out)["actions"]) == (0, [])
    assert json.loads(out)["warnings"] == [
        (
            f'title of {story.name(2)}: that run left "B", which the run {last} has written again since: left alone,'
            " undo that one"
        ),
        (
            f"{story.organisation['groups'][0]['displayName']}: {members[0]} was added or removed again by the run"
            f" {last}: left alone, undo that one"
        ),
    ]
    assert story.undo(last, "--format", "json")[0] == 0
    assert len(story.saved()["actions"]) == 2


def _apply_with(story: Undoing, title: str, members: list[str]) -> str:
    story.organisation["groups"][0]["members"] = members
    return story.change_title(title)


def test_an_account_that_was_taken_over_since_stays_active(story: Undoing) -> None:
    run = story.change()
    story.meddle("/Users/13", userName="other@widget.example", externalId="E77")
    warnings = json.loads(story.undo(run, "--format", "json")[1])["warnings"]
    assert (
        'other@widget.example: created by that run as new@widget.example, its externalId was (none) and is "E77" now:'
        " left alone, stays active"
    ) in warnings
    assert story.apply()[0] == 0
    assert state_of(story.sandbox)["Users 13"]["active"] is True


def test_what_changed_between_plan_and_apply_is_told_and_not_done(story: Undoing) -> None:
    story.change()
    assert story.undo("last")[0] == 0
    story.meddle("/Users/1", title="Chief")
    code, out, _ = story.apply()
    assert code == 4
    assert out.partition("approved, but no longer as approved, not done:\n")[2].splitlines() == [
        f"  update User {story.name(1)}",
        "      it is not to be done any more: see the warnings of a new plan",
    ]
    assert state_of(story.sandbox)["Users 1"]["title"] == "Chief"


def test_the_next_apply_would_do_it_again_unless_the_manifests_are_reverted(story: Undoing) -> None:
    before = json.dumps(story.organisation)
    story.change()
    told = story.undo("last")[1].replace("\n  ", " ")
    assert "warning: the manifests still say what that run applied, for 8 of 8: the next apply" in told
    assert "the next apply would do it again: take it out of the manifests too" in told
    story.organisation = json.loads(before)
    story.declare()
    assert "the manifests still say" not in story.undo("last")[1]
    assert story.apply()[0] == 0
    assert story.run("plan", story.manifests, "--detailed-exitcode")[0] == 0


def test_only_those_who_are_named_are_undone(story: Undoing) -> None:
    run = story.change()
    assert story.undo(run, "--target", story.name(1))[0] == 0
    assert [each["key"] for each in story.saved()["actions"]] == [story.name(1)]
    code, out, _ = story.apply()
    assert (code, out.splitlines()) == (0, [f"  done    ~ User {story.name(1)}", "Applied: 1 of 1 done."])
    code, _, err = story.undo(run, "--target", story.name(5))
    assert code == 64
    assert err.splitlines()[0].startswith(f"error: --target {story.name(5)}: the run {run} did not touch it")


def test_runs_are_found_by_name(story: Undoing) -> None:
    run = story.change()
    assert story.change_title("Later") != run
    assert story.undo(run[:-1])[0] == 0
    assert story.saved()["undoes"] == run
    assert story.undo("last")[0] == 0
    assert story.saved()["undoes"] == story.last() != run
    code, _, err = story.undo("20")
    assert (code, err.splitlines()[-1]) == (1, "hint: write more of its name")
    assert err.splitlines()[-2].startswith("error: 2 runs begin with 20, such as ")
    for name in ("nothing", "../journal", ""):
        code, _, err = story.undo(name)
        assert (code, err.splitlines()[-2].partition(" in ")[0]) == (1, f"error: no run {name or '(no name)'}")
        assert err.splitlines()[-1].startswith("hint: `reconciler history` lists the runs")


def test_a_run_is_undone_where_it_was_made_only(story: Undoing) -> None:
    run = story.change()
    story.declare(account="other")
    code, _, err = story.undo(run)
    assert code == 1
    assert err.splitlines()[-2].startswith(f"error: the run {run} was made in test (http")
    code, _, err = story.undo("last")
    assert (code, err.splitlines()[-2].partition(" has been")[0]) == (1, "error: no apply to test")


def test_guards_bite_and_nobody_protected_goes(story: Undoing) -> None:
    story.organisation["users"] += [{"userName": f"new{number}@widget.example"} for number in range(7)]
    story.declare(ownership={"protected": ["new0@*"]})
    assert story.run("apply", story.manifests, "--yes")[0] == 0
    code, out, err = story.undo("last")
    assert (code, err.splitlines()[-2:]) == (
        3,
        [
            "error: refused: 6 deactivations, at most 5 allowed",
            "hint: if that is what you want: --allow deactivations=6",
        ],
    )
    assert "new0@widget.example would be deactivated, but is protected: it stays active" in out.replace("\n  ", " ")
    writes = story.writes()
    assert (story.apply()[0], story.writes()) == (3, writes)
    assert story.undo("last", "--allow", "deactivations=6")[0] == 0
    assert story.apply()[0] == 0
    new = {each["userName"]: each["active"] for each in state_of(story.sandbox).values() if "userName" in each}
    assert [name for name in sorted(new) if name.startswith("new") and new[name]] == ["new0@widget.example"]


def test_an_undo_is_approved_like_any_plan(story: Undoing, keys: tuple[Path, Path]) -> None:
    private, public = keys
    story.change()
    (story.manifests / public.name).write_bytes(public.read_bytes())
    story.declare(approval={"required": True, "verifyKey": public.name})
    assert story.undo("last")[0] == 0
    assert story.apply()[0] == 1
    assert story.undo("last", "--sign-key", private)[0] == 0
    saved = story.saved()
    story.file.write_text(json.dumps({**saved, "undoes": saved["undoes"][:-1] + "x"}), encoding="utf-8")
    code, _, err = story.apply()
    assert (code, "it was changed after it was saved" in err) == (1, True)
    story.file.write_text(json.dumps(saved), encoding="utf-8")
    assert story.apply()[0] == 0
    assert story.apply()[0] == 1  # it has been applied already


@pytest.mark.parametrize("output_format", ["markdown", "html", "junit", "sarif", "github"])
def test_every_format_tells_what_is_undone(story: Undoing, output_format: str) -> None:
    story.change()
    code, out, _ = story.undo("last", "--format", output_format)
    assert (code, "created by that run" in out) == (0, True)


def test_a_canary_of_an_undo_is_judged_by_the_undo(story: Undoing) -> None:
    before = state_of(story.sandbox)
    story.change()
    assert story.undo("last")[0] == 0
    assert story.apply("--canary", 2)[0] == 0
    now = state_of(story.sandbox)
    assert {name: now[name] for name in before} == before


def test_the_public_is_told_what_is_undone_and_not_of_whom(story: Undoing) -> None:
    story.change()
    code, out, _ = story.undo("last", "--audience", "public")
    assert (code, "widget.example" in out, "created by that run" in out) == (0, False, True)
    assert "the manifests still say what that run applied, for 8 of 8" in out


def test_a_run_that_was_interrupted_is_undone_as_far_as_4me_has_it(story: Undoing) -> None:
    before = state_of(story.sandbox)
    run = story.change()
    lines = story.journal_of(run).read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["entry"] for line in lines]
    end = max(number for number, kind in enumerate(kinds) if kind == "attempt") + 1
    story.journal_of(run).write_bytes(b"".join(lines[:end]))
    code, out, _ = story.undo(run)
    told = out.replace("\n  ", " ")
    in_flight = kinds[:end].count("attempt") - kinds[:end].count("outcome")
    assert (code, told.count("was in flight when that run was interrupted: 4me has what that run wanted, undone")) == (
        0,
        in_flight,
    )
    assert story.apply()[0] == 0
    now = state_of(story.sandbox)
    assert {name: now[name] for name in before} == before


def test_a_run_of_an_older_version_is_undone_by_what_it_tells(story: Undoing) -> None:
    before = state_of(story.sandbox)
    run = story.change()
    older = []
    for line in story.journal_of(run).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        dropped = {"seq", "previous", "hash", "memberIds", "stored", "requests", "source", "commit", "dirty", "link"}
        if entry["entry"] == "attempt":
            dropped |= {"changes", "members"}
        if entry["entry"] == "run":
            entry["formatVersion"] = "1.0"
        older.append(json.dumps({name: value for name, value in entry.items() if name not in dropped}))
    story.journal_of(run).write_text("\n".join(older) + "\n", encoding="utf-8")
    assert story.undo(run)[0] == 0
    assert story.apply()[0] == 0
    now = state_of(story.sandbox)
    assert {name: now[name] for name in before} == before


def test_a_run_whose_journal_was_changed_is_not_undone(story: Undoing) -> None:
    run = story.change()
    other = story.change_title("Later")
    whole = story.journal_of(run).read_bytes()
    story.journal_of(run).write_bytes(whole.replace(b'"Lead"', b'"Boss"', 1))
    code, _, err = story.undo(run)
    assert code == 1
    assert err.splitlines()[-2].startswith(f"error: the run {run} is not undone: its journal is not as it was written")
    assert err.splitlines()[-1].startswith("hint: `reconciler history --verify` has all that is wrong")
    code, _, err = story.undo(other)
    assert (code, "warning: the journal of other runs is not as it was written" in err) == (0, True)
    story.journal_of(run).write_bytes(whole)
    assert story.undo(run)[0] == 0


def test_custom_fields_that_are_never_shown_get_their_old_value_where_it_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(organisation=Organisation(users=2, groups=0), faults=(parse_fault("no-custom-fields"),)) as served:
        story = Undoing(tmp_path, *served, capsys)
        story.organisation = {"users": story.organisation["users"][:2], "groups": []}
        for badge in ("A1", "A2"):
            story.user(1)["customFields"] = {"badge": badge}
            story.declare()
            assert story.run("apply", story.manifests, "--yes")[0] == 0
        code, out, _ = story.undo("last")
        assert (code, [each["after"] for each in story.saved()["actions"][0]["changes"]]) == (0, ["A1"])
        assert "4me does not give it back, the old value is written unseen" in out.replace("\n  ", " ")
        assert story.apply()[0] == 0
        first = json.loads(story.run("history", "--format", "json")[1])[0]["run"]
        _, out, _ = story.undo(first)
        assert "4me does not give it back, and what it was before is not known" in out.replace("\n  ", " ")
        assert story.saved()["actions"] == []
