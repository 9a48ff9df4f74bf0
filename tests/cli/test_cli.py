"""The command line from outside: exit codes, what goes where, formats, saved plans."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from reconciler.cli import run_command
from reconciler.report.plan_json import plan_schema
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "manifests"


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    copytree(EXAMPLE, tmp_path / "manifests")

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_main_job(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    assert cli("plan", manifests, "--detailed-exitcode")[0] == 2
    code, out, err = cli("apply", manifests, "--yes")
    assert (code, out.splitlines()[-1]) == (0, "Applied: 11 of 11 done.")
    assert "done + User nina.alvarez@widget.example" in {line.partition("] ")[2] for line in err.splitlines()}
    code, out, _ = cli("plan", manifests, "--detailed-exitcode")
    assert (code, out.splitlines()[-1]) == (0, "No changes. 4me is as the manifests say.")
    code, out, _ = cli("drift", manifests)
    assert (code, out.splitlines()[-1]) == (0, "No drift. 4me is as the manifests say.")
    code, out, _ = cli("history", "--format", "json")
    assert [(run["status"], run["done"], run["planned"]) for run in json.loads(out)] == [("done", 11, 11)]


def test_json_is_valid_and_a_saved_plan_shows_the_same(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    saved = tmp_path / "plan.json"
    code, out, _ = cli("plan", tmp_path / "manifests", "--format", "json", "--out", saved)
    assert code == 0
    assert [error.message for error in Draft202012Validator(plan_schema()).iter_errors(json.loads(out))] == []
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert cli("show", saved, "--format", "json")[1] == out == saved.read_text(encoding="utf-8")
    for output_format in ("text", "markdown", "html"):
        assert cli("show", saved, "--format", output_format)[0] == 0


def test_an_approved_plan_is_carried_out_as_approved(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    saved, manifests = tmp_path / "plan.json", tmp_path / "manifests"
    cli("plan", manifests, "--out", saved)
    users = manifests / "users.yaml"
    text = users.read_text(encoding="utf-8")
    users.write_text(text.replace("title: Night Operator", "title: Night Guard"), encoding="utf-8")
    code, out, err = cli("apply", manifests, "--plan", saved)
    assert code == 4
    assert out.endswith(
        "approved, but no longer as approved, not done:\n  create User tom.becker@widget.example\n"
        '      title was to become "Night Operator", and is to become "Night Guard" now:\n'
        "        the manifests changed since\n"
    )
    assert err.splitlines()[-2:] == [
        "error: applied in part: 3 action(s) not done",
        "hint: run it again, it continues; plan again, and have what is left approved",
    ]
    assert "tom.becker" not in cli("plan", manifests, "--format", "json")[1].split('"actions"')[0]
    cli("plan", manifests, "--out", saved)
    assert cli("apply", manifests, "--plan", saved)[0] == 0
    assert cli("plan", manifests, "--detailed-exitcode")[0] == 0


def test_apply_asks_and_refuses_where_nobody_can_answer(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", (tmp_path / "manifests" / "users.yaml").open(encoding="utf-8"))
    code, _, err = cli("apply", tmp_path / "manifests")
    sys.stdin.close()
    assert (code, err.splitlines()[1]) == (1, "error: nobody to ask here: there is no terminal")


def test_a_guard_refuses_with_the_whole_plan_and_allow_lets_it_pass(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    users = "\n".join(f"  - {{userName: u{number}, userType: Employee}}" for number in range(8))
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "t.yaml").write_text(
        "kind: Tenant\nname: t\nendpoint: 'sandbox:'\nownership:\n"
        "  users: {scope: 'userName sw \"u\"'}\n  groups: {unlisted: report}\n",
        encoding="utf-8",
    )
    (folder / "u.yaml").write_text(f"kind: Users\nusers:\n{users}\n", encoding="utf-8")
    assert cli("apply", folder, "--yes")[0] == 0
    (folder / "u.yaml").write_text("kind: User\nuserName: u0\n", encoding="utf-8")
    code, out, err = cli("plan", folder)
    assert (code, out.count("declared nowhere")) == (3, 8)
    assert err.splitlines() == [
        "error: refused: 7 deactivations, at most 5 allowed",
        "hint: if that is what you want: --allow deactivations=7",
    ]
    assert cli("apply", folder, "--yes")[0] == 3
    assert cli("apply", folder, "--yes", "--allow", "deactivations=7")[0] == 0


def test_target_plans_for_one_user_or_group_only(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = cli("plan", tmp_path / "manifests", "--format", "json", "--target", "JANE.doe@widget.example")
    plan = json.loads(out)
    assert (code, [action["key"] for action in plan["actions"]]) == (0, ["jane.doe@widget.example"])
    assert plan["live"]["requests"] <= 4
    plan = json.loads(cli("plan", tmp_path / "manifests", "--format", "json", "--target", "First Aiders")[1])
    assert [(action["key"], action["members"]) for action in plan["actions"]] == [
        ("First Aiders", {"add": ["yuki.tanaka@widget.example"], "remove": []})
    ]
    assert plan["live"]["requests"] <= 5
    assert cli("plan", tmp_path / "manifests", "--target", "nobody")[0] == 64


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plan", "--format", "pdf"], 64),
        (["nothing"], 64),
        (["plan", "x", "--allow", "all=1"], 64),
        (["plan", "/no/such/folder"], 1),
        (["show", "/no/such/plan.json"], 1),
        (["history", "never"], 1),
        (["--version"], 0),
        (["schema"], 0),
        (["completion", "bash"], 0),
    ],
)
def test_exit_codes(cli: Callable[..., tuple[int, str, str]], arguments: list[str], code: int) -> None:
    assert cli(*arguments)[0] == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plann",), "No such command 'plann'; did you mean `plan`?"),
        (("xyzzy",), "No such command 'xyzzy'."),
        (("plan", "--tenant", "x"), "--tenant stands before the command: reconciler --tenant NAME plan"),
        (("validate", "-q"), "-q stands before the command: reconciler -q validate"),
        (("validate", "--zzz"), "No such option '--zzz'."),
    ],
)
def test_wrong_usage_says_what_is_meant(
    cli: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = cli(*arguments)
    assert (code, out, err.splitlines()[-1]) == (64, "", f"Error: {message}")


def test_problems_are_listed_with_their_places(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "manifests" / "x.yaml").write_text("kind: User\nuserName: x\ntitel: y\n", encoding="utf-8")
    code, out, err = cli("validate", tmp_path / "manifests")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "x.yaml:3:1: unknown attribute `titel`; did you mean `title`?",
        "error: 1 problem found, nothing was done",
    ]


def test_check_and_a_token_that_is_never_shown(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "s3cret-token")
    sandbox = open_sandbox(SandboxOptions(database=None, token="s3cret-token"))
    with serve(sandbox) as served:
        (tmp_path / "manifests" / "tenant.yaml").write_text(
            f"kind: Tenant\nname: t\nendpoint: {served.url}\ntoken: {{env: TEST_TOKEN, issued: 2026-01-01}}\n"
            "limits: {requestsPerTwoSeconds: 1000}\n",
            encoding="utf-8",
        )
        code, out, err = cli("check", tmp_path / "manifests")
        assert code == 0
        assert "dialect 4me" in out
        assert err.startswith("warning: the token expired on 2026-01-31")
        cli("apply", tmp_path / "manifests", "--yes")
        monkeypatch.setenv("TEST_TOKEN", "wr0ng-token")
        code, wrong_out, wrong_err = cli("plan", tmp_path / "manifests")
        assert (code, wrong_err.splitlines()[-2:]) == (
            1,
            [
                "error: GET /Users: HTTP 401: Unauthorized",
                "hint: the token is wrong or expired: generate a new one in 4me (Settings > Apps)",
            ],
        )
    sandbox.close()
    left = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    shown = (out + err + wrong_out + wrong_err).encode() + left
    assert not any(token in shown for token in (b"s3cret-token", b"wr0ng-token"))


def test_help_and_validate_load_neither_httpx_nor_the_sandbox() -> None:
    code = (
        "import sys; from reconciler.cli import run_command; run_command(sys.argv[1:]);"
        "print(sorted({'httpx', 'reconciler.sandbox', 'deepdiff', 'jinja2', 'rich'} & set(sys.modules)))"
    )
    for arguments in (["--help"], ["validate", str(EXAMPLE)]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


def test_hostile_names_in_errors_and_leftovers_do_nothing(
    cli: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    manifests, saved = tmp_path / "manifests", tmp_path / "plan.json"
    cli("plan", manifests, "--out", saved)
    bad = manifests / "bad.yaml"
    bad.write_text('kind: User\nuserName: "x\\u202e[31m"\nuserType: Employee\n', encoding="utf-8")
    code, out, _ = cli("apply", manifests, "--plan", saved)
    assert (code, out.splitlines()[-2]) == (4, "  create User x\\u202e[31m")
    bad.write_text('kind: User\nuserName: y\nmanager: "z\\e[31m"\n', encoding="utf-8")
    code, _, err = cli("validate", manifests)
    assert (code, "\x1b" in err, "z\\x1b[31m" in err) == (1, False, True)
