"""The lock of the state directory: one run at a time.

Touches `<state directory>/lock` only (0600, its directory 0700). The lock is the kernel's (flock), so that it ends with
the process that holds it, however that ends: there is no stale lock. The file stays, and says who holds it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from errno import EAGAIN
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.durations import show_seconds
from reconciler.core.times import format_time
from reconciler.errors import OperatorError, Stopped
from reconciler.state_files import NotAFile, is_there

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from threading import Event

LOCK_TIMEOUT = 60.0
"""Seconds to wait for another run, unless told otherwise."""
_LOOK_EVERY = 0.2
_LONGEST_ENTRY = 4096
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class LockWait(NamedTuple):
    """How to wait for another run: so many seconds, until `stop` is set; `on_talk` hears who is waited for."""

    timeout: float
    stop: Event
    on_talk: Callable[[str], None]


@contextmanager
def hold_state(state: Path, command: str, wait: LockWait) -> Iterator[str | None]:
    """Keep other runs out of the state directory for the length of the block.

    Yields why nothing can be kept there, or None; there is no lock then, since nothing is written. Raises OperatorError
    where another run holds it for too long, or where the lock is no file, and Stopped.
    """
    path, unkept, descriptor = state / "lock", None, -1
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(state, os.W_OK | os.X_OK):
            raise PermissionError(None, "it may not be written")
        descriptor = _lock(path, wait)
    except OSError as error:
        unkept = error.strerror or str(error)
    if unkept:
        yield unkept
        return
    try:
        _sign(descriptor, command)
        yield None
    finally:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def find_holder(state: Path) -> str | None:
    """Who holds the state directory now, for who only looks; None where nobody does, or that cannot be told."""
    path = state / "lock"
    with suppress(OSError):
        if fcntl is None or not is_there(path):
            return None
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _describe(path)
        finally:
            os.close(descriptor)
    return None


def _lock(path: Path, wait: LockWait) -> int:
    """The open lock file, locked; once more where somebody removed the file meanwhile."""
    while True:
        _refuse_strange(path)
        descriptor = os.open(path, _OPEN, 0o600)
        try:
            _acquire(descriptor, path, wait)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _refuse_strange(path: Path) -> None:
    try:
        is_there(path)
    except NotAFile:
        raise OperatorError(
            f"{path} is not a file: the state directory cannot be locked", hint="look what it is, and remove it"
        ) from None


def _acquire(descriptor: int, path: Path, wait: LockWait) -> None:
    deadline = time.monotonic() + wait.timeout
    told = False
    while not _try_lock(descriptor, path, wait.on_talk):
        left = deadline - time.monotonic()
        if left <= 0:
            raise OperatorError(
                f"{_describe(path)}; waited {show_seconds(wait.timeout)}",
                hint="run it again once that has ended, or allow a longer wait with --lock-timeout, which stands before"
                " the command; work that has nothing to do with that run can have another --state-dir",
            )
        if not told:
            wait.on_talk(f"{_describe(path)}; waiting up to {show_seconds(wait.timeout)}")
            told = True
        if wait.stop.wait(min(left, _LOOK_EVERY)):
            raise Stopped("stopped while it waited for another run")


def _try_lock(descriptor: int, path: Path, on_talk: Callable[[str], None]) -> bool:
    """Whether the lock is ours. Where the file system has no locks, it is said that there is none."""
    reason = "no such thing on this system"
    if fcntl:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == EAGAIN:
                return False
            reason = str(error.strerror)
        else:
            return True
    on_talk(f"{path.parent} cannot be locked ({reason}): see to it that no other run uses it at the same time")
    return True


def _sign(descriptor: int, command: str) -> None:
    """Say who holds it. A disk that is full is no reason to go on without the lock."""
    since = format_time(datetime.now(UTC), "seconds")
    entry = {"command": command, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(entry).encode() + b"\n")


def _describe(path: Path) -> str:
    """Who holds the lock, as far as the file says so in the form that it is written in here."""
    holder = f"another run holds {path.parent}"
    try:
        entry = json.loads(path.read_bytes()[:_LONGEST_ENTRY])
        command, host, pid = str(entry["command"]), str(entry["host"]), int(entry["pid"])
        since = datetime.fromisoformat(entry["since"]).astimezone()
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return holder
    if not re.fullmatch(r"[\w-]{1,40}", command) or not re.fullmatch(r"[\w.-]{1,255}", host):
        return holder
    today = since.date() == datetime.now().astimezone().date()
    return f"{holder}: `{command}` by pid {pid} on {host}, since {since:{'%H:%M:%S' if today else '%Y-%m-%d %H:%M:%S'}}"
