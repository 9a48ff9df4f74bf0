"""Data files by case files: what they come to, or every problem at its place; a new case is a YAML file, no Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from reconciler.errors import ManifestError
from reconciler.manifests.limits import MAX_BYTES
from reconciler.manifests.read import open_manifests, read_manifests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.core.model import DesiredState

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
SOURCE = "kind: Source\nresource: User\nfile: hr.csv\nkey: userName\n"


def _load(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def write(folder: Path, files: Mapping[str, str | bytes], encoding: str = "utf-8") -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8" if ".yaml" in name else encoding))
    return folder


def problems(folder: Path) -> list[str]:
    try:
        read_manifests(folder)
    except ManifestError as error:
        return [str(problem) for problem in error.problems]
    return []


def told(desired: DesiredState) -> list[str]:
    """Each resource with its place, its attributes and what else was declared of it."""
    return [
        f"{each.source.file}:{each.source.line}:{each.source.column} {each.attributes}"
        f"{f' {sorted(map(tuple, each.members))} {each.membership}' if each.members is not None else ''}"
        f"{' adopt' if each.adopt else ''}"
        for each in (*desired.users, *desired.groups)
    ]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{path.stem}: {case['case']}") for path in CASES for case in _load(path)]
)
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case["files"], case.get("encoding", "utf-8"))
    if "problems" in case:
        assert problems(tmp_path) == case["problems"]
    else:
        assert told(read_manifests(tmp_path).desired) == case["records"]


def test_a_file_with_very_many_problems_is_told_in_part(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": SOURCE, "hr.csv": "userName\n" + "a,b\n" * 250})
    told = problems(tmp_path)
    assert told[:100] == [f"hr.csv:{line}:1: 2 cells where the header has 1 column" for line in range(2, 102)]
    assert told[100:] == ["hr.csv:251:1: and 150 more problems in this file, up to here"]


def test_problems_between_very_many_rows_are_told_in_part(tmp_path: Path) -> None:
    rows = "".join(f"u{number},nobody\n" for number in range(150))
    write(tmp_path, {"a.yaml": SOURCE, "hr.csv": f"userName,manager\n{rows}"})
    told = problems(tmp_path)
    assert told[0] == "hr.csv:2:1: manager `nobody` is no declared user's userName or externalId"
    assert told[100:] == ["hr.csv:151:1: and 50 more problems in this file, up to here"]


def test_the_digest_depends_on_the_data_and_its_name(tmp_path: Path) -> None:
    files = {"a.yaml": SOURCE, "hr.csv": "userName\nann\n", "other.csv": "userName\nann\n"}
    digests = {read_manifests(write(tmp_path, files)).digest}
    for changed in (
        {"hr.csv": "userName\nann\n\n"},
        {"a.yaml": SOURCE.replace("hr", "other"), "hr.csv": files["hr.csv"]},
        {"other.csv": "userName\nbob\n"},
    ):
        digests.add(read_manifests(write(tmp_path, changed)).digest)
    assert len(digests) == 4
    write(tmp_path, {"hr.csv": "not read by any Source"})
    assert read_manifests(tmp_path).digest in digests


def test_the_size_counts_data_files_once(tmp_path: Path) -> None:
    documents = f"{SOURCE}---\n{SOURCE.replace('User', 'Group', 1)}rename: {{userName: displayName}}\n"
    folder = write(tmp_path, {"a.yaml": documents, "hr.csv": "userName\nann\n"})
    assert open_manifests(folder).size == len(documents) + len("userName\nann\n")


def test_data_is_that_of_the_time_when_the_folder_was_opened(tmp_path: Path) -> None:
    folder = open_manifests(write(tmp_path, {"a.yaml": SOURCE, "hr.csv": "userName\nann\n"}))
    (tmp_path / "hr.csv").unlink()
    assert [each.key for each in folder.read().desired.users] == ["ann"]


def test_links_that_leave_the_folder(tmp_path: Path) -> None:
    rows = "userName\nann\n"
    write(tmp_path, {"secret/hr.csv": rows, "manifests/sub/hr.csv": rows, "manifests/a.yaml": SOURCE})
    folder = tmp_path / "manifests"
    (folder / "hr.csv").symlink_to(folder / "sub" / "hr.csv")
    assert problems(folder) == []
    leaves = "a symbolic link that leaves the manifests folder"
    for name, target in (("b.csv", tmp_path / "secret" / "hr.csv"), ("c", tmp_path / "secret")):
        (folder / name).symlink_to(target)
    write(folder, {"b.yaml": SOURCE.replace("hr", "b"), "c.yaml": SOURCE.replace("hr", "c/hr")})
    assert problems(folder) == [f"{name}:1:1: {leaves}" for name in ("b.csv", "c", "c/hr.csv")]


def test_too_large_and_no_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": SOURCE, "b.yaml": SOURCE.replace("hr.csv", "b.csv")})
    with (tmp_path / "hr.csv").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "b.csv")
    assert problems(tmp_path) == [
        "b.csv:1:1: not a regular file",
        f"hr.csv:1:1: {MAX_BYTES + 1} bytes are more than the {MAX_BYTES} that a manifest may have: split it",
    ]


def test_a_very_long_cell_and_very_deep_nesting(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": SOURCE, "b.yaml": SOURCE.replace("hr.csv", "b.json")})
    write(tmp_path, {"hr.csv": 'userName\n"' + "a\n" * 100_000, "b.json": "[" * 100_000})
    assert problems(tmp_path) == [
        "b.json:1:2: not JSON: nested too deeply",
        "hr.csv:2:1: a cell of more than 131072 characters: is a quote not closed?",
    ]


def test_half_a_surrogate_pair(tmp_path: Path) -> None:
    text = '[{"userName": "\\ud83d\\ude00"},\n{"userName": "ann", "title": "\\ud83d"}]'
    write(tmp_path, {"a.yaml": SOURCE.replace("hr.csv", "a.json"), "a.json": text})
    assert problems(tmp_path) == ["a.json:2:1: half of a surrogate pair: this is no text"]


def test_nothing_is_read_where_there_are_no_sources(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "kind: User\nuserName: ann\n", "hr.csv": "x"})
    code = f"""
import pathlib, sys
from reconciler.manifests.read import read_manifests
read_manifests(pathlib.Path({str(tmp_path)!r}))
print(sorted({{"csv", "pydantic", "reconciler.manifests.sources"}} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


COLUMNS = "id,userPrincipalName,Department,country"
MAPPING = """\
kind: Mapping
resource: User
extends: none
match: [userName]
attributes:
  userName: userPrincipalName
  externalId: objectId
  active: {expression: 'Not([IsSoftDeleted])'}
  department: {expression: 'IIF([department] = "", "none", [department])'}
  userType: {constant: Employee}
scope: [{name: here, clauses: [{attribute: country, operator: EQUALS, value: NO}]}]
---
kind: Source
resource: User
file: hr.csv
key: id
"""


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        (
            "",
            [
                "`accountEnabled` in hr.csv, which the mapping reads for `active`",
                "`department` in hr.csv, which the mapping reads for `department`; did you mean `Department`?",
                "`objectId` in hr.csv, which the mapping reads for `externalId`",
            ],
        ),
        ("rename: {id: objectId, Department: department}\nconstants: {accountEnabled: true}\n", []),
        (
            "rename: {id: objectId, Department: department, country: IsSoftDeleted}\n",
            ["`country` in hr.csv, which the mapping reads for its scope"],
        ),
    ],
)
def test_a_column_that_the_mapping_reads_and_the_file_lacks_is_warned_of(
    tmp_path: Path, more: str, missing: list[str]
) -> None:
    (tmp_path / "a.yaml").write_text(MAPPING + more, encoding="utf-8")
    (tmp_path / "hr.csv").write_text(f"{COLUMNS}\n1,ann@widget.example,,NO\n", encoding="utf-8")
    warnings = sorted(read_manifests(tmp_path).warnings)
    assert [str(each) for each in warnings] == [f"a.yaml:13:1: no column {each}" for each in missing]


def test_what_only_a_profile_reads_needs_no_column(tmp_path: Path) -> None:
    mapping = "kind: Mapping\nresource: User\nextends: entra-scim\nattributes: {externalId: objectId}\n"
    source = "---\nkind: Source\nresource: User\nfile: hr.json\nkey: userPrincipalName\n"
    (tmp_path / "a.yaml").write_text(mapping + source, encoding="utf-8")
    (tmp_path / "hr.json").write_text('[{"userPrincipalName": "ann@widget.example"}]', encoding="utf-8")
    manifests = read_manifests(tmp_path)
    assert [each.message for each in manifests.warnings] == [
        "no column `objectId` in hr.json, which the mapping reads for `externalId`"
    ]
