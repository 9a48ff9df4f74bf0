"""Nobody else on the machine reads what a run leaves: files are 0600, directories 0700, whatever the umask says."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from reconciler.cli import run_command
from tests.secrets.test_token import COMMANDS, ORGANISATION
from tests.services import service, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ALLOWED = ("--allow", "deactivations=99", "--allow", "membershipRemovals=99")


def test_files_are_0600_and_directories_0700(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with service() as (_, url):
        write(tmp_path / "manifests", ORGANISATION, url, "4me")
        write(tmp_path / "embedded", ORGANISATION, "sandbox:", "4me")
        usual = os.umask(0)
        try:
            for arguments in (*COMMANDS, ("apply", "embedded", "--yes", *ALLOWED)):
                assert run_command(["--state-dir", "deep/state", *arguments]) == 0
        finally:
            os.umask(usual)
    kept = [*(tmp_path / "deep").rglob("*"), tmp_path / "plan.json"]
    assert len(kept) > len(COMMANDS)
    wrong = {str(path): oct(mode) for path in kept if (mode := stat.S_IMODE(path.stat().st_mode)) != expected(path)}
    assert wrong == {}


def expected(path: Path) -> int:
    return 0o700 if path.is_dir() else 0o600
