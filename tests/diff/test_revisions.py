"""`diff` on throw-away git repositories: which revisions, which folder; and nothing of them is touched or run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run_command
from reconciler.errors import OperatorError
from reconciler.revisions import Revision, open_repository
from reconciler.settings import git_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[..., tuple[int, str, str]]

ANN = "{kind: User, userName: ann}\n"
BOB = "{kind: User, userName: bob}\n"


class Repository:
    """A git repository in `root`; git has no configuration but its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *words: str, stdin: str | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True, input=stdin)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, **files: str) -> str:
        """A commit with these files, `manifests__a` for manifests/a.yaml."""
        for name, text in files.items():
            self.write(f"{name.replace('__', '/')}.yaml", text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(name="repository")
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@widget.example")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture(name="diff")
def _diff(repository: Repository, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run_command(["diff", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def told(diff: Call, *arguments: str) -> tuple[str, str, list[str]]:
    """Both sides by name, and who changes how."""
    code, out, err = diff(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    people = [f"{each['transition']} {each['key']}" for each in found["people"]]
    return found["base"]["name"], found["head"]["name"], people


def test_between_two_revisions_and_up_to_the_working_tree(repository: Repository, diff: Call) -> None:
    first = repository.commit(manifests__a=ANN)
    repository.git("tag", "v1")
    repository.commit(manifests__b=BOB)
    repository.write("manifests/c.yaml", "{kind: User, userName: cyd}\n")
    assert told(diff, "v1", "HEAD") == ("v1", "HEAD", ["join bob"])
    assert told(diff, first, "main~1") == (first, "main~1", [])
    assert told(diff, "main", "v1") == ("main", "v1", ["leave bob"])
    assert told(diff, "v1") == ("v1", "working tree", ["join bob", "join cyd"])
    _, out, _ = diff("v1", "HEAD", "--format", "json")
    assert json.loads(out)["base"]["commit"] == first


def test_exit_codes(repository: Repository, diff: Call) -> None:
    repository.commit(manifests__a=ANN + "---\n" + BOB)
    (repository.root / "manifests" / "a.yaml").unlink()
    repository.write("manifests/people/all.yaml", "kind: Users\nusers: [{userName: Bob}, {userName: Ann}]\n")
    assert diff("HEAD", "--exit-code")[0] == 0
    repository.write("manifests/people/all.yaml", "kind: Users\nusers: [{userName: Bob}]\n")
    assert diff("HEAD", "--exit-code")[0] == 2
    assert diff("HEAD")[0] == 0


def test_the_merge_base_leaves_out_what_others_did(repository: Repository, diff: Call) -> None:
    repository.commit(manifests__a=ANN)
    repository.git("switch", "--quiet", "--create", "topic")
    repository.commit(manifests__b=BOB)
    repository.git("switch", "--quiet", "main")
    repository.commit(manifests__c="{kind: User, userName: cyd}\n")
    assert told(diff, "main", "topic")[2] == ["join bob", "leave cyd"]
    assert told(diff, "main", "topic", "--merge-base") == ("merge base of main and topic", "topic", ["join bob"])
    repository.git("switch", "--quiet", "topic")
    assert told(diff, "main", "--merge-base") == ("merge base of main and HEAD", "working tree", ["join bob"])
    repository.git("switch", "--quiet", "--orphan", "other")
    repository.commit(manifests__z=ANN)
    code, _, err = diff("main", "other", "--merge-base")
    assert (code, err.splitlines()) == (
        1,
        ["error: main and other have no common ancestor here", "hint: compare without --merge-base"],
    )


def test_the_folder_is_found_from_below_and_by_its_path(
    repository: Repository, diff: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(manifests__a=ANN, config__acme__a=ANN)
    repository.write("manifests/b.yaml", BOB)
    repository.write("config/acme/c.yaml", "{kind: User, userName: cyd}\n")
    assert told(diff, "HEAD", "config/acme") == ("HEAD", "working tree", ["join cyd"])
    assert told(diff, "HEAD", "HEAD", "config/acme") == ("HEAD", "HEAD", [])
    assert told(diff, "HEAD", str(repository.root / "config" / "acme"))[2] == ["join cyd"]
    monkeypatch.chdir(repository.root / "config")
    assert told(diff, "HEAD")[2] == ["join bob"]
    assert told(diff, "HEAD", "acme")[2] == ["join cyd"]
    assert told(diff, "HEAD", "config/acme")[2] == ["join cyd"]
    monkeypatch.chdir(repository.root / "config" / "acme")
    assert told(diff, "HEAD", ".")[2] == ["join cyd"]


def test_the_whole_repository_may_be_the_folder(repository: Repository, diff: Call) -> None:
    repository.commit(a=ANN)
    repository.write("b.yaml", BOB)
    assert told(diff, "HEAD", ".")[2] == ["join bob"]


def test_a_folder_that_was_moved(repository: Repository, diff: Call) -> None:
    repository.commit(old__a=ANN)
    repository.git("mv", "old", "manifests")
    repository.commit()
    assert told(diff, "HEAD~1", "HEAD", "--base-manifests", "old")[2] == []


def test_a_revision_without_the_folder_declares_nothing(repository: Repository, diff: Call) -> None:
    repository.commit(other__a=ANN)
    repository.write("manifests/a.yaml", ANN)
    code, out, _ = diff("HEAD")
    assert code == 0
    assert "  + ann" in out
    assert "note: HEAD has no folder manifests: nothing is declared there" in out.splitlines()
    code, _, err = diff("HEAD", "HEAD")
    assert (code, err.splitlines()) == (
        1,
        [
            "error: there are no manifests: neither manifests in HEAD nor manifests in HEAD",
            "hint: name their folder: reconciler diff BASE HEAD FOLDER",
        ],
    )


def test_problems_of_both_sides_have_their_revision_and_place(repository: Repository, diff: Call) -> None:
    repository.commit(manifests__a="kind: User\nuserName: ann\ntitel: x\n")
    repository.write("manifests/a.yaml", "kind: Usr\n")
    code, out, err = diff("main")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "main:manifests/a.yaml:3:1: unknown attribute `titel`; did you mean `title`?",
        "working tree:manifests/a.yaml:1:1: unknown kind `Usr`; did you mean `User`?",
        "error: 2 problems found, nothing was done",
    ]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "mian",
            [
                "error: no revision `mian` in this repository; did you mean `main`?",
                "hint: a branch, a tag or a commit; git fetch gets those that others have made",
            ],
        ),
        (
            "topic",
            [
                "error: no revision `topic` in this repository",
                "hint: there is origin/topic; compare with that",
            ],
        ),
        (
            "main...topic",
            [
                "error: `main...topic` is a range, not a revision",
                "hint: write two revisions; --merge-base is for A...B",
            ],
        ),
        (
            "main:manifests",
            [
                "error: no revision `main:manifests` in this repository",
                "hint: a branch, a tag or a commit; git fetch gets those that others have made",
            ],
        ),
    ],
)
def test_a_revision_that_is_not_there(repository: Repository, diff: Call, name: str, lines: list[str]) -> None:
    commit = repository.commit(manifests__a=ANN)
    repository.git("update-ref", "refs/remotes/origin/topic", commit)
    code, _, err = diff(name)
    assert (code, err.splitlines()) == (1, lines)


def test_a_revision_is_never_taken_for_an_option(repository: Repository, diff: Call) -> None:
    repository.commit(manifests__a=ANN)
    code, _, err = diff("--", "--upload-pack=touch x", "HEAD")
    assert code == 1
    assert err.startswith("error: no revision `--upload-pack=touch x`")


def test_a_shallow_clone_says_how_to_get_more(
    repository: Repository, diff: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(manifests__a=ANN)
    repository.commit(manifests__b=BOB)
    repository.git("clone", "--quiet", "--depth=1", repository.root.as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    code, _, err = diff("HEAD~1")
    assert (code, err.splitlines()) == (
        1,
        [
            "error: no revision `HEAD~1` in this repository",
            "hint: this clone is shallow: git fetch --depth=1 origin HEAD~1, or all of it: git fetch --unshallow",
        ],
    )


def test_a_partial_clone_is_not_filled_from_elsewhere(
    repository: Repository, diff: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(manifests__a=ANN)
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    url = repository.root.as_uri()
    repository.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", url, str(clone))
    monkeypatch.chdir(clone)
    code, _, err = diff("HEAD")
    assert (code, err.splitlines()) == (
        1,
        [
            "error: a.yaml of HEAD is not in this clone",
            "hint: it is partial or damaged: git fetch --refetch, or clone without --filter",
        ],
    )


def test_no_repository_and_no_git(diff: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = diff("HEAD")
    assert (code, err.splitlines()) == (
        1,
        [f"error: {tmp_path} is in no git repository", "hint: run this in the repository of the manifests"],
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = diff("HEAD")
    assert (code, err.splitlines()) == (
        1,
        ["error: git was not found", "hint: install git, and see that its folder is on the PATH"],
    )


def test_a_bare_repository(repository: Repository, diff: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.root / ".git")
    code, _, err = diff("HEAD")
    assert (code, err.splitlines()) == (
        1,
        [
            f"error: {repository.root / '.git'} has no working tree",
            "hint: run this in a clone that is not bare",
        ],
    )


def test_a_repository_of_somebody_else(repository: Repository, diff: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    code, _, err = diff("HEAD")
    assert (code, err.splitlines()) == (
        1,
        [
            f"error: git does not trust the repository of {repository.root}, which belongs to somebody else",
            "hint: if you trust it: git config --global --add safe.directory PATH",
        ],
    )


def test_a_git_in_the_folder_itself_is_not_run(
    repository: Repository, diff: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("git", "#!/bin/sh\ntouch was-run\n")
    (repository.root / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    assert diff("HEAD")[0] == 1
    assert not (repository.root / "was-run").exists()


def test_a_folder_outside_the_repository(repository: Repository, diff: Call, tmp_path: Path) -> None:
    repository.commit(manifests__a=ANN)
    (tmp_path / "elsewhere").mkdir()
    code, _, err = diff("HEAD", "HEAD", "../elsewhere")
    assert code == 1
    assert err.startswith("error: ../elsewhere is not in the repository")


def test_what_git_would_run_or_change_is_left_alone(repository: Repository, diff: Call, tmp_path: Path) -> None:
    """Neither hooks nor filters nor a monitor run; export attributes and line endings have no part in it."""
    repository.commit(manifests__a=ANN, manifests__b=BOB)
    mark = tmp_path / "was-run"
    script = repository.root / ".git" / "hooks" / "post-checkout"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.external", "core.pager"):
        repository.git("config", name, str(script))
    repository.git("config", "core.autocrlf", "true")
    repository.write(".gitattributes", "*.yaml filter=evil export-ignore text eol=crlf\n")
    index = repository.root / ".git" / "index"
    os.utime(repository.root / "manifests" / "a.yaml", (1, 1))
    before = index.read_bytes(), index.stat().st_mtime_ns
    assert told(diff, "HEAD") == ("HEAD", "working tree", [])
    assert told(diff, "HEAD", "HEAD")[2] == []
    assert not mark.exists()
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_the_files_are_private_and_gone_afterwards(repository: Repository, diff: Call, tmp_path: Path) -> None:
    commit = repository.commit(manifests__a=ANN, manifests__people__b=BOB)
    opened = open_repository(repository.root, git_environment())
    with opened.extract(Revision("HEAD", commit), "manifests") as folder:
        assert folder is not None
        (made,) = (tmp_path / "tmp").iterdir()
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
        found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.yaml")}
        assert found == {"a.yaml": ANN, "people/b.yaml": BOB}
    assert diff("HEAD", "HEAD")[0] == 0
    repository.write("manifests/a.yaml", "kind: Usr\n")
    repository.commit()
    assert diff("HEAD", "HEAD")[0] == 1
    assert list((tmp_path / "tmp").iterdir()) == []


def test_links_stay_links_and_are_checked(repository: Repository, diff: Call) -> None:
    repository.write("manifests/people/a.yaml", ANN)
    (repository.root / "manifests" / "b.yaml").symlink_to("people/../other/b.yaml")
    repository.write("manifests/other/b.yaml", BOB)
    repository.commit()
    code, _, err = diff("HEAD", "HEAD")
    assert "also at b.yaml:1" in err or "also at other/b.yaml:1" in err
    (repository.root / "manifests" / "b.yaml").unlink()
    (repository.root / "manifests" / "b.yaml").symlink_to("/etc/hosts")
    repository.commit()
    code, _, err = diff("HEAD", "HEAD")
    assert (code, err.splitlines()) == (
        1,
        [
            "HEAD:manifests/b.yaml:1:1: a symbolic link that leaves the manifests folder",
            "error: 1 problem found, nothing was done",
        ],
    )


@pytest.mark.parametrize(
    ("mode", "kind"), [("120000", "a symbolic link"), ("100644", "a file"), ("160000", "a submodule")]
)
def test_manifests_that_are_no_folder(repository: Repository, diff: Call, mode: str, kind: str) -> None:
    commit = repository.commit(other__a=ANN)
    thing = commit if mode == "160000" else repository.git("hash-object", "-w", "--stdin", stdin="other")
    tree = repository.git("mktree", "--missing", stdin=f"{mode} {_type(mode)} {thing}\tmanifests\n")
    odd = repository.git("commit-tree", "-m", "odd", tree)
    code, _, err = diff(odd, odd)
    assert (code, err.splitlines()[0]) == (1, f"error: manifests is {kind} in {odd}, not a folder")


def _type(mode: str) -> str:
    return "commit" if mode == "160000" else "blob"


def test_submodules_and_names_of_every_kind(repository: Repository, diff: Call) -> None:
    commit = repository.commit(manifests__a=ANN)
    blob = repository.git("hash-object", "-w", "--stdin", stdin=BOB)
    tree = repository.git(
        "mktree", "-z", "--missing", stdin=f'100644 blob {blob}\ta "b" ü.yaml\x00160000 commit {commit}\tmodule\x00'
    )
    top = repository.git("mktree", stdin=f"040000 tree {tree}\tmanifests\n")
    odd = repository.git("commit-tree", "-m", "odd", top)
    assert told(diff, "HEAD", odd)[2] == ["leave ann", "join bob"]


@pytest.mark.parametrize("name", ["..", ".", "a/../../x.yaml"])
def test_a_path_that_leads_out_of_the_folder_is_refused(repository: Repository, tmp_path: Path, name: str) -> None:
    """Git makes no such tree; somebody else may."""
    blob = repository.git("hash-object", "-w", "--stdin", stdin=BOB)
    raw = f"100644 {name}\0".encode() + bytes.fromhex(blob)
    path = tmp_path / "tree"
    path.write_bytes(raw)
    tree = repository.git("hash-object", "-t", "tree", "--literally", "-w", str(path))
    top = repository.git("mktree", stdin=f"040000 tree {tree}\tmanifests\n")
    commit = repository.git("commit-tree", "-m", "odd", top)
    opened = open_repository(repository.root, git_environment())
    with pytest.raises(OperatorError, match="leads elsewhere"), opened.extract(Revision("x", commit), "manifests"):
        pass


def test_nothing_is_written_through_a_link(repository: Repository, tmp_path: Path) -> None:
    """A tree that has a link and a folder of one name."""
    blob = repository.git("hash-object", "-w", "--stdin", stdin=BOB)
    outside = tmp_path / "outside"
    outside.mkdir()
    link = repository.git("hash-object", "-w", "--stdin", stdin=str(outside))
    inner = repository.git("mktree", stdin=f"100644 blob {blob}\tx.yaml\n")
    raw = b"120000 a\0" + bytes.fromhex(link) + b"40000 a\0" + bytes.fromhex(inner)
    path = tmp_path / "tree"
    path.write_bytes(raw)
    tree = repository.git("hash-object", "-t", "tree", "--literally", "-w", str(path))
    top = repository.git("mktree", stdin=f"040000 tree {tree}\tmanifests\n")
    commit = repository.git("commit-tree", "-m", "odd", top)
    opened = open_repository(repository.root, git_environment())
    with pytest.raises(OperatorError, match="cannot be written"), opened.extract(Revision("x", commit), "manifests"):
        pass
    assert list(outside.iterdir()) == []


def test_one_clock_for_both_sides(repository: Repository, diff: Call) -> None:
    mapping = (
        '{kind: Mapping, resource: User, attributes: {nickName: {expression: \'FormatDateTime(Now(), , "", "yyyy")\'}}}'
    )
    mapping = mapping.replace('Now(), , "", ', 'Now(), , "M/d/yyyy h:mm:ss tt", ')
    repository.commit(manifests__a=ANN, manifests__m=mapping)
    repository.commit(manifests__b=BOB)
    assert told(diff, "HEAD~1", "HEAD", "--at", "2030-01-01")[2] == ["join bob"]
    _, out, _ = diff("HEAD~1", "HEAD", "--at", "2030-01-01")
    assert '"2030"' in out


def test_more_is_shown_on_demand(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit(manifests__a=ANN)
    people = ", ".join(f"{{userName: u{number:03}}}" for number in range(60))
    repository.write("manifests/b.yaml", f"kind: Users\nusers: [{people}]\n")
    assert run_command(["diff", "HEAD"]) == 0
    short = capsys.readouterr().out
    assert "  and 10 more people (-v or --format json shows all)" in short.splitlines()
    assert run_command(["-v", "diff", "HEAD"]) == 0
    whole = capsys.readouterr().out
    assert sum(line.startswith("  + u") for line in whole.splitlines()) == 60


def test_places_are_linked_in_the_commit_that_has_them(repository: Repository, diff: Call) -> None:
    first = repository.commit(config__acme__a=ANN)
    (repository.root / "config" / "acme" / "a.yaml").unlink()
    second = repository.commit(config__acme__b=BOB)
    url = "https://github.com/widget/people"
    code, out, err = diff("HEAD~1", "HEAD", "config/acme", "--format", "markdown", "--repository-url", url)
    assert (code, err) == (0, "")
    assert f"({url}/blob/{first}/config/acme/a.yaml#L1)" in out
    assert f"({url}/blob/{second}/config/acme/b.yaml#L1)" in out
    code, out, err = diff("HEAD~1", "HEAD", "config/acme", "--format", "html")
    assert (code, err) == (0, "")
    assert out.startswith("<!doctype html>")
