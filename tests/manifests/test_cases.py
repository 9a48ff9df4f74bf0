"""Manifest sets by case files: files in, every problem with its place out. A new case is a YAML file, no Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from reconciler.errors import ManifestError
from reconciler.manifests.read import read_manifests

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def _load(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def problems(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    try:
        read_manifests(folder)
    except ManifestError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{path.stem}: {case['case']}") for path in CASES for case in _load(path)]
)
def test_problems(case: dict[str, Any], tmp_path: Path) -> None:
    assert problems(tmp_path, case["files"]) == case["expect"]
