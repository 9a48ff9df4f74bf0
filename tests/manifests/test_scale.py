"""Loading grows as the manifests do, in calls and in memory, and stays small. Seconds depend on the machine."""

from __future__ import annotations

import gc
import tracemalloc
from cProfile import Profile
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.read import read_manifests

if TYPE_CHECKING:
    from pathlib import Path

USER = """\
  - userName: user.{0}@widget.example
    externalId: E{0:06}
    displayName: Jane {0} Doe
    givenName: Jane
    familyName: Doe
    title: Service Desk Analyst! (R&D)
    department: Service Desk
    organization: Widget Data Center
    employeeNumber: {0:06}
    timezone: Europe/Amsterdam
    email: user.{0}@widget.example
    workPhone: +31612{0:06}
    manager: user.{1}@widget.example
    roles: [specialist, service_manager]
"""


def manifests(folder: Path, users: int) -> Path:
    folder.mkdir()
    records = "".join(USER.format(number, number // 10) for number in range(1, users))
    text = f"kind: Users\nusers:\n  - userName: user.0@widget.example\n{records}"
    (folder / "users.yaml").write_text(text, encoding="utf-8")
    return folder


def calls(folder: Path) -> int:
    profile = Profile()
    profile.runcall(read_manifests, folder)
    return sum(entry.callcount for entry in profile.getstats())


def memory(folder: Path) -> tuple[int, int]:
    """Give the bytes that desired state takes, and the peak while it is loaded."""
    gc.collect()
    tracemalloc.start()
    try:
        desired = read_manifests(folder).desired
        assert desired.users
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


@pytest.fixture(name="folders", scope="module")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("scale")
    read_manifests(manifests(base / "first", 10))  # what is loaded once only
    return manifests(base / "small", 1000), manifests(base / "large", 8000)


def test_calls(folders: tuple[Path, Path]) -> None:
    small, large = (calls(folder) for folder in folders)
    assert large <= 8 * small
    assert large / 8000 <= 110


def test_memory(folders: tuple[Path, Path]) -> None:
    (small, small_peak), (large, large_peak) = (memory(folder) for folder in folders)
    assert (large <= 8.4 * small, large_peak <= 8.4 * small_peak) == (True, True)
    assert large / 8000 <= 1300
    assert large_peak / 8000 <= 2500
