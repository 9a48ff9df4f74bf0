"""Files that are not to be trusted: encodings, sizes, links."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import ManifestError, OperatorError
from reconciler.manifests.limits import MAX_BYTES
from reconciler.manifests.read import read_manifests

if TYPE_CHECKING:
    from pathlib import Path


def problems(folder: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_manifests(folder)
    return [str(problem) for problem in caught.value.problems]


def test_not_utf8_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: User\nuserName: \xe9\n")
    assert problems(tmp_path) == ["a.yaml:2:11: not UTF-8: byte 0xe9; save the file as UTF-8"]


def test_nul(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: User\nuserName: \0\n")
    assert problems(tmp_path) == ["a.yaml:2:11: a NUL character: this is not a text file"]


def test_too_large(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    size = MAX_BYTES
    assert problems(tmp_path) == [
        f"a.yaml:1:1: {size + 1} bytes are more than the {size} that a manifest may have: split it"
    ]


def test_links_that_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("kind: User\n", encoding="utf-8")
    folder = tmp_path / "manifests"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "sub" / "loop").symlink_to(folder)
    assert problems(folder) == ["a.yaml:1:1: a symbolic link that leaves the manifests folder"]


def test_a_linked_folder_that_leaves_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_text("kind: x\n", encoding="utf-8")
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "sub").symlink_to(tmp_path / "outside")
    assert problems(folder) == ["sub:1:1: a symbolic link that leaves the manifests folder"]


def test_links_among_folders_are_entered_once(tmp_path: Path) -> None:
    for one in range(8):
        (tmp_path / str(one)).mkdir()
        for other in range(8):
            (tmp_path / str(one) / f"to-{other}").symlink_to(tmp_path / str(other))
    (tmp_path / "0" / "a.yaml").write_text("kind: User\nuserName: ann\n", encoding="utf-8")
    assert [str(each.source) for each in read_manifests(tmp_path).desired.users] == ["0/a.yaml:1"]


def test_links_in_circles_and_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "nothing")
    assert problems(tmp_path) == [
        "a.yaml:1:1: cannot be read: Too many levels of symbolic links",
        "b.yaml:1:1: cannot be read: No such file or directory",
    ]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert problems(tmp_path) == ["a.yaml:1:1: not a regular file"]


def test_a_byte_order_mark_and_control_characters(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b'\xef\xbb\xbfkind: User\nuserName: "a\x01"\n')
    assert problems(tmp_path) == [
        "a.yaml:2:13: character U+0001 is not allowed: write it as an escape in double quotes"
    ]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no manifests folder"):
        read_manifests(tmp_path / "none")


def test_ten_thousand_records_load(tmp_path: Path) -> None:
    users = "".join(
        f"  - {{userName: u{number}@x, externalId: '{number:05}', manager: u0@x}}\n" for number in range(1, 10_000)
    )
    (tmp_path / "a.yaml").write_text(f"kind: Users\nusers:\n  - userName: u0@x\n{users}", encoding="utf-8")
    assert len(read_manifests(tmp_path).desired.users) == 10_000
