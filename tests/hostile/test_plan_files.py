"""Files that are no saved plans, or those of other versions, on the command line: one line says so, nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli import run_command
from reconciler.report.plan_json import parse_plan_json, plan_document
from tests.report.examples import EVERYTHING

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = plan_document(EVERYTHING)
TEXT = json.dumps(WHOLE)
NEWER = "the plan was made by a newer version of reconciler: it has format {}, this version reads 1.0"
HOSTILE = {
    "empty": ("", "not a saved plan: not JSON (Expecting value: line 1 column 1 (char 0))"),
    "cut-off": (TEXT[:-1], None),
    "NaN": (TEXT.replace("812", "NaN"), "not a saved plan: not JSON (NaN is no number of JSON)"),
    "infinite": (TEXT.replace("812", "-Infinity"), "not a saved plan: not JSON (-Infinity is no number of JSON)"),
    "overflow": (TEXT.replace("812", "1e999"), "not a saved plan: not JSON (1e999 is no number of JSON)"),
    "huge-number": (TEXT.replace("812", "9" * 100_000), None),
    "deep": ("[" * 200_000, "not a saved plan: nested too deeply"),
    "deep-inside": (TEXT[:-1] + ',"x":' + '{"a":' * 200_000, "not a saved plan: nested too deeply"),
    "twice": (
        TEXT[:-1] + ',"warnings":[]}',
        "not a saved plan: not JSON (the key 'warnings' stands twice in one object)",
    ),
    "escapes": (json.dumps(WHOLE | {"\x1b[2J": 1}), r"not a saved plan: \x1b[2J: extra inputs are not permitted"),
    "key-of-a-megabyte": (
        json.dumps(WHOLE | {"k" * 1_000_000: 1}),
        f"not a saved plan: {'k' * 300}...: extra inputs are not permitted",
    ),
    "half-a-character": (TEXT.replace("812", '"\\ud800"'), None),
    "of-version-0.9": (
        json.dumps(WHOLE | {"formatVersion": "0.9"}),
        "the plan was made by an older version of reconciler: it has format 0.9, this version reads 1.0",
    ),
    "of-version-1.1": (json.dumps(WHOLE | {"formatVersion": "1.1", "new": {}}), NEWER.format("1.1")),
    "of-version-2.0": (json.dumps(WHOLE | {"formatVersion": "2.0"}), NEWER.format("2.0")),
    "of-version-10.0": (json.dumps({"formatVersion": "10.0"}), NEWER.format("10.0")),
    "of-a-version-that-is-none": (
        json.dumps(WHOLE | {"formatVersion": "\x1b[2J"}),
        r"the plan has format \x1b[2J, this version reads 1.0",
    ),
    "a-version-of-a-megabyte": (
        json.dumps(WHOLE | {"formatVersion": "9" * 1_000_000}),
        f"the plan has format {'9' * 300}..., this version reads 1.0",
    ),
}


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plan_of_this_version_is_one_line(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, says = HOSTILE[name]
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    (tmp_path / "m").mkdir()
    words = ["show"] if command == "show" else ["apply", str(tmp_path / "m"), "--plan"]
    code = run_command(["--state-dir", str(tmp_path / "state"), *words, str(tmp_path / "plan.json")])
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert (code, out, len(lines)) == (1, "", 2)
    assert lines[0].startswith("error: ")
    assert says is None or lines[0] == f"error: {says}"
    assert all(each.isprintable() and len(each) < 500 for each in lines)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "missing",
    [
        ["undoes"],
        ["at"],
        ["targets"],
        ["contentDigest"],
        ["signature"],
        ["at", "targets", "contentDigest", "signature"],
    ],
)
def test_a_plan_without_the_newer_keys_is_read(missing: list[str]) -> None:
    older: dict[str, Any] = {key: value for key, value in WHOLE.items() if key not in missing}
    assert parse_plan_json(json.dumps(older)).plan == EVERYTHING


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_large_file_is_refused_by_its_size(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "plan.json").open("wb") as file:
        file.truncate(300 << 20)
    (tmp_path / "m").mkdir()
    words = ["show"] if command == "show" else ["apply", str(tmp_path / "m"), "--plan"]
    assert run_command([*words, str(tmp_path / "plan.json")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'plan.json'} is not read: it has more than 256 MiB\n"
