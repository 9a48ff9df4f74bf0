"""The pipelines' scripts in a throw-away repository, on a sandbox on a port, with a stand-in for gh."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.report.markdown import LIMIT
from tests.services import service, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.sandbox import Sandbox

SCRIPTS = Path(__file__).parents[2] / ".github" / "scripts"
HEAD = "0123456789abcdef0123456789abcdef01234567"
GH = """#!{python}
import json, os, pathlib, sys
folder = pathlib.Path(os.environ["GH_FOLDER"])
arguments = sys.argv[1:]
call = {{"arguments": arguments}}
for each in arguments:
    name, _, path = each.partition("=@")
    if path:
        call[name] = pathlib.Path(path).read_text(encoding="utf-8")
    if each.endswith(".md"):
        call["body"] = pathlib.Path(each).read_text(encoding="utf-8")
with (folder / "calls.jsonl").open("a", encoding="utf-8") as log:
    log.write(json.dumps(call) + "\\n")
answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
words = " ".join(arguments)
print(next((answer for part, answer in answers.items() if part in words), ""))
"""


@dataclass(frozen=True)
class Place:
    """A repository, what is on its PATH, and the sandbox that its manifests name."""

    folder: Path
    environment: dict[str, str]
    sandbox: Sandbox
    url: str

    def run(self, script: str, *arguments: str, code: int = 0, **environment: str) -> str:
        done = subprocess.run(
            ["bash", SCRIPTS / script, *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def declare(self, *titles: str) -> None:
        users = [
            {"userName": f"user{number}@x.example", "externalId": f"E{number}", "title": title}
            for number, title in enumerate(titles)
        ]
        members = [user["userName"] for user in users]
        write(
            self.folder / "manifests",
            {"users": users, "groups": [{"displayName": "Team", "members": members}]},
            self.url,
            token={"env": "FOURME_TOKEN"},
        )

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def calls(self) -> list[dict[str, object]]:
        log = self.folder.parent / "gh" / "calls.jsonl"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    def answer(self, **answers: str) -> None:
        (self.folder.parent / "gh" / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
        (self.folder.parent / "gh" / "calls.jsonl").unlink(missing_ok=True)


def program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Iterator[Place]:
    tools = tmp_path / "tools"
    for folder in ("repository", "gh", "tools"):
        (tmp_path / folder).mkdir()
    program(tools / "reconciler", f"#!{sys.executable}\nfrom reconciler.cli import main\nmain()\n")
    program(tools / "gh", GH.format(python=sys.executable))
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(SCRIPTS.parents[1]),
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@x.example",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@x.example",
        "GH_FOLDER": str(tmp_path / "gh"),
        "GH_REPO": "owner/access",
        "FOURME_TOKEN": "t0ken",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    assert shutil.which("git")
    with service(token="t0ken") as (sandbox, url):
        place = Place(tmp_path / "repository", environment, sandbox, url)
        place.git("init", "-q", "-b", "main")
        (place.folder / ".gitignore").write_text(".reconciler/\nout/\noutcome.txt\n", encoding="utf-8")
        place.answer()
        yield place


def test_from_a_proposal_to_drift(place: Place) -> None:
    place.declare("Lead", "Analyst")
    base = place.commit("two")
    place.declare("Lead", "Engineer", "Analyst")
    place.commit("three")

    place.run("review.sh", base, "out", FOURME_TOKEN="")
    comment = (place.folder / "out" / "comment.md").read_text(encoding="utf-8")
    assert "user2&#64;<wbr>x.example" in comment
    assert "user0" not in comment
    assert (place.folder / "out" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    place.run("plan.sh", "out", RECONCILER_PINNED_ENDPOINT=place.url)
    assert (place.folder.parent / "output").read_text(encoding="utf-8") == "changes=true\n"
    assert len(json.loads((place.folder / "out" / "plan.json").read_text(encoding="utf-8"))["actions"]) == 4
    assert "Applied: 4 of 4 done." in place.run("apply.sh", "out/plan.json")
    assert "Applied: 4 of 4 done." in (place.folder.parent / "summary.md").read_text(encoding="utf-8")

    (place.folder.parent / "output").unlink()
    place.run("drift.sh", "out")
    assert (place.folder.parent / "output").read_text(encoding="utf-8") == "drift=false\n"
    place.declare("Lead", "Engineer")
    (place.folder.parent / "output").unlink()
    place.run("drift.sh", "out")
    assert (place.folder.parent / "output").read_text(encoding="utf-8") == "drift=true\n"
    assert "t0ken" not in "".join(path.read_text(encoding="utf-8") for path in (place.folder / "out").iterdir())


def test_for_the_public_nobody_is_named(place: Place) -> None:
    place.declare("Lead", "Analyst")
    base = place.commit("two")
    place.declare("Lead", "Engineer", "Analyst")
    place.commit("three")
    place.environment.update(RECONCILER_AUDIENCE="public", RECONCILER_STATE_DIR=str(place.folder.parent / "state"))
    said = place.run("review.sh", base, "review", FOURME_TOKEN="")
    said += place.run("plan.sh", "out")
    said += place.run("drift.sh", "drift")
    written = [path for folder in ("review", "out", "drift") for path in (place.folder / folder).iterdir()]
    texts = {path: path.read_text(encoding="utf-8") for path in written if path.name != "plan.json"}
    texts[place.folder.parent / "summary.md"] = (place.folder.parent / "summary.md").read_text(encoding="utf-8")
    assert len(texts) == 8
    assert [path for path, text in texts.items() if "x.example" in text or "user1" in text or "Engineer" in text] == []
    people = [set(re.findall("person-[a-z2-7]{10}", text)) for path, text in texts.items() if path.suffix == ".html"]
    assert set.intersection(*people)
    assert "user1" not in said


def test_a_plan_that_is_refused_is_written_all_the_same(place: Place) -> None:
    place.declare(*["Lead"] * 12)
    place.run("plan.sh", "out")
    place.run("apply.sh", "out/plan.json")
    place.declare("Lead")
    place.run("plan.sh", "out", code=3)
    assert "Refused" in (place.folder / "out" / "comment.md").read_text(encoding="utf-8")
    assert (place.folder / "out" / "report.html").is_file()


def test_what_is_not_valid_is_marked_and_told(place: Place) -> None:
    place.declare("Lead")
    base = place.commit("one")
    (place.folder / "manifests" / "more.yaml").write_text("kind: User\nuserNam: x\n", encoding="utf-8")
    out = place.run("review.sh", base, "out", code=1)
    assert "::error file=manifests/more.yaml,line=2,col=1" in out
    assert "not valid" in (place.folder / "out" / "comment.md").read_text(encoding="utf-8")


def test_what_others_merged_meanwhile_is_not_the_proposals(place: Place) -> None:
    place.declare("Lead")
    place.commit("one")
    place.git("checkout", "-q", "-b", "proposal")
    group = "kind: Group\ndisplayName: Proposed\nmembers: []\n"
    (place.folder / "manifests" / "more.yaml").write_text(group, encoding="utf-8")
    place.commit("proposed")
    place.git("checkout", "-q", "main")
    place.declare("Lead", "Meanwhile")
    place.commit("two")
    place.git("merge", "-q", "--no-ff", "-m", "as GitHub checks it out", "proposal")
    review = (SCRIPTS.parent / "workflows" / "review.yml").read_text(encoding="utf-8")
    base = re.findall(r'review\.sh "\$\(git ([^)]*)\)"', review)[0]
    place.run("review.sh", place.git(*shlex.split(base)), "out")
    comment = (place.folder / "out" / "comment.md").read_text(encoding="utf-8")
    assert "Proposed" in comment
    assert "user1" not in comment


def test_a_base_that_cannot_be_read_is_told(place: Place) -> None:
    place.declare("Lead")
    (place.folder / "manifests" / "more.yaml").write_text("kind: User\nuserNam: x\n", encoding="utf-8")
    base = place.commit("broken")
    (place.folder / "manifests" / "more.yaml").unlink()
    place.commit("mended")
    place.run("review.sh", base, "out", code=1)
    assert "could not be compared" in (place.folder / "out" / "comment.md").read_text(encoding="utf-8")


def test_installing_runs_nothing_of_the_repository(place: Place) -> None:
    for name in ("venv", "pip", "sysconfig"):
        (place.folder / f"{name}.py").write_text("open('hacked', 'w')\n", encoding="utf-8")
    place.run("install.sh", str(place.folder.parent / "home"), code=1, PIP_NO_INDEX="1", PYTHON=sys.executable)
    assert (place.folder.parent / "home" / "bin" / "python").exists()
    assert not (place.folder / "hacked").exists()


def test_an_apply_that_is_refused_keeps_its_exit_code_and_a_whole_summary(place: Place) -> None:
    place.declare("Lead")
    place.run("plan.sh", "out")
    (place.folder.parent / "summary.md").unlink()
    place.run("apply.sh", "out/plan.json", code=64, TENANT="nobody")
    assert (place.folder.parent / "summary.md").read_text(encoding="utf-8") == "````text\n````\n"


def test_no_name_hides_a_line_of_the_summary(place: Place) -> None:
    place.declare("Lead")
    group = 'kind: Group\ndisplayName: "````"\nmembers: []\n'
    (place.folder / "manifests" / "more.yaml").write_text(group, encoding="utf-8")
    place.run("plan.sh", "out")
    (place.folder.parent / "summary.md").unlink()
    place.run("apply.sh", "out/plan.json")
    text = (place.folder.parent / "summary.md").read_text(encoding="utf-8")
    assert f"+ Group {4 * chr(39)}" in text
    assert text.count("````") == 2


def test_a_proposal_cannot_lead_the_token_elsewhere(place: Place) -> None:
    place.declare("Lead")
    out = place.run("plan.sh", "out", code=1, RECONCILER_PINNED_ENDPOINT="https://api.4me.com/scim/v2")
    assert "this machine is pinned to https://api.4me.com/scim/v2" in out
    assert not (place.folder / "out" / "plan.json").exists()


@pytest.mark.parametrize(
    ("known", "method", "path"), [("", "POST", "issues/7/comments"), ("99", "PATCH", "issues/comments/99")]
)
def test_one_comment_updated_in_place(place: Place, known: str, method: str, path: str) -> None:
    (place.folder / "one.md").write_text("one `|` $(touch hacked) `touch hacked`", encoding="utf-8")
    (place.folder / "two.md").write_text("two", encoding="utf-8")
    place.answer(**{"pulls/7": HEAD, "--paginate": known})
    place.run("comment.sh", "7", HEAD, "one.md", "nowhere.md", "two.md")
    written = place.calls()[-1]
    arguments = written["arguments"]
    assert isinstance(arguments, list)
    assert arguments[:4] == ["api", "--method", method, f"repos/owner/access/{path}"]
    assert written["body"] == "<!-- reconciler: review -->\none `|` $(touch hacked) `touch hacked`\ntwo\n"
    assert not (place.folder / "hacked").exists()


def test_a_comment_is_never_too_long(place: Place) -> None:
    (place.folder / "one.md").write_text("x" * LIMIT, encoding="utf-8")
    (place.folder / "two.md").write_text("two" * 100, encoding="utf-8")
    place.answer(**{"pulls/7": HEAD})
    place.run("comment.sh", "7", HEAD, "one.md", "two.md", RUN_URL="https://git.example/run/1")
    body = str(place.calls()[-1]["body"])
    assert body.endswith("xxx\n\nMore is in the artefacts of [this run](https://git.example/run/1).\n")
    assert LIMIT < len(body.encode()) < 65536


def test_a_comment_takes_nothing_from_elsewhere(place: Place) -> None:
    (place.folder / "one.md").write_text("one", encoding="utf-8")
    (place.folder / "two.md").symlink_to("/proc/self/environ")
    place.answer(**{"pulls/7": HEAD})
    place.run("comment.sh", "7", HEAD, "one.md", "two.md")
    assert place.calls()[-1]["body"] == "<!-- reconciler: review -->\none\n"


def test_a_proposal_that_may_have_written_its_own_review_says_so(place: Place) -> None:
    (place.folder / "one.md").write_text("one", encoding="utf-8")
    place.answer(**{"pulls/7/files": ".github/workflows/access-review.yml", "pulls/7": HEAD})
    place.run("comment.sh", "7", HEAD, "one.md")
    marker, told, *rest = str(place.calls()[-1]["body"]).splitlines()
    assert marker == "<!-- reconciler: review -->"
    assert "changes its own checks" in told
    assert rest[-1] == "one"


@pytest.mark.parametrize(
    ("number", "head", "code"),
    [("7; touch hacked", HEAD, 1), ("../issues", HEAD, 1), ("7", "main", 1), ("7", "f" * 40, 0)],
)
def test_a_number_that_is_not_the_pull_requests_is_not_used(place: Place, number: str, head: str, code: int) -> None:
    (place.folder / "one.md").write_text("one", encoding="utf-8")
    place.answer(**{"pulls/7": HEAD})
    place.run("comment.sh", number, head, "one.md", code=code)
    assert not any("--method" in str(call) for call in place.calls())
    assert not (place.folder / "hacked").exists()


@pytest.mark.parametrize(
    ("drift", "known", "commands"),
    [
        ("true", "", ["issue list", "label create", "issue create"]),
        ("true", "5", ["issue list", "issue edit"]),
        ("false", "5", ["issue list", "issue close"]),
        ("false", "", ["issue list"]),
    ],
)
def test_one_issue_about_drift(place: Place, drift: str, known: str, commands: list[str]) -> None:
    (place.folder / "drift.md").write_text("drifted", encoding="utf-8")
    place.answer(**{"issue list": known})
    place.run("issue.sh", "drift.md", drift)
    found = [" ".join(list(call["arguments"])[:2]) for call in place.calls()]  # type: ignore[call-overload]
    assert found == commands
