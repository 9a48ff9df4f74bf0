"""Limits as the person who runs it meets them: what it will take, waits that are bounded, and Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from threading import Event, Timer
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from reconciler import run
from reconciler.cli import run_command
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox

NAMES = [f"user{number}@widget.example" for number in range(7)]
ORGANISATION: dict[str, Any] = {
    "users": [{"userName": name} for name in NAMES],
    "groups": [{"displayName": "All", "members": NAMES}, {"displayName": "Some", "members": NAMES[:2]}],
}
WRITES = 7 + 4 + 1
"""At two members a request."""


@contextmanager
def service(folder: Path, **options: Any) -> Iterator[Sandbox]:
    """A sandbox on a port and the manifests for it."""
    sandbox = open_sandbox(SandboxOptions(database=None, seeded=False, **options))
    with serve(sandbox) as served:
        write(folder, served.url, ORGANISATION)
        yield sandbox
    sandbox.close()


def write(folder: Path, url: str, organisation: dict[str, Any]) -> None:
    limits = {"requestsPerTwoSeconds": 10**6, "membersPerRequest": 2}
    tenant = {"kind": "Tenant", "name": "t", "endpoint": url, "dialect": "4me", "limits": limits}
    with (folder / "all.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump_all(
            [
                tenant,
                {"kind": "Users", "users": organisation["users"]},
                {"kind": "Groups", "groups": organisation["groups"]},
            ],
            file,
        )


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], list[str]]]:
    def call(*arguments: object) -> tuple[int, list[str], list[str]]:
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), [_timeless(line) for line in captured.err.splitlines()]

    return call


def _timeless(text: str) -> str:
    return re.sub(r"5\d min( \d+ s)?|1 h", "SPAN", re.sub(r"\d\d:\d\d:\d\d", "CLOCK", text))


def writes(sandbox: Sandbox) -> int:
    return sum(1 for each in sandbox.requests if each.method != "GET")


def test_plan_and_apply_say_what_the_server_then_sees(
    cli: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path
) -> None:
    folder, saved = tmp_path / "m", tmp_path / "plan.json"
    folder.mkdir()
    with service(folder) as sandbox:
        code, out, err = cli("plan", folder, "--format", "json", "--out", saved)
        left = 3600 - len(sandbox.requests)
        assert (code, err[0]) == (
            0,
            f"apply will need {WRITES} requests: {left:,} are left this hour, done within seconds",
        )
        assert "\n".join(out) == saved.read_text(encoding="utf-8").rstrip()
        code, _, err = cli("apply", folder, "--plan", saved)
        assert (code, err[0].partition(":")[0]) == (0, f"apply will need {WRITES} requests")
        assert (writes(sandbox), cli("plan", folder)[2]) == (WRITES, [])
        url = re.search("http://[^\n]*", (folder / "all.yaml").read_text(encoding="utf-8"))
        assert url
        write(folder, url[0], ORGANISATION | {"groups": [{"displayName": "All", "members": NAMES[:2]}]})
        err = cli("plan", folder, "--allow", "membershipRemovals=7", "--allow", "deactivations=9")[2]
        assert err[0].partition(":")[0] == "apply will need 4 requests"
        cli("apply", folder, "--yes", "--allow", "membershipRemovals=7", "--allow", "deactivations=9")
        assert writes(sandbox) == WRITES + 4
        assert {each.status for each in sandbox.requests} <= {200, 201}


def test_a_wait_that_is_too_long_ends_a_plan(
    cli: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path
) -> None:
    with service(tmp_path, rate_limit=3) as sandbox:
        for command in ("check", "plan", "drift", "plan"):
            code, out, err = cli(command, tmp_path, "--max-wait", "10m")
            assert (code, out, err) == (
                1,
                [],
                [
                    "error: SPAN to wait, until CLOCK: the hour's 3 requests are used up",
                    "hint: run it again then, or allow a longer wait with --max-wait",
                ],
            )
        assert [each.status for each in sandbox.requests] == [200] * 3
    kept = tmp_path / "state" / "pacing" / "t.json"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (kept, kept.parent)] == [0o600, 0o700]
    assert json.loads(kept.read_text(encoding="utf-8"))["remaining"] == 0


def test_an_apply_that_would_wait_too_long_is_done_in_part_and_continues(
    cli: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_APPLY_MAX_WAIT", "10m")
    with service(tmp_path, rate_limit=9) as sandbox:
        code, out, err = cli("apply", tmp_path, "--yes")
        assert (code, err[-2:]) == (
            4,
            ["error: applied in part: 2 action(s) not done", "hint: run it again, it continues"],
        )
        reason = "SPAN to wait, until CLOCK: the hour's 9 requests are used up"
        told = " ".join(_timeless("\n".join(out)).split()).removesuffix("Applied: 7 of 9 done, 0 failed, 2 skipped.")
        assert sorted(map(str.strip, told.split("skipped + ")[1:])) == [f"Group All {reason}", f"Group Some {reason}"]
        assert {each.status for each in sandbox.requests} == {200, 201}
        assert len(sandbox.requests) == 9


@pytest.mark.parametrize("value", ["soon", "-1", "1d"])
def test_what_is_no_duration_is_wrong_usage(
    cli: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path, value: str
) -> None:
    assert cli("plan", tmp_path, "--max-wait", value)[0] == 64


def test_check_tells_limit_and_reset(cli: Callable[..., tuple[int, list[str], list[str]]], tmp_path: Path) -> None:
    with service(tmp_path, rate_limit=50) as sandbox:
        line = next(line for line in cli("check", tmp_path)[1] if line.startswith("left"))
        left = 50 - len(sandbox.requests)
    assert re.fullmatch(rf"left      {left} of 50 requests this hour, more from [\d :-]+ on", line)


def test_a_stop_ends_the_wait_of_an_apply(tmp_path: Path) -> None:
    stop, talk = Event(), list[str]()

    def on_talk(text: str) -> None:
        talk.append(_timeless(text))
        Timer(0.1, stop.set).start()

    with service(tmp_path, rate_limit=9) as sandbox:
        start = monotonic()
        applied = run.apply(
            run.PlanOptions(tmp_path, tmp_path / "state", on_talk=on_talk),
            run.ApplyOptions(confirm=lambda _planned: True, stop=stop),
        )
        assert monotonic() - start < 10
        assert talk == ["waiting SPAN, until CLOCK: the hour's 9 requests are used up"]
        assert {(each.status.value, each.detail) for each in applied.outcomes} == {
            ("done", ""),
            ("skipped", "stopped before it was started"),
        }
        assert len(sandbox.requests) == 9


@pytest.mark.parametrize(
    ("words", "limit", "code"), [(["plan"], 1, 130), (["apply", "--yes"], 1, 130), (["apply", "--yes"], 9, 4)]
)
def test_ctrl_c_ends_a_wait(tmp_path: Path, words: list[str], limit: int, code: int) -> None:
    program = "import sys; from reconciler.cli import main; main()"
    command = [sys.executable, "-c", program, "--state-dir", str(tmp_path / "state"), *words, str(tmp_path)]
    with service(tmp_path, rate_limit=limit):
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert started.stderr
        while "waiting" not in (line := started.stderr.readline()):
            assert line
        start = monotonic()
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=30)
        assert (started.returncode, monotonic() - start < 5) == (code, True)
