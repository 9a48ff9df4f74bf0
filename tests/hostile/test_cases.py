"""Hostile inputs through the real command line, as case files: `cases/` was thought of, `findings/` was found.

A case: `files` by name below the folder `m` (a text, or a list of parts: a text, `{repeat: TEXT, times: N}`,
`{hex: BYTES}`), `links` and `pipes`, `run` (words of the command line), `code`, and `says`: the lines on stderr, whole,
but for what is cut after 160 characters. No line of any output may steer a terminal.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from reconciler.cli import run_command
from reconciler.manifests.files import read_files

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
WIDTH = 160
TENANT = "kind: Tenant\nname: t\nendpoint: 'sandbox:'\n"


def cases() -> Iterator[Any]:
    for file in sorted(HERE.glob("*/*.yaml")):
        for case in YAML(typ="safe", pure=True).load_all(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}-{case['name'].replace(' ', '-')}")


def content(parts: object) -> bytes:
    if isinstance(parts, str):
        return parts.encode()
    if isinstance(parts, list):
        return b"".join(map(content, parts))
    assert isinstance(parts, dict)
    return bytes.fromhex(parts["hex"]) if "hex" in parts else parts["repeat"].encode() * parts["times"]


def lay(folder: Path, case: dict[str, Any]) -> None:
    folder.mkdir()
    for name, parts in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content(parts))
    for name, target in case.get("links", {}).items():
        (folder / name).symlink_to(target)
    for name in case.get("pipes", ()):
        os.mkfifo(folder / name)


@pytest.mark.parametrize("case", list(cases()))
def test_hostile_input_ends_in_a_sentence(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path / "m", case)
    code = run_command(case.get("run", ["validate", "m"]))
    out, err = capsys.readouterr()
    assert [line[:WIDTH] for line in err.splitlines()] == [line[:WIDTH] for line in case.get("says", [])]
    assert code == case.get("code", 1)
    assert [each for each in out + err if not (each.isprintable() or each == "\n")] == []


MANY = 100_000


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.csv", ",".join(map(str, range(MANY))), "a.yaml:3:1: no column `userName` in x.csv"),
        ("x.csv", ",".join(map(str, [*range(MANY), *range(3)])), f"x.csv:1:1: two columns named `0`: 1 and {MANY + 1}"),
        ("x.json", json.dumps(dict.fromkeys(range(MANY), 1)), "x.json:1:1: no `value`"),
    ],
    ids=["columns", "columns-of-one-name", "keys"],
)
def test_a_hundred_thousand_names_take_no_longer_than_that(
    name: str, data: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the square of it, each would take the better part of a minute."""
    (tmp_path / "a.yaml").write_text(f"kind: Source\nresource: User\nkey: userName\nfile: {name}\n", encoding="utf-8")
    (tmp_path / name).write_text(data, encoding="utf-8")
    assert run_command(["validate", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[0] == says


def test_a_gigabyte_is_refused_by_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(1 << 30)
    assert run_command(["validate", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        "a.yaml:1:1: 1073741824 bytes are more than the 67108864 that a manifest may have: split it"
    )


def test_many_files_are_refused_by_the_sum_of_their_sizes(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.yaml").write_text(TENANT, encoding="utf-8")
    assert read_files(tmp_path, 5 * len(TENANT)).problems == ()
    found = read_files(tmp_path, 2 * len(TENANT) - 1)
    assert [each.name for each in found.files] == ["0.yaml", "1.yaml"]
    assert [str(each) for each in found.problems] == [
        "1.yaml:1:1: with this file, the manifests are too large altogether"
    ]


@pytest.mark.parametrize(
    ("expression", "value", "gives"),
    [
        ("CDate([a])", "2026-11-24" + " " * MANY, None),
        ("NormalizeDiacritics([a])", "a" + "\u0301\u0327" * MANY, "a"),
    ],
    ids=["blanks-behind-a-date", "a-row-of-marks"],
)
def test_long_values_take_no_longer_than_that(
    expression: str, value: str, gives: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the square of it, each would take the better part of a minute."""
    (tmp_path / "record.json").write_text(json.dumps({"a": value}), encoding="utf-8")
    code = run_command(["evaluate", expression, "--record", f"@{tmp_path / 'record.json'}"])
    assert (code, capsys.readouterr().out) == ((1, "") if gives is None else (0, f"{gives}\n"))


@pytest.mark.parametrize("name", ["a" + "\u0301\u0327" * MANY, "a" + "\u200b" * MANY], ids=["marks", "nothing"])
def test_long_names_take_no_longer_than_that(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(f'kind: User\nuserName: "{name}"\n', encoding="utf-8")
    assert run_command(["validate", str(tmp_path)]) == 0
    assert 1 <= len(capsys.readouterr().err.splitlines()) <= 5
