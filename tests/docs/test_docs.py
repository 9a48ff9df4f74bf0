"""The documents are true: examples are read, tables equal the code, every command and option is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from apprise import Apprise
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from reconciler.cli import COMMANDS, load_command, root, run_command
from reconciler.core.model import ResourceType
from reconciler.manifests.json_schema import manifest_json_schema
from reconciler.manifests.profiles import profile
from reconciler.manifests.read import open_manifests
from reconciler.report.plan_json import plan_schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANIFESTS = (ROOT / "docs" / "manifests.md").read_text(encoding="utf-8")
DRIFT = (ROOT / "docs" / "drift.md").read_text(encoding="utf-8")
NOTIFICATIONS = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
MAPPING = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
PAGES = (
    ("README", README),
    ("manifests", MANIFESTS),
    ("mapping", MAPPING),
    ("notifications", NOTIFICATIONS),
    ("drift", DRIFT),
)
EXAMPLES = [
    pytest.param(text, id=f"{name}:{number}")
    for name, page in PAGES
    for number, text in enumerate(re.findall(r"^ *```yaml\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL), 1)
]

DATA = re.findall(r"^```(?:csv|json|jsonl) (\S+)\n(.*?)^```", MANIFESTS, re.MULTILINE | re.DOTALL)
"""Data files that are shown, by their paths."""


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_are_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(text, encoding="utf-8")
    for path, data in DATA:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(data, encoding="utf-8")
    opened = open_manifests(tmp_path)
    opened.read()
    opened.run_tests()
    for document in YAML(typ="safe", pure=True).load_all(
        re.sub(r"(issued|until): \S+?(,|}|\n)", r"\1: '2026-11-01'\2", text)
    ):
        assert [error.message for error in Draft202012Validator(manifest_json_schema()).iter_errors(document)] == []


def test_the_example_manifests_fit_the_json_schema() -> None:
    validator = Draft202012Validator(manifest_json_schema())
    documents: list[Any] = []
    for path in sorted((ROOT / "manifests").rglob("*.yaml")):
        documents += YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8"))
    assert [error.message for each in documents for error in validator.iter_errors(each)] == []


@pytest.mark.parametrize(
    "document", [{"kind": "User", "userName": "a", "titel": "x"}, {"kind": "Usr"}, {"kind": "Users"}]
)
def test_the_json_schema_refuses_what_is_wrong(document: dict[str, Any]) -> None:
    assert not Draft202012Validator(manifest_json_schema()).is_valid(document)


def test_the_table_of_the_default_profile_is_the_profile() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+)` \|$", MANIFESTS.split("## The profile `default`")[1], re.MULTILINE)
    rules = [rule for resource in ResourceType for rule in profile("default", resource).rules]
    assert rows == [(rule.source, rule.target) for rule in rules]


def test_the_published_plan_schema_is_the_one_in_force() -> None:
    assert json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8")) == plan_schema()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}"))
    options = [each.opts[0] for each in load_command(name).params if isinstance(each, click.Option)]
    assert [option for option in options if f"`{option}`" not in row] == []
    assert "Example" in str(load_command(name).epilog)


def test_every_global_option_is_in_the_readme() -> None:
    options = [max(each.opts, key=len) for each in root.params if isinstance(each, click.Option)]
    told = {"--verbose": "-v", "--quiet": "-q", "--version": "--help"}
    assert [option for option in options if told.get(option, option) not in README] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: reconciler {name}")


def test_the_gate_runs_the_readmes_test_command() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_locks_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert not re.search(r"https?://|index-url", (ROOT / name).read_text(encoding="utf-8"))


def test_nothing_outside_the_sandbox_can_delete() -> None:
    paths = [path for path in (ROOT / "reconciler").rglob("*.py") if "sandbox" not in path.parts]
    assert [path for path in paths if re.search(r"[\"']DELETE[\"']|\.delete\(", path.read_text(encoding="utf-8"))] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries that it looks for
@pytest.mark.parametrize(
    "address",
    re.findall(r"^\| [^|]+ \| `(\w+://[^`]+)`", NOTIFICATIONS, re.MULTILINE),
    ids=lambda each: each.split(":")[0],
)
def test_addresses_that_are_shown_are_understood(address: str) -> None:
    assert Apprise().add(address)
