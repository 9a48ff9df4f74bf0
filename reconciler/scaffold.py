"""The use case `init`: a repository of manifests, ready to validate and plan in.

Pipelines are those of docs/pipelines, with the endpoint filled in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Literal

from reconciler.errors import ManifestError, OperatorError, UsageError
from reconciler.folder import find_existing, list_files, place, stage
from reconciler.manifests.json_schema import manifest_json_schema
from reconciler.manifests.read import read_manifests
from reconciler.manifests.writing import render_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.model import Unlisted

Pipeline = Literal["github", "gitlab", "azure", "none"]
DEFAULT_ENDPOINT, DEFAULT_TOKEN_VARIABLE = "https://api.4me.com/scim/v2", "FOURME_TOKEN"
SANDBOX = "sandbox:"
TRY_FIRST = "Try it, without a token: `reconciler --tenant sandbox plan`"
_PIPELINES: dict[str, tuple[tuple[str, str], ...]] = {
    "github": tuple(
        (f"github/access-{each}.yml", f".github/workflows/access-{each}.yml")
        for each in ("apply", "comment", "drift", "review")
    ),
    "gitlab": (("gitlab/gitlab-ci.yml", ".gitlab-ci.yml"),),
    "azure": (("azure/azure-pipelines.yml", "azure-pipelines.yml"),),
    "none": (),
}
"""Templates, and where they go."""
_FILES = {
    "manifests/users.yaml": "users.yaml",
    "manifests/groups.yaml": "groups.yaml",
    ".gitignore": "gitignore",
    ".vscode/settings.json": "vscode-settings.json",
    ".vscode/extensions.json": "vscode-extensions.json",
}
"""Files that are the same for everybody, and their templates."""
_MEANING: dict[Unlisted, str] = {"report": "only mentioned", "deactivate": "deactivated"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the repository is for. `account` and `owners` may be empty; `token` is the name of an environment variable.

    `sandbox`: also a tenant to try things out on.
    """

    name: str = "production"
    endpoint: str = DEFAULT_ENDPOINT
    account: str = ""
    token: str = DEFAULT_TOKEN_VARIABLE
    unlisted: Unlisted = "report"
    pipeline: Pipeline = "github"
    owners: str = ""
    sandbox: bool = True

    @property
    def is_trial(self) -> bool:
        """Whether the only tenant is a sandbox."""
        return self.endpoint.startswith(SANDBOX)


def start_repository(folder: Path, answers: Answers, *, force: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the repository's files, all or none; which those are, and what to do next.

    Raises UsageError where an answer cannot be used, OperatorError where files exist that `force` does not let go.
    """
    if answers.pipeline == "github" and answers.token != DEFAULT_TOKEN_VARIABLE:
        message = f"the GitHub workflows hand the token over as {DEFAULT_TOKEN_VARIABLE}, not as {answers.token}"
        raise UsageError(message)
    written = dict(_render(answers))
    existing = find_existing(folder, written)
    if existing and not force:
        raise OperatorError(
            f"{folder} has these already: {list_files(existing)}", hint="--force overwrites them; other files stay"
        )
    with stage(written, folder) as staged:
        try:
            read_manifests(staged / "manifests")
        except ManifestError as error:
            raise UsageError("; ".join(each.message for each in error.problems)) from None
        place(staged, folder)
    return tuple(written), _steps(answers)


def _render(answers: Answers) -> Iterator[tuple[str, str]]:
    yield "README.md", _fill("README.md", name=answers.name, steps=_numbered(answers))
    yield "CODEOWNERS", _fill("CODEOWNERS", owners=_owners(answers.owners))
    yield "manifests/tenant.yaml", _tenants(answers)
    for path, template in _FILES.items():
        yield path, _read(template)
    yield ".reconciler-schema.json", json.dumps(manifest_json_schema(), indent=2, ensure_ascii=False) + "\n"
    for template, path in _PIPELINES[answers.pipeline]:
        text = _read(template)
        if not answers.is_trial:
            text = text.replace(DEFAULT_ENDPOINT, answers.endpoint)
        yield path, text if answers.pipeline == "github" else text.replace(DEFAULT_TOKEN_VARIABLE, answers.token)


def _tenants(answers: Answers) -> str:
    if answers.is_trial:
        return (
            _read("sandbox.yaml").removeprefix("---\n").replace("name: sandbox", f"name: {render_scalar(answers.name)}")
        )
    text = _fill(
        "tenant.yaml",
        name=render_scalar(answers.name),
        endpoint=render_scalar(answers.endpoint),
        account=f"account: {render_scalar(answers.account)}\n" if answers.account else "",
        token=render_scalar(answers.token),
        unlisted=answers.unlisted,
        unlisted_means=_MEANING[answers.unlisted],
    )
    return text + _read("sandbox.yaml") if answers.sandbox else text


def _owners(owners: str) -> str:
    prefix = "" if owners else "# "
    owners = owners or "@ORGANISATION/access-owners"
    paths = ("/manifests/", "/manifests/tenant.yaml", "/.github/", "/CODEOWNERS")
    return "\n".join(f"{prefix}{path} {owners}" for path in paths)


def _steps(answers: Answers) -> tuple[str, ...]:
    pipeline = _fill(f"{answers.pipeline}/step.md", token=answers.token).strip()
    template = "trial-steps.md" if answers.is_trial else "steps.md"
    steps = Template(_read(template)).safe_substitute(token=answers.token, pipeline=pipeline).splitlines()
    return (TRY_FIRST, *steps) if answers.sandbox and not answers.is_trial else tuple(steps)


def _numbered(answers: Answers) -> str:
    return "".join(f"{number}. {step}\n" for number, step in enumerate(_steps(answers), 1))


def _fill(template: str, **values: str) -> str:
    return Template(_read(template)).substitute(values)


def _read(template: str) -> str:
    return files("reconciler").joinpath("templates", "init", template).read_text(encoding="utf-8")
