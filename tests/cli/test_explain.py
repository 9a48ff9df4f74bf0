"""`explain` and `evaluate` from outside."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run_command

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[..., tuple[int, str, str]]

EXAMPLE = Path(__file__).parents[2] / "manifests"
JANE = "jane.doe@widget.example"
ALLOWED = ("--allow", "deactivations=99", "--allow", "membershipRemovals=99")
MAPPING = """
kind: Mapping
resource: User
attributes:
  nickName: {expression: 'Join(" ", [givenName], ToUpper([familyName]))'}
  title: {source: title, default: Staff}
  preferredLanguage: {default: en}
  locale: {source: locale, apply: create}
scope:
  - {name: desk, clauses: [{attribute: department, operator: EQUALS, value: Service Desk}]}
  - {name: heads, clauses: [{attribute: title, operator: INCLUDES, value: Officer}]}
"""


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    copytree(EXAMPLE, tmp_path / "manifests")
    (tmp_path / "manifests" / "mapping.yaml").write_text(MAPPING, encoding="utf-8")

    def call(command: str, *arguments: object) -> tuple[int, str, str]:
        where = ("--manifests", tmp_path / "manifests") if command == "explain" else ()
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, (command, *arguments, *where))])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_user_is_explained_from_the_record_to_4me(cli: Call) -> None:
    code, out, _ = cli("explain", JANE.upper())
    assert code == 0
    lines = out.splitlines()
    assert lines[:6] == [
        f"User {JANE}  users.yaml:42",
        "in scope",
        "  filter desk: holds",
        '    department EQUALS "Service Desk": holds, is "Service Desk"',
        "  filter heads: does not hold",
        '    title INCLUDES "Officer": does not hold, is "Service Desk Analyst"',
    ]
    assert lines[6:8] == [f"in 4me: {JANE} (id 4), matched by externalId", "a plan has it updated"]
    nick = lines.index("nickName")
    assert lines[nick : nick + 8] == [
        "nickName",
        '  rule     Join(" ", [givenName], ToUpper([familyName]))',
        '    Join(" ", [givenName], ToUpper([familyName]))  = "Jane DOE"',
        '      [givenName]                                  = "Jane"',
        '      ToUpper([familyName])                        = "DOE"',
        '        [familyName]                               = "Doe"',
        '  desired  "Jane DOE"',
        "  live     (none)  → to be changed",
    ]
    assert '  live     "Analyst"  → to be changed' in lines
    assert "  rule     only a default, for where 4me has no value" in lines
    assert "  apply    only when it is created" in lines
    assert lines[-1] == '  live     "grace.hopkins@widget.example"'


def test_who_is_out_of_scope_is_explained_too(cli: Call) -> None:
    code, out, _ = cli("explain", "liam.obrien@widget.example", "title")
    assert code == 0
    assert out.splitlines()[1:] == [
        "out of scope, as if it were not declared",
        "  filter desk: does not hold",
        '    department EQUALS "Service Desk": does not hold, is "Data Center"',
        "  filter heads: does not hold",
        '    title INCLUDES "Officer": does not hold, is "Data Center Engineer"',
        "in 4me: liam.obrien@widget.example (id 8), matched by externalId",
        "a plan removes it, if it is owned",
        "",
        "title",
        '  rule     attribute title = "Data Center Engineer"',
        "  desired  out of scope",
    ]


def test_who_is_out_of_scope_and_inactive_already_stays(cli: Call, tmp_path: Path) -> None:
    run_command(["--state-dir", str(tmp_path / "state"), "apply", str(tmp_path / "manifests"), "--yes", *ALLOWED])
    code, out, _ = cli("explain", "liam.obrien@widget.example", "title")
    assert code == 0
    assert "in 4me: liam.obrien@widget.example (id 8, inactive), matched by externalId" in out
    assert "\na plan has nothing to do\n" in out


def test_a_target_out_of_scope_is_refused_with_its_clause(cli: Call, tmp_path: Path) -> None:
    code, _, err = cli("plan", tmp_path / "manifests", "--target", "Liam.OBrien@widget.example")
    assert code == 64
    assert "error: --target Liam.OBrien@widget.example: users.yaml:" in err
    assert 'is out of scope: `desk`: department EQUALS "Service Desk", is "Data Center"; `heads`: title' in err


def test_offline_nothing_is_asked(cli: Call, tmp_path: Path) -> None:
    code, out, _ = cli("explain", "E555111", "familyName", "--offline", "--format", "json")
    assert code == 0
    told = json.loads(out)
    assert [each["target"] for each in told[0]["attributes"]] == ["name.familyName", "nickName"]
    assert told[0]["match"] is None
    assert told[0]["attributes"][1]["steps"][0] == {
        "text": 'Join(" ", [givenName], ToUpper([familyName]))',
        "depth": 0,
        "value": "Jane DOE",
    }
    assert not (tmp_path / "state").exists()


def test_somebody_new_and_a_group(cli: Call) -> None:
    assert "not in 4me: nothing there has its externalId or userName\na plan has it created" in cli(
        "explain", "nina.alvarez@widget.example"
    )[1].replace("\r", "")
    code, out, _ = cli("explain", "night shift")
    assert (code, out.splitlines()[0]) == (0, "Group Night Shift  groups.yaml:24")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("jane.do@widget.example",),
            f"no user or group `jane.do@widget.example` in the manifests; did you mean `{JANE}`?",
        ),
        (("jane DOE",), f"no user or group `jane DOE` in the manifests; did you mean `{JANE}`?"),
        ((JANE, "titel"), "no rule that concerns `titel`; did you mean `title`?"),
        ((JANE, "fax"), "the record has no `fax`: `fax` is not managed, 4me keeps what it has"),
    ],
)
def test_who_or_what_is_not_there(cli: Call, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = cli("explain", *arguments, "--offline")
    assert (code, out, err.splitlines()[0]) == (64, "", f"error: {message}")


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (('Append([a], "y")', "--record", "a=x"), "xy"),
        (("Len([a])", "--record", "a=x = y"), "5"),
        (('Split([a], ",")', "--record", "a=x, y"), '["x", "y"]'),
        (('Join("+", [a])', "--record", 'a=["x", "y"]'), "x+y"),
        (('Join("+", [a])', "--record", "a=[x"), "[x"),
        (("IsNull([a])", "--record", "a=null"), "True"),
        (("IsNull([a])", "--record", 'a:="null"'), "False"),
        (("IsNull([a])", "--record", '{"a": "", "b": null}'), "False"),
        (("[b]",), "null"),
        (("IgnoreFlowIfNullOrEmpty([b])",), "(not written: the expression says to leave the attribute as it is)"),
        (("IgnoreObjectFlow",), "(not written: the expression says to leave out the whole record)"),
        (("Now()", "--at", "2026-11-01T08:00:00+01:00"), "11/1/2026 7:00:00 AM"),
        (("DefaultDomain()", "--default-domain", "widget.example"), "widget.example"),
        (('SelectUniqueValue("a", "b", "c")', "--taken", "A", "--taken", "b"), "c"),
        (('SelectUniqueValue("a", "b")', "--taken", "a", "--taken", "b"), "null"),
    ],
)
def test_an_expression_is_tried_out(cli: Call, arguments: tuple[str, ...], result: str) -> None:
    code, out, _ = cli("evaluate", *arguments)
    assert (code, out) == (0, f"{result}\n")


def test_a_record_from_a_file_and_steps(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"a": ["x", "y"]}', encoding="utf-8")
    code, out, err = cli("evaluate", "Count([a])", "--record", f"@{tmp_path / 'record.json'}", "--steps")
    assert (code, out) == (0, "2\n")
    assert err.splitlines() == ["Count([a])  = 2", "  [a]       = x, y"]


def test_the_result_as_json(cli: Call) -> None:
    code, out, _ = cli("evaluate", "IgnoreFlowIfNullOrEmpty([b])", "--format", "json")
    assert (code, json.loads(out)["value"], json.loads(out)["ignored"]) == (0, None, True)


@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (
            ("Append([a], Coalese([b]))",),
            1,
            [
                "error: expression:1:13: unknown function `Coalese`; did you mean `Coalesce`?",
                "    Append([a], Coalese([b]))",
                "                ^^^^^^^",
            ],
        ),
        (
            ("Append([a], CDate([b]))", "--record", "b=soon"),
            1,
            [
                "error: expression:1:13: CDate: `soon` is no date that can be read",
                "    Append([a], CDate([b]))",
                "                ^^^^^^^^^^",
            ],
        ),
        (("[a]", "--record", "a"), 64, ["error: --record a: expected NAME=VALUE, @FILE or a JSON object"]),
        (
            ("[a]", "--record", "{1}"),
            64,
            ["error: --record: no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"],
        ),
        (("[a]", "--record", "a:=NaN"), 64, ["error: --record a:=: no JSON: NaN is no number in JSON"]),
        (("[a]", "--record", f"a:={'[' * 100_000}"), 64, ["error: --record a:=: no JSON: too many levels"]),
        (
            ('Join(" ",\n  [a], Coalese([b]))',),
            1,
            ["error: expression:2:8: unknown function `Coalese`; did you mean `Coalesce`?"],
        ),
        (("[a]", "--record", "@nowhere.json"), 1, ["error: nowhere.json cannot be read: No such file or directory"]),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(
    cli: Call, arguments: tuple[str, ...], code: int, lines: list[str]
) -> None:
    found, out, err = cli("evaluate", *arguments)
    assert (found, out, err.splitlines()[: len(lines)]) == (code, "", lines)


def test_profiles_are_printed_as_documents_that_validate(cli: Call, tmp_path: Path) -> None:
    for name in ("default", "entra-scim"):
        _, out, _ = cli("schema", "--profile", name)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mapping.yaml").write_text(out, encoding="utf-8")
        assert cli("validate", folder)[:2] == (0, "Valid: 0 tenants, 0 users, 0 groups, 2 mappings\n")


def test_members_are_told_from_both_sides(cli: Call) -> None:
    lines = cli("explain", "service desk", "displayName")[1].splitlines()
    assert lines[3:8] == [
        "members: Night Shift (group), grace.hopkins@widget.example,",
        "  jane.doe@widget.example, mary.jones@widget.example, omar.haddad@widget.example",
        "  + Night Shift (group)  → to be changed",
        "  + omar.haddad@widget.example  → to be changed",
        "  - liam.obrien@widget.example  → to be changed",
    ]
    assert "member of Service Desk" in cli("explain", JANE, "title", "--offline")[1].splitlines()
