"""Files of the state directory: private, replaced whole or not at all, and never anything else than files.

What lies there may have been cut off by a power cut, or put there by somebody; nothing here follows a symbolic link to
a file, or waits for what is no file.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.plan_model import TenantIdentity


class NotAFile(OSError):
    """Something else is in the place of a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(None, "it is not a file", str(path))

    def __str__(self) -> str:
        return str(self.strerror)


def is_there(path: Path) -> bool:
    """Whether the file is there. Raises NotAFile for a symbolic link, a folder or what else is no file, and OSError."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise NotAFile(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def make_private(folder: Path) -> None:
    """The folder and the one that it is in, for this user only, also after a power cut. Raises OSError."""
    for each in (folder.parent, folder):
        if not each.is_dir():
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
            sync_folder(each.parent)


def tenant_file(folder: Path, tenant: TenantIdentity, suffix: str) -> Path:
    """The file in a folder that is about this tenant and account; nothing is touched."""
    mark = sha256("\n".join(map(str, (tenant.name, tenant.endpoint, tenant.account))).encode()).hexdigest()[:8]
    return folder.absolute() / f"{tenant.name}-{mark}{suffix}"


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A new private file beside `path`, to be filled in the block; it then takes its place, whole or not at all.

    `durable`: also where the power is cut. What a run that was killed left of such a file is overwritten. Raises
    OSError.
    """
    make_private(path.parent)
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield partial
        if durable:
            _sync(partial)
        partial.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """That its files are there, by these names, outlives a power cut, on file systems that can promise it."""
    with suppress(OSError):
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
