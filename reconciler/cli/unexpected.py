"""What no one foresaw: told in a sentence, with where it happened in a file of the state directory.

That account has the lines of code that were passed and the types of the errors, and nothing else: no values and no
messages, which could hold names or the token. So it may be shown to anybody.
"""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

import reconciler
from reconciler.errors import Bug, OperatorError, ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.cli.console import Console

_WRITING = ("apply",)
_PACKAGES = (str(Path(reconciler.__file__).parents[1]), "site-packages", "lib")


def as_expected(error: Exception, console: Console | None, command: str | None) -> ReconcilerError:
    """What to tell instead of a traceback: the machine's refusal, or a bug. The account is written, if it can be."""
    if isinstance(error, MemoryError):
        return OperatorError(f"there is not enough memory for this{_so_far(command)}")
    account = describe(error, command)
    if console and console.verbose:
        console.detail(account)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        message = f"the machine refused: {error.strerror or type(error).__name__}{where}{_so_far(command)}"
        return OperatorError(message, hint=None if console and console.verbose else "reconciler -v shows where")
    name = f"reconciler {reconciler.__version__}"
    return Bug(f"this is a bug in {name} ({type(error).__name__}){_so_far(command)}", hint=_hint(account, console))


def describe(error: BaseException, command: str | None) -> str:
    """Where an error came from, and what led to it first: types, modules, lines of code."""
    machine = f"Python {platform.python_version()}, {platform.system()}"
    heading = f"reconciler {reconciler.__version__}, {machine}, command {command or 'none'}"
    return "\n".join([heading, *_tell(error)])


def _tell(error: BaseException) -> Iterator[str]:
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) and before not in chain:
        chain.append(before)
    for each in reversed(chain):
        yield f"{type(each).__module__}.{type(each).__qualname__}"
        for frame in extract_tb(each.__traceback__):
            yield f"  {_shortened(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line}"


def _shortened(path: str) -> str:
    """A file's path without that of the machine's folders above its package."""
    for folder in _PACKAGES:
        _, found, inside = path.rpartition(f"{folder}{os.sep}")
        if found:
            return inside
    return Path(path).name


def _so_far(command: str | None) -> str:
    if command not in _WRITING:
        return "; nothing was changed in 4me"
    return "; what was done until then is in the journal (reconciler history), and running it again continues"


def _hint(account: str, console: Console | None) -> str:
    if console and (written := _write(account, console.state)):
        return f"please report it with {written}, which says where it happened and holds no names and no token"
    return "please report it with what -v shows, which says where it happened and holds no names and no token"


def _write(account: str, state: Path) -> Path | None:
    path = state / f"unexpected-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.txt"
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{account}\n")
    except OSError:
        return None
    return path
