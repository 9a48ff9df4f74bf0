"""The auditor's question from the command line: a change is committed, approved, applied; then somebody asks."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from reconciler.cli import run_command
from reconciler.sandbox import Organisation
from tests.services import declare, service, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIPELINE = (
    *("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_SHA", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"),
    *("BUILD_REQUESTEDFOR", "CI_JOB_URL", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION"),
)
DOCS = Path(__file__).parents[2] / "docs" / "journal.md"


class Audited:
    """A repository of manifests, a tenant, and the command line."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.url, self._capsys = folder, url, capsys
        self.state, self.manifests, self.journal = folder / "state", folder / "manifests", folder / "state" / "journal"
        self.organisation = declare(4, 1, 2)

    @property
    def user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.organisation["users"][0]
        return found

    def commit(self, *, commit: bool = True) -> str:
        write(self.manifests, self.organisation, self.url)
        if commit:
            self.git("add", "manifests")
            self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.folder), "-c", "user.name=a", "-c", "user.email=a@widget.example", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def run(self, *arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(self.state), *map(str, arguments)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def apply(self, *arguments: object) -> tuple[str, str]:
        """Run it, and give the run's name and the head, as the pipeline's log has them."""
        code, _, err = self.run("apply", self.manifests, "--yes", *arguments)
        assert code == 0, err
        (line,) = (line for line in err.splitlines() if line.startswith("journal: "))
        _, _, run, _, head = line.replace(",", "").split()
        return run, head

    def asked(self, *arguments: object) -> list[dict[str, Any]]:
        code, out, _ = self.run("history", "--format", "json", *arguments)
        assert code == 0
        changes: list[dict[str, Any]] = json.loads(out)["changes"]
        return changes


@pytest.fixture(name="audited")
def _audited(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Audited]:
    for name in PIPELINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTOR", "jan")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with service(organisation=Organisation(4, 1, 2)) as (_, url):
        made = Audited(tmp_path, url, capsys)
        made.git("init", "--quiet")
        yield made


def keys(folder: Path) -> tuple[Path, Path]:
    """A private and its public key."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / "sign.pem", folder / "verify.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_who_gave_whom_what_when_by_which_commit_and_approval(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = keys(audited.folder)
    monkeypatch.setenv("CI_JOB_URL", "https://ci.example/jobs/7")
    name = audited.user["userName"]
    audited.user["title"] = "Lead"
    commit = audited.commit()
    plan = audited.folder / "plan.json"
    assert audited.run("plan", audited.manifests, "--out", plan, "--sign-key", private)[0] == 0
    saved = json.loads(plan.read_text(encoding="utf-8"))
    run, _ = audited.apply("--plan", plan, "--verify-key", public)

    (change,) = audited.asked("--since", "1d", "--user", name.upper())
    assert {key: change[key] for key in ("status", "change", "name", "attribute", "after")} == {
        "status": "done",
        "change": "changed",
        "name": name,
        "attribute": "title",
        "after": "Lead",
    }
    assert change["run"] == {
        "run": run,
        "who": "jan",
        "tenant": "test",
        "commit": commit,
        "dirty": False,
        "plan": saved["contentDigest"],
        "planned_at": saved["createdAt"],
        "keys": [saved["signature"]["keyId"]],
        "undoes": None,
        "link": "https://ci.example/jobs/7",
    }
    _, out, _ = audited.run("history", "--since", "1d", "--user", name, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["name"], row["commit"], row["plan"], row["run"]) == (name, commit, saved["contentDigest"], run)
    _, out, _ = audited.run("history", "--since", "1d", "--user", name)
    assert [line.strip() for line in out.splitlines()[:3]] == [
        run,
        f"by jan on test, commit {commit[:12]}",
        f"plan {saved['contentDigest']}",
    ]
    assert max(map(len, out.splitlines())) <= 80


def test_a_run_is_named_as_undo_takes_it(audited: Audited) -> None:
    assert audited.run("history", "last")[:2] == (1, "")
    audited.user["title"] = "Lead"
    audited.commit()
    run, _ = audited.apply()
    whole = audited.run("history", run)
    assert whole[0] == 0
    assert audited.run("history", run[:-1]) == audited.run("history", "last") == whole
    assert audited.run("--tenant", "test", "history", "last") == whole
    for words in (("--tenant", "other", "history", "last"), ("history", "nobody")):
        code, out, err = audited.run(*words)
        assert (code, out, err.count("`reconciler history` lists the runs")) == (1, "", 1)


def test_nothing_about_somebody_is_no_error(audited: Audited) -> None:
    assert audited.run("history", "--since", "2026-11-01", "--until", "2026-11-02", "--user", "nobody") == (
        0,
        "Nothing about user nobody since 2026-11-01T00:00:00Z until 2026-11-03T00:00:00Z.\n",
        "",
    )


def test_a_plan_that_nobody_vouched_for_names_no_key(audited: Audited) -> None:
    private, _ = keys(audited.folder)
    audited.user["title"] = "Lead"
    audited.commit()
    plan = audited.folder / "plan.json"
    assert audited.run("plan", audited.manifests, "--out", plan, "--sign-key", private)[0] == 0
    audited.apply("--plan", plan)
    assert [each["run"]["keys"] for each in audited.asked("--since", "1d")] == [[]]


def test_a_renamed_user_is_found_under_both_names(audited: Audited) -> None:
    before = audited.user["userName"]
    audited.user["title"] = "Lead"
    audited.commit()
    audited.apply()
    audited.user["userName"] = "renamed@widget.example"
    audited.organisation["groups"][0]["members"] = []
    audited.commit()
    audited.apply()
    found = audited.asked("--user", before)
    assert found == audited.asked("--user", "renamed@widget.example")
    assert [(each["change"], each["attribute"], each["group"]) for each in found] == [
        ("changed", "title", None),
        ("changed", "userName", None),
        ("left", None, "Group 0001"),
    ]


@pytest.mark.parametrize(
    ("touch", "dirty"),
    [
        (lambda folder: (folder / "all.yaml").write_bytes((folder / "all.yaml").read_bytes() + b"\n"), True),
        (lambda folder: (folder / "more.yaml").touch(), True),
        (lambda folder: (folder / ".hidden").touch(), False),
        (lambda folder: (folder.parent / "elsewhere.yaml").touch(), False),
    ],
)
def test_what_is_not_committed_is_told(
    audited: Audited,
    touch: Callable[[Path], object],
    dirty: bool,  # noqa: FBT001
) -> None:
    audited.user["title"] = "Lead"
    commit = audited.commit()
    touch(audited.manifests)
    audited.apply()
    (change,) = audited.asked("--since", "1d")
    assert (change["run"]["commit"], change["run"]["dirty"]) == (commit, dirty)


def test_a_pipeline_says_its_commit_and_without_git_there_is_none(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.user["title"] = "Lead"
    audited.commit(commit=True)
    monkeypatch.setenv("CI_COMMIT_SHA", "f" * 40)
    audited.apply()
    monkeypatch.delenv("CI_COMMIT_SHA")
    (audited.folder / ".git").rename(audited.folder / "was.git")
    audited.user["title"] = "Head"
    write(audited.manifests, audited.organisation, audited.url)
    audited.apply()
    assert [(each["run"]["commit"], each["run"]["dirty"]) for each in audited.asked("--since", "1d")] == [
        ("f" * 40, None),
        (None, None),
    ]


def apply_twice(audited: Audited) -> list[tuple[str, str]]:
    found = []
    for title in ("Lead", "Head"):
        audited.user["title"] = title
        audited.commit()
        found.append(audited.apply())
    return found


def test_the_journal_is_proved_by_the_head_that_the_log_has(audited: Audited) -> None:
    (first, earlier), (second, head) = apply_twice(audited)
    code, out, err = audited.run("history", "--verify")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "The journal is whole and unchanged: 2 runs, 8 entries.",
        f"head: {head}",
        f"      of run {second}",
        "A chain shows what was changed inside it. Whoever can write all of it can make",
        "it anew, or cut its end off: keep the head elsewhere, and check with --head.",
    ]
    assert audited.run("history", "--verify", "--head", earlier)[0] == 0
    newest = audited.journal / f"{second}.jsonl"
    newest.unlink()
    assert audited.run("history", "--verify")[0] == 0
    code, out, _ = audited.run("history", "--verify", "--head", head, "--format", "json")
    found = json.loads(out)
    assert (code, found["whole"], found["runs"], found["head"]) == (1, False, 1, earlier)
    assert first == found["head_run"]
    assert [each["problem"] for each in found["faults"]] == [
        f"no entry has the hash {head}: it was cut off, or the journal was made anew"
    ]


def test_an_edited_journal_is_found_out_and_what_is_left_is_told(audited: Audited) -> None:
    (first, _), _ = apply_twice(audited)
    path, name = audited.journal / f"{first}.jsonl", audited.user["userName"]
    path.write_bytes(
        path.read_bytes().replace(b'"Lead"', b'"Boss"').replace(b'"entry":"attempt"', b'"entry":"nothing"')
    )
    code, out, _ = audited.run("history", "--verify", "--format", "csv")
    assert (code, out.splitlines()) == (
        1,
        [
            "file,line,entry,key,problem",
            f"{path.name},2,,,it holds no entry: it was changed",
            f"{path.name},3,outcome update User,{name},its hash is not that of its content: it was changed",
        ],
    )
    assert name not in audited.run("history", "--verify", "--audience", "public")[1]
    path.with_name("20261124T101500Z-1a2b3c4d.jsonl").write_bytes(b"nothing\n")
    assert audited.run("history")[2].splitlines() == [
        f"warning: 1 line of run {run} cannot be read: reconciler history --verify tells more"
        for run in sorted((first, "20261124T101500Z-1a2b3c4d"))
    ]
    path.with_name("20261124T101500Z-1a2b3c4d.jsonl").unlink()
    code, out, err = audited.run("history", "--since", "1d")
    assert (code, out.splitlines()[-1][:10]) == (0, "2 changes:")
    assert err == f"warning: 1 line of run {first} cannot be read: reconciler history --verify tells more\n"


def test_the_script_of_the_documentation_proves_the_same(audited: Audited) -> None:
    _, (second, head) = apply_twice(audited)
    script = audited.folder / "verify_journal.py"
    script.write_text(DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], encoding="utf-8")
    command = [sys.executable, "-I", str(script), str(audited.journal)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == f"{head}\n"
    path = audited.journal / f"{second}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"Head"', b'"Boss"'))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"{second}.jsonl:2 is not as it was written\n")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--head", "sha256:" + "0" * 64),
        ("--verify", "--head", "sha256:0"),
        ("--verify", "20261124T101500Z-1a2b3c4d"),
        ("--verify", "--since", "1d"),
        ("20261124T101500Z-1a2b3c4d", "--user", "ann"),
        ("--since", "yesterday"),
        ("--since", "999999d"),
        ("--until", "0001-01-01T00:00:00+12:00"),
        ("--since", "2026-11-02", "--until", "2026-11-01"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(audited: Audited, wrong: tuple[str, ...]) -> None:
    assert audited.run("history", *wrong)[0] == 64
