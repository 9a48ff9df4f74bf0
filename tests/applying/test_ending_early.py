"""An apply that ends early says so, sends nothing else, and continues when it is run again."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.sandbox import parse_fault
from tests.applying.conftest import USERS, Tenant, tenant_on_a_port

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "import sys; from reconciler.cli import main; main()"


def change(tenant: Tenant, **keys: Any) -> None:
    for user in tenant.users:
        user["title"] = "Changed"
    tenant.declare(**keys)


def start(tenant: Tenant, *options: object) -> subprocess.Popen[str]:
    """The command, in a process of its own, when it has written some."""
    words = ["--state-dir", tenant.state, "apply", tenant.manifests, "--yes", *options]
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stderr
    while not (line := started.stderr.readline()).startswith("[3/"):
        assert line
    return started


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_finishes_what_is_under_way_and_continues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals, *, approved: bool
) -> None:
    with tenant_on_a_port(tmp_path, capsys, latency=0.03) as tenant:
        change(tenant, limits={"concurrency": 2, "requestsPerTwoSeconds": 10**6})
        assert tenant.run("plan", tenant.manifests, "--out", tenant.file)[0] == 0
        options = ("--plan", tenant.file) if approved else ()
        started = start(tenant, *options)
        started.send_signal(number)
        out, err = started.communicate(timeout=60)
        done = len(tenant.writes())
        assert (started.returncode, 3 <= done < USERS) == (4, True)
        assert "stopping: requests in flight finish first (Ctrl-C again to interrupt them)" in err.splitlines()
        assert err.splitlines()[-2:] == [
            f"error: stopped, applied in part: {USERS - done} action(s) not done",
            "hint: run it again, it continues",
        ]
        assert out.splitlines()[-1] == f"Applied: {done} of {USERS} done, 0 failed, {USERS - done} skipped."
        run = json.loads("\n".join(tenant.run("history", "--format", "json")[1]))[-1]["run"]
        entries = json.loads("\n".join(tenant.run("history", run, "--format", "json")[1]))
        end = entries[-1] if isinstance(entries, list) else entries["entries"][-1]
        assert {name: end[name] for name in ("entry", "done", "skipped", "halted", "spent")} == {
            "entry": "end",
            "done": done,
            "skipped": USERS - done,
            "halted": "stopped",
            "spent": False,
        }
        code, lines, _ = tenant.apply(*options)
        assert (code, f"Applied: {USERS - done} of {USERS - done} done." in lines) == (0, True)
        assert sorted(tenant.writes()) == sorted(f"PATCH /Users/{each}" for each in range(1, USERS + 1))


@pytest.mark.parametrize("approved", [False, True])
def test_a_token_that_expires_half_way_ends_it_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, approved: bool
) -> None:
    fault = parse_fault("status=401,method=PATCH,after=9")
    with tenant_on_a_port(tmp_path, capsys, faults=(fault,)) as tenant:
        change(tenant)
        assert tenant.run("plan", tenant.manifests, "--out", tenant.file)[0] == 0
        options = ("--plan", tenant.file) if approved else ()
        code, out, err = tenant.apply(*options)
        refused = sum(each.status == 401 for each in tenant.sandbox.requests)
        assert 1 <= refused <= 8  # those that were under way at once
        assert (code, err[-2:]) == (
            4,
            [
                "error: applied in part, the token is not accepted any more (HTTP 401): 31 action(s) not done",
                "hint: rotate the token in 4me (Settings > Apps), then run it again, it continues",
            ],
        )
        assert out[-1] == f"Applied: 9 of {USERS} done, {refused} failed, {USERS - 9 - refused} skipped."
        told = [line.strip() for line in out if "not started" in line]
        assert set(told) == {"not started: the token is not accepted any more (HTTP 401)"}
        tenant.sandbox.arm()
        code, out, _ = tenant.apply(*options)
        assert (code, "Applied: 31 of 31 done." in out) == (0, True)


def test_a_token_that_expires_before_the_read_back_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fault = parse_fault("status=401,method=GET,path=/Users/*")
    with tenant_on_a_port(tmp_path, capsys, faults=(fault,)) as tenant:
        change(tenant)
        code, _, err = tenant.apply("--canary", 4)
        assert (code, len(tenant.writes()), err[-1]) == (
            4,
            4,
            "hint: rotate the token in 4me (Settings > Apps), then run it again, it continues",
        )


def issued(days_ago: int) -> dict[str, Any]:
    return {"env": "FOURME_TOKEN", "issued": (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()}


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes", "--max-wait", "1s")])
def test_a_token_that_will_expire_meanwhile_is_foreseen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """Forty writes at one an hour take well into the token's last day."""
    monkeypatch.setenv("FOURME_TOKEN", "secret")
    with tenant_on_a_port(tmp_path, capsys) as tenant:
        limits = {"requestsPerHour": 10, "requestsPerTwoSeconds": 20}
        change(tenant, token=issued(30), limits=limits)
        _, _, err = tenant.run(command[0], tenant.manifests, *command[1:])
        told = [line for line in err if "it may end half-way" in line]
        expected = (
            "warning: the token expires on TIME (only the day is known), and this takes until about TIME TIME UTC: it"
            " may end half-way; rotate the token first (4me: Settings > Apps), or carry it out in parts (plan --target"
            " KEY --out FILE, then apply --plan FILE)"
        )
        assert [re.sub(r"\d\d(\d\d)?([-:]\d\d)+", "TIME", line) for line in told] == [expected]
        tenant.state = tmp_path / "another"
        change(tenant, token=issued(3), limits=limits)
        _, _, err = tenant.run(command[0], tenant.manifests, *command[1:])
        assert [line for line in err if "half-way" in line] == []


def test_a_token_that_has_expired_as_declared_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOURME_TOKEN", "secret")
    with tenant_on_a_port(tmp_path, capsys) as tenant:
        change(tenant, token=issued(32))
        for command in (("plan",), ("apply", "--yes")):
            _, _, err = tenant.run(command[0], tenant.manifests, *command[1:])
            assert [line.partition(" on ")[0] for line in err if "token" in line] == ["warning: the token expired"]
