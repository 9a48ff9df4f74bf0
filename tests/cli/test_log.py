"""What is told on stderr, for people and for tools, and how much of each request."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli import run_command
from tests.services import service, write

if TYPE_CHECKING:
    from pathlib import Path

ANN = {"userName": "ann@widget.example", "title": "Lead"}
JSON = ("--log-format", "json")


def talk(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and the lines on stderr."""
    capsys.readouterr()
    code = run_command(["--state-dir", str(folder / "state"), *arguments])
    return code, capsys.readouterr().err.splitlines()


def events(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_each_request_is_shown_without_what_it_looks_for_or_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service() as (sandbox, url):
        write(tmp_path / "manifests", {"users": [ANN], "groups": []}, url, "4me")
        arguments = ("apply", "--yes", str(tmp_path / "manifests"))
        _, lines = talk(capsys, tmp_path, "-vv", *arguments)
        _, looked = talk(capsys, tmp_path, "-vv", "check", str(tmp_path / "manifests"))
        logged = [f"{each.method} {each.target}" for each in sandbox.requests]
    shown = [re.sub(r"\d+ ms, \d+ bytes", "N", line) for line in lines + looked if re.match("(GET|POST) ", line)]
    assert sorted(re.sub("[?:].*", "", line) for line in shown) == sorted(each.partition("?")[0] for each in logged)
    assert "POST /scim/v2/Users: 201, N" in shown
    assert 'GET /scim/v2/Users?filter=userName eq "…" or userName eq "…": 200, N' in shown
    assert [line for line in shown if "ann" in line or "Lead" in line] == []


def test_bodies_are_shown_where_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service() as (_, url):
        write(tmp_path / "manifests", {"users": [ANN], "groups": []}, url, "4me")
        _, lines = talk(capsys, tmp_path, "-vv", "--log-bodies", "apply", "--yes", str(tmp_path / "manifests"))
        _, tool = talk(capsys, tmp_path, "-vv", "--log-bodies", *JSON, "plan", str(tmp_path / "manifests"))
    sent = [line for line in lines if line.startswith("  sent: ")]
    assert json.loads(sent[0].removeprefix("  sent: "))["title"] == "Lead"
    bodies = [each["http.response.body"] for each in events(tool) if each.get("event") == "request"]
    assert any(json.loads(body).get("totalResults") == 1 for body in bodies)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_public_sees_neither_bodies_nor_ids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    organisation = {"users": [ANN], "groups": [{"displayName": "Staff", "members": [ANN["userName"]]}]}
    loud = ("-vv", "--log-bodies", "--log-format", log_format)
    with service() as (_, url):
        write(tmp_path / "manifests", organisation, url, "4me")
        arguments = (str(tmp_path / "manifests"), "--audience", "public")
        lines = [talk(capsys, tmp_path, *loud, *each, *arguments)[1] for each in (["apply", "--yes"], ["plan"])]
    told = "\n".join(lines[0] + lines[1])
    assert "/scim/v2/Groups/…" in told
    assert re.findall(r"ann|Lead|/(?:Users|Groups)/\d|Staff.:", told) == []


def test_requests_are_not_shown_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service() as (_, url):
        write(tmp_path / "manifests", {"users": [ANN], "groups": []}, url, "4me")
        _, lines = talk(capsys, tmp_path, "-v", "--log-bodies", "plan", str(tmp_path / "manifests"))
    assert [line for line in lines if line.startswith("GET")] == []


def test_tools_read_every_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with service() as (_, url):
        write(tmp_path / "manifests", {"users": [ANN], "groups": []}, url, "4me")
        code, lines = talk(capsys, tmp_path, "-vv", *JSON, "apply", "--yes", str(tmp_path / "manifests"))
    told = events(lines)
    assert code == 0
    assert len({each["trace_id"] for each in told}) == 1
    assert {each["level"] for each in told} == {"debug", "info"}
    (post,) = [each for each in told if each.get("http.request.method") == "POST"]
    assert (post["url.path"], post["http.response.status_code"], post["error.type"]) == ("/scim/v2/Users", 201, None)
    assert post["http.request.body.size"] > 0
    assert "http.request.body" not in post
    (outcome,) = [each for each in told if each.get("event") == "outcome"]
    expected = {"action": "create", "resource": "User", "key": "ann@widget.example", "status": "done", "detail": None}
    assert {**expected, "done": 1, "total": 1}.items() <= outcome.items()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["validate", "wrong"],
            {
                "exit_code": 1,
                "problems": [
                    {
                        "file": "a.yaml",
                        "line": 1,
                        "column": 1,
                        "message": "unknown kind `Usr`; did you mean `User`?",
                    }
                ],
            },
        ),
        (["plan", "--fooo"], {"exit_code": 64, "message": "No such option '--fooo'."}),
        (["--tenant", "nobody", "plan", "right"], {"exit_code": 64, "hint": "known tenants: test"}),
    ],
    ids=["problems", "usage", "hint"],
)
def test_tools_read_errors(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: dict[str, Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "a.yaml").write_text("kind: Usr\n", encoding="utf-8")
    write(tmp_path / "right", {"users": [ANN], "groups": []}, "sandbox:", "4me")
    code, lines = talk(capsys, tmp_path, *JSON, *arguments)
    *_, last = events(lines)
    assert (code, last["level"]) == (expected["exit_code"], "error")
    assert {name: last.get(name) for name in expected} == expected


def test_a_pipelines_trace_is_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", f"00-{'a' * 32}-{'b' * 16}-01")
    _, lines = talk(capsys, tmp_path, *JSON, "validate", str(tmp_path / "none"))
    assert [each["trace_id"] for each in events(lines)] == ["a" * 32]
    monkeypatch.setenv("TRACEPARENT", "00-no-trace")
    _, lines = talk(capsys, tmp_path, *JSON, "validate", str(tmp_path / "none"))
    assert re.fullmatch("[0-9a-f]{32}", events(lines)[0]["trace_id"])


@pytest.mark.parametrize(
    "words",
    [
        ["--log-format", "json", "--nope", "plan"],
        ["--nope", "--log-format=json", "plan"],
        ["--lock-timeout", "soon", "--log-format", "json", "plan"],
        ["--log-format", "json", "--state-dir"],
        ["--log-format", "json"],
        ["--log-format", "json", "pln"],
    ],
    ids=" ".join,
)
def test_tools_read_what_is_wrong_with_the_options_of_all_commands(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(words) == 64
    (told,) = events(capsys.readouterr().err.splitlines())
    assert (told["level"], told["exit_code"], len(told["trace_id"])) == ("error", 64, 32)


def test_a_variable_counts_for_wrong_usage_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "json")
    assert run_command(["--nope"]) == 64
    assert [each["level"] for each in events(capsys.readouterr().err.splitlines())] == ["error"]


class Person:
    """Somebody at a terminal, who says this, or presses Ctrl-C."""

    def __init__(self, line: str | None) -> None:
        self.line = line

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        if self.line is None:
            raise KeyboardInterrupt
        return self.line


@pytest.mark.parametrize("line", ["n\n", None], ids=["no", "Ctrl-C"])
@pytest.mark.parametrize("log", [(), JSON], ids=["text", "json"])
def test_questions_are_asked_where_no_tool_reads(
    line: str | None,
    log: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", Person(line))
    with service() as (_, url):
        write(tmp_path / "manifests", {"users": [ANN], "groups": []}, url, "4me")
        code = run_command(["--state-dir", str(tmp_path / "state"), *log, "apply", str(tmp_path / "manifests")])
    out, err = capsys.readouterr()
    question = "Carry out these 1 actions? [y/N]: "
    assert code == (130 if line is None else 1)
    assert (question in out, question in err) == (bool(log), not log)
    if log:
        assert events(err.splitlines())[-1]["level"] == "error"
