"""Two runs on one state directory: the second waits, or refuses; no lock outlives the process that held it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import pytest

from reconciler import run
from reconciler.cli import run_command
from reconciler.errors import OperatorError, Stopped
from reconciler.sandbox import Organisation
from reconciler.state_lock import LockWait, find_holder, hold_state
from tests.services import declare, options, service, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.plan_model import Outcome

HOLDER = r"another run holds \S+/state: `apply` by pid \d+ on [\w.-]+, since \d\d:\d\d:\d\d"
HOLDING = """
import sys
from pathlib import Path
from threading import Event
from reconciler.state_lock import LockWait, hold_state
with hold_state(Path(sys.argv[1]), "apply", LockWait(0, Event(), print)):
    print("held", flush=True)
    Event().wait()
"""


def refuse_talk(text: str) -> None:
    raise AssertionError(text)


def wait(timeout: float = 0, on_talk: object = refuse_talk) -> LockWait:
    return LockWait(timeout, Event(), on_talk)  # type: ignore[arg-type]


@contextmanager
def held_by_another(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the state directory until it is killed."""
    started = subprocess.Popen([sys.executable, "-c", HOLDING, str(state)], stdout=subprocess.PIPE, text=True)
    assert started.stdout
    try:
        assert started.stdout.readline() == "held\n"
        yield started
    finally:
        started.kill()
        started.communicate()


def test_it_says_who_holds_it_and_leaves_a_private_file(tmp_path: Path) -> None:
    state = tmp_path / "a" / "state"
    with hold_state(state, "apply", wait()) as unkept:
        assert unkept is None
        entry = json.loads((state / "lock").read_text())
        assert (entry["command"], entry["pid"]) == ("apply", os.getpid())
    assert [stat.S_IMODE(each.stat().st_mode) for each in (state / "lock", state)] == [0o600, 0o700]
    assert (state / "lock").read_bytes() == b""


def test_no_lock_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with held_by_another(state) as other:
        with pytest.raises(OperatorError) as refused, hold_state(state, "plan", wait()):
            pass
        assert re.fullmatch(f"{HOLDER}; waited 0 s", refused.value.message)
        assert f"pid {other.pid} on" in refused.value.message
        assert "--lock-timeout" in str(refused.value.hint)
        other.kill()
        other.wait()
        with hold_state(state, "plan", wait()) as unkept:
            assert unkept is None


def test_the_second_waits_and_goes_on(tmp_path: Path) -> None:
    talk: list[str] = []
    state = tmp_path / "state"
    with held_by_another(state) as other:

        def on_talk(text: str) -> None:
            talk.append(text)
            other.kill()

        with hold_state(state, "plan", wait(60, on_talk)):
            pass
    assert len(talk) == 1
    assert re.fullmatch(f"{HOLDER}; waiting up to 1 min", talk[0])


def test_the_wait_ends_when_the_run_is_stopped(tmp_path: Path) -> None:
    state, stop = tmp_path / "state", Event()
    with (
        held_by_another(state),
        pytest.raises(Stopped),
        hold_state(state, "plan", LockWait(60, stop, lambda _text: stop.set())),
    ):
        pass


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"command": "apply", "pid": 1, "host": "h", "since": "yesterday"}',
        b'{"command": "\\u001b[2J", "pid": 1, "host": "h", "since": "2026-11-01T00:00:00Z"}',
        b'{"command": "plan", "pid": 1, "host": "a b", "since": "2026-11-01T00:00:00Z"}',
        b'{"command": "plan", "pid": 1e999, "host": "h", "since": "2026-11-01T00:00:00Z"}',
    ],
)
def test_what_the_lock_file_says_wrongly_is_not_repeated(tmp_path: Path, said: bytes) -> None:
    with (tmp_path / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(said)
        file.flush()
        with pytest.raises(OperatorError) as refused, hold_state(tmp_path, "plan", wait()):
            pass
    assert refused.value.message == f"another run holds {tmp_path}; waited 0 s"


def test_a_lock_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Who waited for the removed one would hold nothing that others see."""
    state = tmp_path / "state"
    with held_by_another(state) as other:

        def on_talk(_text: str) -> None:
            (state / "lock").unlink()
            other.kill()

        with (
            hold_state(state, "plan", wait(60, on_talk)),
            (state / "lock").open("rb") as file,
            pytest.raises(BlockingIOError),
        ):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def make_symlink(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, make_symlink], ids=["directory", "FIFO", "symlink"])
def test_what_is_no_file_is_no_lock(tmp_path: Path, make: object) -> None:
    state = tmp_path / "state"
    state.mkdir()
    make(state / "lock")  # type: ignore[operator]
    with pytest.raises(OperatorError, match=r"lock is not a file"), hold_state(state, "plan", wait()):
        pass
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_two_runs_take_turns(tmp_path: Path) -> None:
    """The whole run is one turn: a plan in the middle of an apply, between two of its writes, is refused."""
    with service(organisation=Organisation(3)) as (_, url):
        organisation = declare(3, 0, 0)
        for user in organisation["users"]:
            user["title"] = "Changed"
        write(tmp_path / "manifests", organisation, url)
        impatient = replace(options(tmp_path), lock_timeout=0, command="plan")
        asked: list[str] = []

        def on_outcome(_outcome: Outcome, _total: int) -> None:
            with pytest.raises(OperatorError) as refused:
                run.plan(impatient)
            asked.append(refused.value.message)

        how = run.ApplyOptions(confirm=lambda _planned: True, on_outcome=on_outcome)
        run.apply(replace(options(tmp_path), command="apply"), how)
        assert len(asked) == 3
        assert all(re.fullmatch(f"{HOLDER}; waited 0 s", each) for each in asked)
        assert run.plan(impatient).plan.actions == ()


@pytest.mark.parametrize("command", ["plan", "apply", "drift", "check"])
def test_each_command_waits_for_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    with service(organisation=Organisation(3)) as (sandbox, url), held_by_another(state) as other:
        write(tmp_path / "manifests", declare(3, 0, 0), url)
        words = ["--state-dir", str(state), "--lock-timeout", "0", command, str(tmp_path / "manifests")]
        assert run_command(words) == 1
        assert re.match(f"error: {HOLDER}; waited 0 s\nhint: ", capsys.readouterr().err)
        monkeypatch.setenv("RECONCILER_LOCK_TIMEOUT", "0.01s")
        assert run_command(words[:2] + words[4:]) == 1
        told = capsys.readouterr().err.splitlines()
        assert re.fullmatch(f"{HOLDER}; waiting up to 1 s", told[0])
        assert sandbox.requests == []
        other.kill()
        other.wait()
        assert run_command([*words, "--yes"] if command == "apply" else words) == 0


def test_ctrl_c_ends_the_wait(tmp_path: Path) -> None:
    program = "from reconciler.cli import main; main()"
    with service(organisation=Organisation(3)) as (_, url), held_by_another(tmp_path / "state"):
        write(tmp_path / "manifests", declare(3, 0, 0), url)
        for command in ("plan", "apply"):
            words = ["--state-dir", str(tmp_path / "state"), command, str(tmp_path / "manifests")]
            started = subprocess.Popen([sys.executable, "-c", program, *words], stderr=subprocess.PIPE, text=True)
            assert started.stderr
            assert "waiting up to 1 min" in started.stderr.readline()
            started.send_signal(signal.SIGINT)
            assert (started.communicate(timeout=30)[1].strip(), started.returncode) == ("interrupted", 130)


def test_where_nothing_can_be_kept_plan_works_and_apply_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    state = tmp_path / "file" / "state"
    with service(organisation=Organisation(3)) as (sandbox, url):
        organisation = declare(3, 0, 0)
        organisation["users"][0]["title"] = "Changed"
        write(tmp_path / "manifests", organisation, url)
        for command, code in (("plan", 0), ("drift", 2), ("validate", 0)):
            assert run_command(["--state-dir", str(state), command, str(tmp_path / "manifests")]) == code
            told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("the state directory")]
            said = f"the state directory {state} cannot be used (Not a directory): nothing is kept there"
            assert told == ([] if command == "validate" else [said])
        before = len(sandbox.requests)
        assert run_command(["--state-dir", str(state), "apply", str(tmp_path / "manifests"), "--yes"]) == 1
        assert capsys.readouterr().err.splitlines()[-2:] == [
            f"error: an apply keeps a journal, and the state directory {state} cannot be used: Not a directory",
            "hint: nothing was changed in 4me; name a directory that can be written with --state-dir",
        ]
        assert len(sandbox.requests) == before


def test_an_embedded_sandbox_needs_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    state = tmp_path / "file" / "state"
    write(tmp_path / "manifests", declare(3, 0, 0), "sandbox:")
    assert run_command(["--state-dir", str(state), "plan", str(tmp_path / "manifests")]) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"error: the sandbox's database cannot be kept in {state / 'sandbox'}: Not a directory",
        "hint: name another directory with --state-dir, or the database with `endpoint: sandbox:PATH`",
    ]


def test_a_folder_that_may_not_be_written_is_not_locked(tmp_path: Path) -> None:
    """Whoever runs this; root may write everywhere."""
    tmp_path.chmod(0o500)
    with hold_state(tmp_path, "plan", wait()) as unkept:
        assert unkept == (None if os.access(tmp_path, os.W_OK) else "it may not be written")
    tmp_path.chmod(0o700)


def test_history_says_that_a_run_is_going_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    assert find_holder(state) is None
    with held_by_another(state):
        assert re.fullmatch(HOLDER, find_holder(state) or "")
        assert run_command(["--state-dir", str(state), "history"]) == 0
        said = f"{HOLDER}: what it has not finished yet is shown as interrupted\n"
        assert re.fullmatch(said, capsys.readouterr().err)
    assert find_holder(state) is None
    assert run_command(["--state-dir", str(state), "history"]) == 0
    assert capsys.readouterr().err == ""
