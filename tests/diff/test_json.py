"""The JSON of a diff: the documented example is what comes out, and it says all that the text says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from reconciler.core.access import Side
from reconciler.core.access_diff import Declared, compare_access
from reconciler.manifests.read import read_manifests
from reconciler.report.diff_json import render_diff_json

PAGE = (Path(__file__).parents[2] / "docs" / "diff.md").read_text(encoding="utf-8")
COMMIT = "eee3c4ed7bed7f3a0a995a6eff5df9e8b040ba93"
BASE = """\
kind: Users
users:
  - {userName: ann@widget.example, title: Analyst, groups: [Ops]}
---
kind: Groups
groups:
  - {displayName: Building, members: []}
  - {displayName: Ops}
"""
HEAD = BASE.replace("Analyst", "Lead").replace("members: []", "members: [{group: Ops}]")


def _declared(folder: Path, text: str, side: Side) -> Declared:
    folder.mkdir()
    (folder / "all.yaml").write_text(text, encoding="utf-8")
    return Declared(side, read_manifests(folder, datetime(2026, 11, 25, tzinfo=UTC)).desired)


def test_the_documented_example(tmp_path: Path) -> None:
    base = _declared(tmp_path / "base", BASE, Side("main", COMMIT))
    head = _declared(tmp_path / "head", HEAD, Side("working tree", None))
    text = render_diff_json(compare_access(base, head))
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert json.dumps(json.loads(text)) == json.dumps(json.loads(example))
    assert render_diff_json(compare_access(base, head)) == text


def test_every_key_is_documented(tmp_path: Path) -> None:
    base = _declared(tmp_path / "base", BASE, Side("main", COMMIT))
    head = _declared(tmp_path / "head", HEAD, Side("working tree", None))
    keys = set(re.findall(r'"(\w+)":', render_diff_json(compare_access(base, head))))
    assert [key for key in sorted(keys) if f'"{key}"' not in PAGE] == []


def test_a_person_who_leaves_and_one_who_moves(tmp_path: Path) -> None:
    base = BASE.replace("groups: [Ops]", "groups: [Ops, Building]")
    head = HEAD + "---\n{kind: User, userName: old, active: false, manager: ann@widget.example}\n"
    found = json.loads(
        render_diff_json(
            compare_access(
                _declared(tmp_path / "base", base, Side("a", None)), _declared(tmp_path / "head", head, Side("b", None))
            )
        )
    )
    ann, old = found["people"]
    assert ann["memberships"] == [
        {"group": "Building", "change": "move", "before": [], "after": ["Ops"], "sure": True},
    ]
    assert (old["transition"], old["reason"]) == ("inactive", "declared inactive (active: false)")
    assert [change["after"] for change in old["changes"]] == ["ann@widget.example"]
