"""Reports of the command line lead to the manifests' lines: as options say, or the pipeline's environment."""

from __future__ import annotations

import re
from pathlib import Path
from shutil import copytree

import pytest

from reconciler.cli import run_command
from reconciler.settings import repository

EXAMPLE = Path(__file__).parents[2] / "manifests"
GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "widget/access",
    "GITHUB_SHA": "abc",
    "GITHUB_RUN_ID": "7",
}
GITLAB = {"CI_PROJECT_URL": "https://git.widget.example/it/access", "CI_COMMIT_SHA": "def", "CI_JOB_URL": "https://j/1"}
AZURE = {"BUILD_REPOSITORY_URI": "https://widget@dev.azure.com/widget/it/_git/access", "BUILD_SOURCEVERSION": "fed"}


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*GITHUB, *GITLAB, *AZURE):
        monkeypatch.delenv(name, raising=False)


def report(folder: Path, capsys: pytest.CaptureFixture[str], *options: str, command: str = "plan") -> str:
    (folder / ".git").mkdir(exist_ok=True)
    copytree(EXAMPLE, folder / "conf" / "access", dirs_exist_ok=True)
    state = ["--state-dir", str(folder / "state")]
    assert run_command([*state, command, str(folder / "conf" / "access"), *options]) in (0, 2)
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["plan", "drift"])
@pytest.mark.parametrize(("output", "pattern"), [("markdown", r"\]\((\S+?)\)"), ("html", r'href="(https:[^"]+)"')])
def test_places_are_linked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, output: str, pattern: str
) -> None:
    options = ("--format", output, "--repository-url", "https://git.widget.example/it", "--revision", "v1")
    found = re.findall(pattern, report(tmp_path, capsys, *options, command=command))
    assert "https://git.widget.example/it/blob/v1/conf/access/users.yaml#L72" in found
    assert all(each.startswith("https://git.widget.example/it/blob/v1/conf/access/") for each in found)


def test_the_pipeline_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    text = report(tmp_path, capsys, "--format", "markdown", "--repository-path", "elsewhere")
    assert "(https://github.com/widget/access/blob/abc/elsewhere/users.yaml#L72)" in text
    assert "[the whole report](https://github.com/widget/access/actions/runs/7)" in text.casefold()


@pytest.mark.parametrize("url", ["http://git.example/x", "javascript:alert(1)", "https://a b", ""])
def test_what_is_no_https_url_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    code = run_command(["plan", str(tmp_path / "none"), "--format", "html", "--repository-url", url])
    captured = capsys.readouterr()
    assert (code, captured.out) == (64, "")
    assert "--repository-url is no https URL that can be linked to" in captured.err


@pytest.mark.parametrize(
    ("environment", "url", "revision"),
    [
        ({}, "", ""),
        (GITHUB, "https://github.com/widget/access", "abc"),
        (GITLAB, "https://git.widget.example/it/access/-/blob/{revision}/{path}#L{line}", "def"),
        (AZURE, "https://dev.azure.com/widget/it/_git/access", "fed"),
    ],
    ids=["none", "github", "gitlab", "azure"],
)
def test_environments(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, revision: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert repository() == (url, revision)
    assert repository("https://mine", "r") == ("https://mine", "r")
