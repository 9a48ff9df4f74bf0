"""Formats for pipelines on the command line: on stdout whatever was found, with places that a pipeline finds."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli import run_command
from reconciler.cli.machine_formats import seen_from_root

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "manifests"
ODD = 'kind: Mapping\nresource: User\nattributes: {title: {expression: "Join(\\"-\\" [title], [title])"}}\n'
BROKEN = "kind: User\nuserName: ann@widget.example\ntitel: Lead\n"


@pytest.fixture(name="cli")
def _cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run in a repository whose manifests are in `access/manifests`."""
    (tmp_path / ".git").mkdir()
    copytree(EXAMPLE, tmp_path / "access" / "manifests")
    monkeypatch.chdir(tmp_path / "access")

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize("given", ["manifests", "./manifests/", "../access/manifests", "{here}/access/manifests"])
def test_problems_are_on_stdout_with_the_place_in_the_repository(
    given: str, cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "access" / "manifests" / "ann.yaml").write_text(BROKEN, encoding="utf-8")
    folder = given.format(here=tmp_path)
    code, out, err = cli("validate", folder, "--format", "github")
    assert code == 1
    assert out.startswith(
        "::error file=access/manifests/ann.yaml,line=3,col=1,title=reconciler validate%3A manifest-problem::"
    )
    assert err.splitlines()[0].startswith("ann.yaml:3:1: ")
    code, out, _ = cli("validate", folder, "--format", "sarif")
    [result] = json.loads(out)["runs"][0]["results"]
    assert code == 1
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "access/manifests/ann.yaml"
    code, out, _ = cli("validate", folder, "--format", "junit")
    assert (code, ET.fromstring(out).attrib["failures"]) == (1, "1")


def test_warnings_are_told_beside_problems_and_alone(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    folder = tmp_path / "access" / "manifests"
    (folder / "odd.yaml").write_text(ODD, encoding="utf-8")
    code, out, _ = cli("validate", "manifests", "--format", "github")
    assert (code, [line.split(",title")[0] for line in out.splitlines()]) == (
        0,
        ["::warning file=access/manifests/odd.yaml,line=3,col=46"],
    )
    (folder / "ann.yaml").write_text(BROKEN, encoding="utf-8")
    code, out, _ = cli("validate", "manifests", "--format", "github")
    assert (code, [line.split(",title")[0] for line in out.splitlines()]) == (
        1,
        [
            "::error file=access/manifests/ann.yaml,line=3,col=1",
            "::warning file=access/manifests/odd.yaml,line=3,col=46",
        ],
    )


def test_valid_manifests_are_an_empty_report(cli: Callable[..., tuple[int, str, str]]) -> None:
    assert cli("validate", "manifests", "--format", "github")[:2] == (0, "\n")
    code, out, _ = cli("validate", "manifests", "--format", "sarif")
    assert (code, json.loads(out)["runs"][0]["results"]) == (0, [])
    code, out, _ = cli("validate", "manifests", "--format", "junit")
    assert (code, ET.fromstring(out).attrib["tests"]) == (0, "1")


def test_plan_and_drift_mark_the_lines_that_declare(cli: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = cli("plan", "manifests", "--format", "github", "--detailed-exitcode")
    lines = out.splitlines()
    assert code == 2
    assert [line.split("::")[1:] for line in lines if "deactivate-user" in line] == [
        [
            "warning file=access/manifests/tenant.yaml,line=3,col=1,title=reconciler plan sandbox%3A deactivate-user",
            "deactivate User peter.leaver@widget.example (declared nowhere): active true → false",
        ]
    ]
    assert [line.split("::")[1] for line in lines if "jane.doe" in line] == [
        "notice file=access/manifests/users.yaml,line=42,col=5,title=reconciler plan sandbox%3A update-user"
    ]
    code, out, _ = cli("drift", "manifests", "--format", "junit")
    suites = ET.fromstring(out)
    assert (code, suites.attrib["failures"]) == (2, "11")
    cli("apply", "manifests", "--yes")
    code, out, _ = cli("drift", "manifests", "--format", "junit")
    assert (code, ET.fromstring(out).attrib["failures"]) == (0, "0")


def test_a_refused_plan_reports_its_guard(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    for file in (tmp_path / "access" / "manifests").glob("**/*.yaml"):
        if file.name != "tenant.yaml":
            file.unlink()
    code, out, _ = cli("plan", "manifests", "--format", "sarif")
    results = json.loads(out)["runs"][0]["results"]
    assert code == 3
    assert {each["ruleId"] for each in results if each["level"] == "error"} >= {"guard-empty-manifests"}
    assert all(each["locations"] for each in results)


def test_without_a_repository_places_are_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "manifests").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert seen_from_root(Path("manifests")) == "manifests"
    assert seen_from_root(Path()) == "."
    assert seen_from_root(tmp_path / "elsewhere") == (tmp_path / "elsewhere").as_posix()
