"""`reconciler import-entra` from outside: what goes where, what is refused, and that nothing is written by halves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run_command
from reconciler.entra.places import MAX_BYTES
from tests.entra.exports import USER_NAME, attribute, export, objects, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

CASES = Path(__file__).parents[1] / "entra" / "cases"
WITH_NOTES = export(rule(objects(USER_NAME, attribute("title", "a", flowBehavior="FlowAlways"), attribute("id", "b"))))
YAML = """\
# Imported from Entra ID's synchronizationSchema. The lines named are those of its JSON.
# What differs from Entra: docs/moving-from-entra.md.
# It reads userPrincipalName, a
kind: Mapping
resource: User
extends: none
match: [userName]
attributes:
  userName: userPrincipalName
  # line 31: title: FlowAlways: Entra sends it in every cycle; this tool sends it where 4me has something else
  title: a
  # not carried over: line 45: id: 4me gives every resource its id
  #   [b]
"""
COUNT = "2 of 3 attribute mappings carried over\n"
FLOW_ALWAYS = "FlowAlways: Entra sends it in every cycle; this tool sends it where 4me has something else"
TOLD = f"schema.json:31: title: {FLOW_ALWAYS}\n"
LOST = "not carried over: schema.json:45: id: 4me gives every resource its id\n"


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.json").write_bytes(WITH_NOTES)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run_command(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_documents_go_to_stdout_and_the_notes_to_stderr(cli: Cli) -> None:
    assert cli("import-entra", "schema.json") == (0, YAML, COUNT + TOLD + LOST)


def test_quiet_tells_only_what_is_not_carried_over(cli: Cli) -> None:
    assert cli("-q", "import-entra", "schema.json") == (0, YAML, LOST)


def test_a_file_is_written_and_validates(cli: Cli) -> None:
    Path("manifests").mkdir()
    done = "written to manifests/mapping.yaml; see what it does with: reconciler validate manifests\n"
    assert cli("import-entra", "schema.json", "--out", "manifests/mapping.yaml") == (0, "", COUNT + TOLD + LOST + done)
    assert Path("manifests/mapping.yaml").read_text(encoding="utf-8") == YAML
    assert cli("validate", "manifests")[0] == 0
    assert [path.name for path in Path("manifests").iterdir()] == ["mapping.yaml"]


def test_no_file_is_overwritten_unless_forced(cli: Cli) -> None:
    out = Path("mapping.yaml")
    out.write_text("mine", encoding="utf-8")
    told = "error: mapping.yaml exists already\nhint: name another file, or overwrite it with --force\n"
    assert cli("import-entra", "schema.json", "--out", "mapping.yaml") == (1, "", told)
    assert out.read_text(encoding="utf-8") == "mine"
    assert cli("import-entra", "schema.json", "--out", "mapping.yaml", "--force")[0] == 0
    assert out.read_text(encoding="utf-8") == YAML


def test_where_nothing_can_be_written_is_told(cli: Cli) -> None:
    told = "error: no/mapping.yaml cannot be written: No such file or directory\n"
    assert cli("import-entra", "schema.json", "--out", "no/mapping.yaml") == (1, "", told)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{\n "a": }', "schema.json:2:7: not JSON: expecting value\n"),
        (b"{}", "schema.json:1:1: no `synchronizationRules`: this is no synchronizationSchema\n"),
        (b" " * (MAX_BYTES + 9), "schema.json:1:1: larger than 16 MB: this is no synchronizationSchema\n"),
    ],
)
def test_an_unusable_file_is_told_with_its_place(cli: Cli, data: bytes, told: str) -> None:
    Path("schema.json").write_bytes(data)
    ending = "error: 1 problem found, nothing was done\n"
    assert cli("import-entra", "schema.json", "--out", "mapping.yaml") == (1, "", told + ending)
    assert not Path("mapping.yaml").exists()


def test_an_export_that_comes_to_nothing_says_why(cli: Cli) -> None:
    Path("schema.json").write_bytes(export(rule(objects(USER_NAME, enabled=False, name="\x1b[2JUsers"))))
    code, out, err = cli("import-entra", "schema.json", "--out", "mapping.yaml")
    assert (code, out) == (1, "")
    assert err == (
        "schema.json:1:1: no mapping of users or groups can be carried over\n"
        "schema.json:9:1: mapping `\\x1b[2JUsers`: it is disabled in Entra\n"
        "error: 2 problems found, nothing was done\n"
    )


def test_a_file_that_is_not_there(cli: Cli) -> None:
    assert cli("import-entra", "x.json") == (1, "", "error: x.json cannot be read: No such file or directory\n")


def test_the_documented_example(cli: Cli) -> None:
    code, out, _ = cli("import-entra", str(CASES / "documented.json"))
    assert (code, out) == (0, (CASES / "documented.yaml").read_text(encoding="utf-8"))
