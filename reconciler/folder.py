"""A set of text files written below a folder: all of them, or none.

They are written to a hidden folder beside their place first, so that whatever can go wrong does so before anything is
replaced.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LISTED = 5


@contextmanager
def stage(files: Mapping[str, str], near: Path) -> Iterator[Path]:
    """The files (posix path -> text) in a folder of their own in `near`, which goes when this ends.

    Raises OperatorError where they cannot be written.
    """
    created = _create(near)
    try:
        hidden = Path(mkdtemp(prefix=".reconciler-", dir=near))
    except OSError as error:
        raise _unwritable(near, error) from error
    try:
        staged = hidden / "staged"  # with the mode that folders have here; what mkdtemp makes is its owner's only
        for name, text in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        yield staged
    except OSError as error:
        raise _unwritable(near, error) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        for each in reversed(created):
            if not any(each.iterdir()):
                each.rmdir()


def place(staged: Path, folder: Path, outdated: Iterable[str] = ()) -> None:
    """Move staged files to where they belong, over what is there; `outdated` files there go. Raises OperatorError."""
    try:
        if not folder.exists():
            staged.rename(folder)
            return
        paths = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        for path in paths:
            (folder / path.relative_to(staged)).parent.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.replace(folder / path.relative_to(staged))
        for name in outdated:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def find_existing(folder: Path, names: Iterable[str]) -> list[str]:
    """Those of the files that exist already."""
    return [name for name in names if (folder / name).exists()]


def list_files(names: list[str]) -> str:
    """A few names, and how many others there are."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _create(folder: Path) -> list[Path]:
    """The folder with its parents; which of them are new."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return missing[::-1]


def _unwritable(folder: Path, error: OSError) -> OperatorError:
    return OperatorError(f"{error.filename or folder} cannot be written: {error.strerror}")
