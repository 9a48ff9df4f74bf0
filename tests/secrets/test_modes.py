"""Nobody else on the machine reads what a run leaves: files are 0600, directories 0700, whatever the umask says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.secrets.test_token import COMMANDS, MAIN, ORGANISATION
from tests.services import service, write

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = ("--allow", "deactivations=99", "--allow", "membershipRemovals=99")


def test_files_are_0600_and_directories_0700(tmp_path: Path) -> None:
    with service() as (_, url):
        write(tmp_path / "manifests", ORGANISATION, url, "4me")
        write(tmp_path / "embedded", ORGANISATION, "sandbox:", "4me")
        embedded = [("apply", "embedded", "--yes", *ALLOWED)]
        for arguments in (*COMMANDS, *embedded):
            command = [sys.executable, "-c", MAIN, "--state-dir", "deep/state", *arguments]
            subprocess.run(command, cwd=tmp_path, umask=0, check=True, capture_output=True, env=os.environ)
    kept = [*(tmp_path / "deep").rglob("*"), tmp_path / "plan.json"]
    assert len(kept) > len(COMMANDS)
    wrong = {str(path): oct(mode) for path in kept if (mode := stat.S_IMODE(path.stat().st_mode)) != expected(path)}
    assert wrong == {}


def expected(path: Path) -> int:
    return 0o700 if path.is_dir() else 0o600
