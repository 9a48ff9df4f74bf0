"""Names that are not what they show are told with code points; names of every script that is written so are not."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli import run_command
from reconciler.core.keys import find_control
from reconciler.core.model import Desired, DesiredState, ResourceType, Source
from reconciler.manifests import names
from reconciler.manifests.lookalikes import find_oddities, skeleton
from reconciler.manifests.problems import Problems
from reconciler.manifests.profiles import profile

if TYPE_CHECKING:
    from pathlib import Path

ODD = [
    ("аnn@x", "mixes alphabets: U+0430 CYRILLIC SMALL LETTER A at position 1, looks like `a`"),
    ("paypаl", "mixes alphabets: U+0430 CYRILLIC SMALL LETTER A at position 5, looks like `a`"),
    ("а.smith@x", "mixes alphabets: U+0430 CYRILLIC SMALL LETTER A at position 1, looks like `a`"),
    ("Αnna", "mixes alphabets: U+0391 GREEK CAPITAL LETTER ALPHA at position 1, looks like `A`"),
    ("Ωmega", "mixes alphabets: U+03A9 GREEK CAPITAL LETTER OMEGA at position 1"),
    ("иvан", "mixes alphabets: U+0076 LATIN SMALL LETTER V at position 2"),
    ("Ꭰan", "mixes alphabets: U+13A0 CHEROKEE LETTER A at position 1, looks like `D`"),
    ("𝐚nn", "mixes alphabets: U+1D41A MATHEMATICAL BOLD SMALL A at position 1, looks like `a`"),
    ("a\u200bb", "has a character that is not seen: U+200B ZERO WIDTH SPACE at position 2"),
    ("a\u200cb", "has a character that is not seen: U+200C ZERO WIDTH NON-JOINER at position 2"),
    ("\ufeffann", "has a character that is not seen: U+FEFF ZERO WIDTH NO-BREAK SPACE at position 1"),
    ("a\u00adb", "has a character that is not seen: U+00AD SOFT HYPHEN at position 2"),
    ("a\u3164b", "has a character that is not seen: U+3164 HANGUL FILLER at position 2"),
    ("a\U000e0061b", "has a character that is not seen: U+E0061 TAG LATIN SMALL LETTER A at position 2"),
    ("a\u202eb", "turns the direction of reading: U+202E RIGHT-TO-LEFT OVERRIDE at position 2"),
    ("a\u2066b", "turns the direction of reading: U+2066 LEFT-TO-RIGHT ISOLATE at position 2"),
    ("a\u00a0b", "has a blank that is no blank: U+00A0 NO-BREAK SPACE at position 2, looks like ` `"),
    ("Jose\u0301", "is not in Unicode's composed form (NFC): written so, it is another name than `José`"),
]
FINE = (
    "ann@widget.example", "иван@widget.example", "Иван Петров", "Вера@x", "ΑΒΓ", "Ελένη Team",
    "山田太郎チーム", "山田たろう@x", "テックLab", "김철수", "김哲수 Team", "李小龍", "José", "Łódź", "naïve–team",
    "L’Équipe", "Straße", "İstanbul", "IT Отдел", "أحمد", "ahmed_أحمد", "می\u200cخواهم",
    "क्\u200dष", "प्रबंधन", "ฝ่ายIT", "👩\u200d💻 Developers", "❤\ufe0f Team", "1º Turno", "Ａチーム",
    "Dev🇳🇱", "Team ①", "µs",
)  # fmt: skip
TWINS = [
    ("аnn@x", "ann@x"), ("ANNА@x", "anna@x"), ("сео@x", "ceo@x"), ("a\u200bnn@x", "ann@x"), ("аdmin", "adrnin"),
    ("ｒoot", "root"), ("сео@x", "ceо@x"), ("Ivanоv", "lvanov"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "oddity"), ODD)
def test_an_odd_name_is_told_with_code_point_name_and_position(name: str, oddity: str) -> None:
    assert list(find_oddities(name)) == [oddity]


@pytest.mark.parametrize("name", FINE)
def test_scripts_as_they_are_written_are_fine(name: str) -> None:
    assert list(find_oddities(name)) == []


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("ann@x", "anna@x"), ("josé@x", "jose@x"), ("müller", "muller")])
def test_other_names_have_other_ones(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text())
def test_any_text_can_be_looked_at(name: str) -> None:
    list(find_oddities(name))
    assert skeleton(name) == skeleton(name.upper()) or not name.isascii()
    assert (find_control(name) is None) == all(unicodedata.category(each) not in ("Cc", "Cs") for each in name)


USERS = r"""kind: Tenant
name: t
endpoint: "sandbox:"
ownership: {users: {unlisted: report}, groups: {unlisted: report}}
---
kind: Users
users:
  - userName: ann@widget.example
  - userName: "\u0430nn@widget.example"
    externalId: "E\u200b1"
    email: "ann\u202e@widget.example"
---
kind: Group
displayName: "Adm\u0435ns"
---
kind: Group
displayName: Admens
"""
WARNINGS = r"""
9:5: `userName` `аnn@widget.example` mixes alphabets: U+0430 CYRILLIC SMALL LETTER A at position 1, looks like `a`
9:5: `emails` `ann\u202e@widget.example` turns the direction of reading: U+202E RIGHT-TO-LEFT OVERRIDE at position 4
9:5: `externalId` `E\u200b1` has a character that is not seen: U+200B ZERO WIDTH SPACE at position 2
9:5: user `аnn@widget.example` looks like another user, `ann@widget.example`: a.yaml:8
13:1: `displayName` `Admеns` mixes alphabets: U+0435 CYRILLIC SMALL LETTER IE at position 4, looks like `e`
13:1: group `Admеns` looks like another group, `Admens`: a.yaml:16
"""


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_validate_and_plan_warn(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "a.yaml").write_text(USERS, encoding="utf-8")
    assert run_command(["--state-dir", str(tmp_path / "state"), command, str(folder)]) == 0
    told = [each for each in capsys.readouterr().err.splitlines() if each.startswith("warning:")]
    assert told == [f"warning: a.yaml:{each}" for each in WARNINGS.split("\n")[1:-1]]


def test_a_control_character_in_a_key_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text('kind: User\nuserName: "a\\e[31m"\n', encoding="utf-8")
    assert run_command(["validate", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        r"a.yaml:1:1: `userName` `a\x1b[31m` has a control character: U+001B at position 2"
    )


def test_a_control_character_elsewhere_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text('kind: User\nuserName: a\nexternalId: "a\\e[31m"\n', encoding="utf-8")
    assert run_command(["validate", str(tmp_path)]) == 0
    assert capsys.readouterr().err.splitlines()[0] == (
        r"warning: a.yaml:1:1: `externalId` `a\x1b[31m` has a character that is not seen: U+001B at position 2"
    )


def check(people: list[str]) -> Problems:
    problems = Problems(None, ())  # type: ignore[arg-type]
    users = tuple(
        Desired(ResourceType.USER, name, {"userName": name}, Source("u.yaml", line)) for line, name in enumerate(people)
    )
    mappings: dict[ResourceType, Any] = {each: profile("default", each) for each in ResourceType}
    names.check_names(DesiredState(users), mappings, problems)
    return problems


def test_a_hundred_are_told_and_how_many_there_are_besides() -> None:
    told = check([f"{number}а.smith" for number in range(250)]).warnings
    assert (len(told), str(told[-1])) == (101, "u.yaml:100:1: and 150 more warnings about names")


def test_ascii_names_are_looked_at_all_at_once() -> None:
    """Of each record, no more than the values are taken."""
    people = [f"person{number}@widget.example" for number in range(100_000)]
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    problems = Problems(None, ())  # type: ignore[arg-type]
    users = tuple(Desired(ResourceType.USER, each, {"userName": each}, Source("u.yaml", 1)) for each in people)
    mappings: dict[ResourceType, Any] = {each: profile("default", each) for each in ResourceType}
    state = DesiredState(users)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        names.check_names(state, mappings, problems)
    finally:
        sys.setprofile(before)
    assert (problems.found, problems.warnings) == ([], [])
    assert calls < 1000 + len(people) * len(names._paths(mappings[ResourceType.USER], "userName"))
