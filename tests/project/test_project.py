"""The project's own files agree with each other: what is pinned, what is promised, what the gate runs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-lowest.lock")
SANDBOX = ROOT / "reconciler" / "sandbox"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def packages(lock: str) -> dict[str, str]:
    """Give the pinned packages of a lock file: normalised name → version."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text(lock), re.MULTILINE))


def names(requirements: list[str]) -> list[str]:
    """Give the normalised package names of requirements such as `ruamel.yaml>=0.18`."""
    return [re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", each)[0]).lower() for each in requirements]


def project() -> dict[str, list[str]]:
    """Give the declared requirements by the lock file that pins them."""
    declared = tomllib.loads(text("pyproject.toml"))
    runtime = declared["project"]["dependencies"]
    development = declared["project"]["optional-dependencies"]["dev"]
    everything = runtime + development + declared["build-system"]["requires"]
    return {LOCKS[0]: runtime, LOCKS[1]: everything, LOCKS[2]: everything}


def readme_targets() -> set[str]:
    return set(re.findall(r"^make ([a-z]+)", text("README.md"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host(lock: str) -> None:
    assert re.findall(r".*(?:://|index-url|find-links|trusted-host).*", text(lock)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_declared_is_pinned(lock: str) -> None:
    assert [name for name in names(project()[lock]) if name not in packages(lock)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    pins = re.split(r"\n(?=[a-z0-9])", text(lock).strip())
    assert [pin for pin in pins if not re.fullmatch(r"[^\n]+ \\(\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+", pin)] == []


def test_what_is_tested_is_what_is_installed() -> None:
    assert packages(LOCKS[0]).items() <= packages(LOCKS[1]).items()


def test_the_lowest_versions_are_those_that_are_declared() -> None:
    declared = project()[LOCKS[0]]
    pinned = packages(LOCKS[2])
    floors = {name: Version(each.partition(">=")[2]) for name, each in zip(names(declared), declared, strict=True)}
    assert {name: Version(pinned[name]) for name in floors} == floors


def test_the_readme_names_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert {"demo", "test"} <= readme_targets() <= targets


@pytest.mark.parametrize(("name", "start"), [(".ci/run", ""), (".github/workflows/ci.yml", " +- run: ")])
def test_the_gates_run_the_readmes_test_command_and_the_lowest_versions(name: str, start: str) -> None:
    commands = re.findall(rf"^{start}(make .+)$", text(name), re.MULTILINE)
    assert commands == ["make test", "make lowest"]
    assert commands[0].removeprefix("make ") in readme_targets()


def test_actions_are_pinned_by_commit() -> None:
    uses = re.findall(r"uses: (.+)", text(".github/workflows/ci.yml"))
    assert [each for each in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_nothing_outside_the_sandbox_can_delete() -> None:
    paths = [path for path in (ROOT / "reconciler").rglob("*.py") if not path.is_relative_to(SANDBOX)]
    deleting = re.compile(r"[\"']DELETE[\"']|\.delete\(")
    assert [path.name for path in paths if deleting.search(path.read_text(encoding="utf-8"))] == []
