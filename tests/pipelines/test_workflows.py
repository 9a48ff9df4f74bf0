"""Workflows and templates: valid by their schemas, least permissions, pinned actions, and nothing that zizmor finds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLERS = sorted((ROOT / "docs" / "pipelines" / "github").glob("*.yml"))
ACTION = ROOT / ".github" / "actions" / "reconciler" / "action.yml"
SCHEMAS = [
    *(pytest.param(path, "github-workflows", id=path.name) for path in (*WORKFLOWS, *CALLERS)),
    pytest.param(ACTION, "github-actions", id="action.yml"),
    pytest.param(ROOT / "docs" / "pipelines" / "gitlab-ci.yml", "gitlab-ci", id="gitlab-ci.yml"),
    pytest.param(ROOT / "docs" / "pipelines" / "azure-pipelines.yml", "azure-pipelines", id="azure-pipelines.yml"),
]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize(("path", "schema"), SCHEMAS)
def test_valid_by_the_schema(path: Path, schema: str) -> None:
    arguments = ("--builtin-schema", f"vendor.{schema}", "--regex-variant", "nonunicode", str(path))
    checked = subprocess.run([sys.executable, "-m", "check_jsonschema", *arguments], capture_output=True, check=False)
    assert (checked.returncode, checked.stdout.strip()) == (0, b"ok -- validation done")


def test_a_security_linter_finds_nothing(tmp_path: Path) -> None:
    for path in (*WORKFLOWS, *CALLERS):
        text = path.read_text(encoding="utf-8").replace("@COMMIT", f"@{COMMIT}")
        target = tmp_path / ".github" / "workflows" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    action = tmp_path / ".github" / "actions" / "reconciler" / "action.yml"
    action.parent.mkdir(parents=True)
    action.write_bytes(ACTION.read_bytes())
    zizmor = Path(sys.executable).with_name("zizmor")
    found = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--quiet", tmp_path], capture_output=True, check=False
    )
    assert found.returncode == 0, found.stdout.decode()


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(path: Path) -> None:
    uses = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert [
        each for each in uses if not each.startswith("./") and not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each)
    ] == []


@pytest.mark.parametrize("path", [*WORKFLOWS, *CALLERS], ids=lambda path: path.name)
def test_permissions_are_the_least(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    allowed = {"actions": "read", "contents": "read", "pull-requests": "write", "issues": "write"}
    for job in workflow["jobs"].values():
        assert job.get("permissions", {}).items() <= allowed.items()


def test_what_runs_with_a_pull_requests_files_has_no_secret() -> None:
    text = (ROOT / ".github" / "workflows" / "review.yml").read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "write" not in re.sub(r"(?m)^#.*$", "", text)
    assert "secrets" not in load(ROOT / "docs" / "pipelines" / "github" / "access-review.yml")["jobs"]["review"]


def test_what_has_a_token_runs_none_of_a_pull_requests_files() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "comment.yml")["jobs"]
    for name, job in jobs.items():
        for step in job["steps"]:
            commands = step.get("run", "")
            assert "proposal" not in commands, name
            assert not step.get("uses", "").startswith("./proposal"), name
    (planning,) = [step for step in jobs["plan"]["steps"] if step.get("name") == "Plan"]
    assert "RECONCILER_PINNED_ENDPOINT" in planning["env"]
    assert "FOURME_TOKEN" not in str(jobs["comment"])


@pytest.mark.parametrize("name", ["comment.yml", "drift.yml", "review.yml"])
def test_what_anybody_may_read_is_for_the_audience_that_is_named(name: str) -> None:
    workflow = load(ROOT / ".github" / "workflows" / name)
    assert workflow["on"]["workflow_call"]["inputs"]["audience"]["default"] == "internal"
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "MANIFESTS" in step.get("env", {})]
    assert [step["env"]["RECONCILER_AUDIENCE"] for step in steps] == ["${{ inputs.audience }}"]
    uploads = [each for job in workflow["jobs"].values() for each in job["steps"] if "upload-artifact" in str(each)]
    assert all("plan.json" not in str(each) for each in uploads)


@pytest.mark.parametrize("name", ["comment.yml", "apply.yml", "drift.yml"])
def test_no_state_is_taken_from_the_repository(name: str) -> None:
    jobs = load(ROOT / ".github" / "workflows" / name)["jobs"]
    with_token = [step for job in jobs.values() for step in job["steps"] if "FOURME_TOKEN" in step.get("env", {})]
    assert with_token
    for step in with_token:
        assert step["env"]["RECONCILER_STATE_DIR"] == "${{ runner.temp }}/state"


def test_no_state_is_taken_from_the_repository_elsewhere() -> None:
    azure = load(ROOT / "docs" / "pipelines" / "azure-pipelines.yml")
    assert azure["variables"]["RECONCILER_STATE_DIR"] == "$(Agent.TempDirectory)/state"
    gitlab = load(ROOT / "docs" / "pipelines" / "gitlab-ci.yml")
    assert gitlab["default"]["before_script"][0] == "rm -rf .reconciler"
    assert not any(
        "before_script" in job for job in gitlab.values() if isinstance(job, dict) and job is not gitlab["default"]
    )


def test_a_proposal_is_planned_as_it_would_be_merged(tmp_path: Path) -> None:
    steps = load(ROOT / ".github" / "workflows" / "comment.yml")["jobs"]["plan"]["steps"]
    (planning,) = [step for step in steps if step.get("name") == "Plan"]
    head = "${{ github.event.workflow_run.head_sha }}"
    assert planning["env"]["RECONCILER_PLAN_REVISION"] == planning["env"]["RECONCILER_SHOW_REVISION"] == head
    (merging,) = [step for step in steps if "merge" in step.get("run", "")]
    assert steps.index(merging) < steps.index(planning)
    assert merging["working-directory"] == "proposal"
    base, clone = tmp_path / "base", tmp_path / "clone"

    def git(folder: Path, *words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@x.example", *words], cwd=folder, check=True)

    base.mkdir()
    git(base, "init", "-q", "-b", "main")
    git(base, "commit", "-q", "--allow-empty", "-m", "one")
    git(base, "branch", "proposal")
    for branch in ("main", "proposal"):
        git(base, "checkout", "-q", branch)
        (base / branch).write_text("", encoding="utf-8")
        git(base, "add", "-A")
        git(base, "commit", "-q", "-m", branch)
    git(tmp_path, "clone", "-q", "-b", "proposal", str(base), str(clone))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "BASE": "main"}
    subprocess.run(["bash", "-ec", merging["run"]], cwd=clone, env=environment, check=True)
    assert {each.name for each in clone.iterdir()} == {".git", "main", "proposal"}


def test_a_proposal_that_could_not_be_planned_is_told() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "comment.yml")["jobs"]
    (step,) = [each for each in jobs["comment"]["steps"] if each.get("if") == "needs.plan.result == 'failure'"]
    assert "plan/comment.md" in step["run"]


def test_azure_takes_a_token_on_the_main_branch_only() -> None:
    stages = load(ROOT / "docs" / "pipelines" / "azure-pipelines.yml")["stages"]
    for stage in stages:
        if "variables" in stage:
            assert "refs/heads/main" in stage["condition"], stage["stage"]
            assert stage["condition"].startswith("and("), stage["stage"]
