"""No traceback reaches a user: what nobody foresaw is a sentence, and an account that holds no data."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler import __version__
from reconciler.cli import LazyGroup, Start, root
from reconciler.cli.log import Log
from reconciler.errors import Bug, OperatorError

SECRET = "Bearer tok-0123456789 of ann@widget.example"
NOTHING = "; nothing was changed in 4me"
SO_FAR = "; what was done until then is in the journal (reconciler history), and running it again continues"


class Broken(LazyGroup):
    """The command line, of which every command fails with one error."""

    def __init__(self, error: Exception) -> None:
        super().__init__("reconciler", params=root.params, callback=root.callback)
        self.error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def fail() -> None:
            try:
                int(SECRET)
            except ValueError as earlier:
                raise self.error from earlier

        return click.Command(cmd_name, callback=fail)


def fail(error: Exception, *arguments: str) -> Bug | OperatorError:
    with pytest.raises((Bug, OperatorError)) as caught:
        Broken(error).main(list(arguments), standalone_mode=False, obj=Start(Log()))
    assert isinstance(caught.value, (Bug, OperatorError))
    return caught.value


@pytest.mark.parametrize(("command", "so_far"), [("plan", NOTHING), ("apply", SO_FAR)], ids=["plan", "apply"])
def test_a_bug_is_called_one_and_its_account_holds_no_data(tmp_path: Path, command: str, so_far: str) -> None:
    state = tmp_path / "state"
    told = fail(KeyError(SECRET), "--state-dir", str(state), command)
    assert (type(told), told.exit_code) == (Bug, 70)
    assert told.message == f"this is a bug in reconciler {__version__} (KeyError){so_far}"
    (written,) = state.iterdir()
    assert told.hint == f"please report it with {written}, which says where it happened and holds no names and no token"
    assert (stat.S_IMODE(written.stat().st_mode), stat.S_IMODE(state.stat().st_mode)) == (0o600, 0o700)
    heading, *lines = written.read_text(encoding="utf-8").splitlines()
    assert heading.startswith(f"reconciler {__version__}, Python 3.")
    assert heading.endswith(f", command {command}")
    assert [each for each in lines if not each.startswith(" ")] == ["builtins.ValueError", "builtins.KeyError"]
    assert any(each.startswith("  reconciler/cli/__init__.py:") for each in lines)
    assert not any(part in written.read_text(encoding="utf-8") for part in (*SECRET.split(), os.fspath(tmp_path)))


def test_verbose_shows_the_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fail(KeyError(SECRET), "--state-dir", str(tmp_path / "state"), "-v", "plan")
    err = capsys.readouterr().err
    assert "builtins.KeyError\n  reconciler/cli/__init__.py:" in err
    assert "tok-" not in err


def test_a_state_directory_that_cannot_be_written_changes_the_hint_only(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = fail(KeyError(SECRET), "--state-dir", str(tmp_path / "file" / "state"), "plan")
    assert (
        told.hint == "please report it with what -v shows, which says where it happened and holds no names and no token"
    )


def test_what_the_machine_refuses_is_no_bug(tmp_path: Path) -> None:
    told = fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x.db"), "--state-dir", str(tmp_path), "plan")
    assert (told.exit_code, told.message) == (1, f"the machine refused: No space left on device: x.db{NOTHING}")
    assert fail(MemoryError(), "plan").message == f"there is not enough memory for this{NOTHING}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from reconciler.cli import main; main()", "schema"],
            stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr, "No space left" in done.stderr) == (1, False, True)
