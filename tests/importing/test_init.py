"""`reconciler init`: what it writes works at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from reconciler.cli import run_command
from reconciler.cli.init import PIPELINES, QUESTIONS
from reconciler.manifests.json_schema import manifest_json_schema
from reconciler.manifests.read import read_manifests

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "reconciler" / "templates" / "init"
SHARED = [
    "README.md", "CODEOWNERS", "manifests/tenant.yaml", "manifests/users.yaml", "manifests/groups.yaml", ".gitignore",
    ".vscode/settings.json", ".vscode/extensions.json", ".reconciler-schema.json",
]  # fmt: skip
WORKFLOWS = [f".github/workflows/access-{each}.yml" for each in ("apply", "comment", "drift", "review")]
WRITTEN = {
    "github": [*SHARED, *WORKFLOWS],
    "gitlab": [*SHARED, ".gitlab-ci.yml"],
    "azure": [*SHARED, "azure-pipelines.yml"],
    "none": SHARED,
}


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command([*map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_is_written_validates_and_plans(cli: Cli, tmp_path: Path, pipeline: str) -> None:
    code, told, talk = cli("init", "access", "--ci", pipeline, "--defaults")
    assert (code, told.splitlines()) == (0, [f"access/{name}" for name in WRITTEN[pipeline]])
    assert files(tmp_path / "access") == set(WRITTEN[pipeline])
    assert talk.startswith("next: cd access, then\n1. Try it, without a token")
    assert cli("validate", "access/manifests") == (0, "Valid: 2 tenants, 0 users, 0 groups\n", "")
    assert cli("--tenant", "sandbox", "plan", "access/manifests", "--detailed-exitcode")[0] == 0
    assert [each.default for each in read_manifests(tmp_path / "access" / "manifests").tenants] == [True, False]


def test_the_examples_are_manifests_that_plan(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", "--endpoint", "sandbox:", "--tenant-name", "trial", "--ci", "none")[0] == 0
    for name in ("users", "groups"):
        path = tmp_path / "manifests" / f"{name}.yaml"
        _, _, example = path.read_text(encoding="utf-8").partition("#\n")
        path.write_text(
            "".join(line.removeprefix("# ") for line in example.splitlines(keepends=True)), encoding="utf-8"
        )
    code, out, _ = cli("plan", "--format", "json", "--detailed-exitcode")
    actions = [(each["action"], each["key"]) for each in json.loads(out)["actions"]]
    people = [("create", "jane.doe@example.com"), ("create", "omar.haddad@example.com")]
    assert (code, actions) == (2, [*people, ("create", "Help Desk")])


def test_options_are_what_is_written(cli: Cli, tmp_path: Path) -> None:
    given = (
        "--tenant-name",
        "test",
        "--account",
        "123",
        "--endpoint",
        "https://api.4me.qa/scim/v2",
        "--token-env",
        "T",
    )
    assert (
        cli("init", *given, "--ownership", "deactivate", "--ci", "azure", "--owners", "@w/it", "--no-sandbox")[0] == 0
    )
    (tenant,) = read_manifests(tmp_path / "manifests").tenants
    assert (tenant.name, tenant.account, tenant.endpoint) == ("test", "123", "https://api.4me.qa/scim/v2")
    assert (tenant.token and tenant.token.env, tenant.users.unlisted, tenant.groups.unlisted) == (
        "T",
        "deactivate",
        "report",
    )
    owners = (tmp_path / "CODEOWNERS").read_text(encoding="utf-8").splitlines()[1:]
    assert owners == ["/manifests/ @w/it", "/manifests/tenant.yaml @w/it", "/.github/ @w/it", "/CODEOWNERS @w/it"]
    pipeline = (tmp_path / "azure-pipelines.yml").read_text(encoding="utf-8")
    assert ("https://api.4me.qa/scim/v2" in pipeline, "T: $(T)" in pipeline, "FOURME_TOKEN" in pipeline) == (
        True,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--tenant-name", "a b", "`name`: expected letters, digits, dots, dashes and underscores"),
        ("--token-env", "T", "the GitHub workflows hand the token over as FOURME_TOKEN, not as T"),
        ("--endpoint", "http://x.example", "`endpoint`: plain http:// is for loopback only"),
    ],
)
def test_an_answer_that_cannot_be_used(cli: Cli, tmp_path: Path, option: str, value: str, message: str) -> None:
    code, _, error = cli("init", "access", option, value)
    assert (code, error.startswith(f"error: {message}")) == (64, True)
    assert files(tmp_path) == set()
    assert not (tmp_path / "access").exists()


def test_nothing_is_overwritten_unless_asked(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "other").write_text("mine", encoding="utf-8")
    code, _, error = cli("init")
    assert (code, error) == (
        1,
        "error: . has these already: README.md\nhint: --force overwrites them; other files stay\n",
    )
    assert files(tmp_path) == {"README.md", "other"}
    assert cli("init", "--force")[0] == 0
    assert files(tmp_path) == {*WRITTEN["github"], "other"}
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# Access to 4me as code")


def test_a_terminal_is_asked_for_what_no_option_says(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def prompt(question: str, default: str, **_: Any) -> str:
        asked.append(question)
        return {"tenant_name": "asked", "ci": "none"}.get(
            next(k for k, v in QUESTIONS.items() if v[0] == question), default
        )

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert cli("init", "--account", "widget", "--no-sandbox")[0] == 0
    assert asked == [question for name, (question, _, _) in QUESTIONS.items() if name != "account"]
    assert [(each.name, each.account) for each in read_manifests(tmp_path / "manifests").tenants] == [
        ("asked", "widget")
    ]
    asked.clear()
    assert cli("init", "trial", "--endpoint", "sandbox:")[0] == 0
    assert asked == [QUESTIONS[name][0] for name in ("tenant_name", "ci", "owners")]


def test_editors_get_the_schema_in_force_and_the_files_fit_it(cli: Cli, tmp_path: Path) -> None:
    cli("init", "--defaults")
    schema = json.loads((tmp_path / ".reconciler-schema.json").read_text(encoding="utf-8"))
    assert schema == manifest_json_schema()
    settings = json.loads((tmp_path / ".vscode/settings.json").read_text(encoding="utf-8"))
    assert list(settings["yaml.schemas"]) == ["./.reconciler-schema.json"]
    for document in YAML(typ="safe", pure=True).load_all(
        (tmp_path / "manifests/tenant.yaml").read_text(encoding="utf-8")
    ):
        assert list(Draft202012Validator(schema).iter_errors(document)) == []


@pytest.mark.parametrize(
    ("template", "page"),
    [(f"github/access-{each}.yml", f"github/access-{each}.yml") for each in ("apply", "comment", "drift", "review")]
    + [("gitlab/gitlab-ci.yml", "gitlab-ci.yml"), ("azure/azure-pipelines.yml", "azure-pipelines.yml")],
)
def test_pipelines_are_those_of_the_documents(template: str, page: str) -> None:
    assert (TEMPLATES / template).read_bytes() == (ROOT / "docs" / "pipelines" / page).read_bytes()
