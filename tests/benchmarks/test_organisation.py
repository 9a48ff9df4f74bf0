from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.floor import flatten_user, read_manifests
from benchmarks.manifests import SHAPES, UNREACHABLE, Shape, write_manifests
from benchmarks.organisation import Organisation, user_json, user_lines

if TYPE_CHECKING:
    from pathlib import Path

COMPANY = Organisation(250, groups=3, members=20, changed_every=50)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_numbers_give_the_same_bytes(tmp_path: Path, shape: Shape) -> None:
    for name in ("one", "other"):
        write_manifests(tmp_path / name, COMPANY, shape)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.mark.parametrize(("shape", "files"), [("one", 3), ("hundreds", 5), ("each", 252)])
def test_each_shape_declares_everybody(tmp_path: Path, shape: Shape, files: int) -> None:
    write_manifests(tmp_path, COMPANY, shape)
    endpoint, users, groups = read_manifests(tmp_path)
    members = [len(group.get("members", ())) for group in groups]
    assert (len(contents(tmp_path)), endpoint, len(users), members) == (files, UNREACHABLE, 250, [20, 20, 20])


def test_users_weigh_what_was_measured_elsewhere() -> None:
    lines = user_lines(54_321)
    assert (lines.count("\n"), 340 <= len(lines) <= 400) == (14, True)
    assert 900 <= len(user_json(54_321, changed=False)) <= 1050


def test_only_changed_users_differ(tmp_path: Path) -> None:
    write_manifests(tmp_path, COMPANY, "one")
    _, users, _ = read_manifests(tmp_path)
    live: list[dict[str, Any]] = [
        flatten_user(json.loads(user_json(number, changed=COMPANY.is_changed(number)))) for number in range(1, 251)
    ]
    differing = [number for number, (want, have) in enumerate(zip(users, live, strict=True), 1) if want != have]
    assert differing == [50, 100, 150, 200, 250]
    assert len(differing) == COMPANY.changed_users


def test_one_percent_of_a_large_group_differs() -> None:
    company = Organisation(1010, groups=1, large_group=1000)
    declared, live = set(company.declared_members(2)), set(company.live_members(2))
    assert (len(declared), len(live), len(declared - live), len(live - declared)) == (1000, 1000, 10, 10)
