"""The key that pseudonyms are made with, kept in the state directory: whoever has it can find out who is meant.

Touches `<state directory>/pseudonyms/key` only (directory 0700, file 0600).
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from reconciler.state_files import is_there

if TYPE_CHECKING:
    from pathlib import Path

BYTES = 32


def load_key(state: Path) -> bytes:
    """The key of this state directory, made where there is none yet, by one run only.

    Raises OSError where it can be neither read nor made, or is none.
    """
    path = state / "pseudonyms" / "key"
    if not is_there(path):
        _make(path)
    return _read(path)


def random_key() -> bytes:
    """A key for one run."""
    return secrets.token_bytes(BYTES)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != BYTES:
        raise OSError(None, "the file is damaged", str(path))
    return key


def _make(path: Path) -> None:
    """Whole or not at all; where another run was quicker, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".key.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(random_key())
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
