"""Pairs of manifest sets, and what `diff` says about them. A new case is a document in a YAML file, no Python."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from reconciler.core.access import AccessDiff, Side
from reconciler.core.access_diff import Declared, compare_access
from reconciler.manifests.read import read_manifests
from reconciler.report.diff_text import render_diff

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CASES = [
    pytest.param(case, id=f"{path.stem}:{case['name']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8"))
]


def _declared(name: str, files: str | dict[str, str], folder: Path) -> Declared:
    folder.mkdir()
    for file, text in ({"all.yaml": files} if isinstance(files, str) else files).items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    found = read_manifests(folder, NOW)
    return Declared(Side(name, None), found.desired, found.tenants, found.user_mapping.match, found.group_mapping.match)


def _diff(case: dict[str, Any], folder: Path) -> AccessDiff:
    return compare_access(
        _declared("old", case["base"], folder / "old"), _declared("new", case["head"], folder / "new")
    )


@pytest.mark.parametrize("case", CASES)
def test_what_is_said(case: dict[str, Any], tmp_path: Path) -> None:
    lines = render_diff(_diff(case, tmp_path)).splitlines()
    assert lines[0] == "Access: old → new"
    assert "\n".join(lines[2:]) == case["says"].rstrip("\n")
    assert [line for line in lines if len(line) > 80] == []
