"""The files of a manifests folder: every `*.yaml` and `*.yml` below it, sorted, hidden ones skipped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError, OperatorError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest's name (posix path below the folder) and text."""

    name: str
    text: str
    digest: str


def read_files(folder: Path) -> tuple[list[ManifestFile], list[Problem]]:
    """All manifest files below `folder`, and what is wrong with those that cannot be read.

    Raises OperatorError where the folder is none.
    """
    if not folder.is_dir():
        raise OperatorError(f"no manifests folder {folder}", hint="name it: reconciler plan FOLDER")
    files: list[ManifestFile] = []
    problems: list[Problem] = []
    root = folder.resolve()
    for path in _find(folder):
        name = path.relative_to(folder).as_posix()
        try:
            files.append(_read(path, name, root))
        except ManifestError as error:
            problems += error.problems
    return files, problems


def manifests_digest(files: Sequence[ManifestFile]) -> str:
    """`sha256:<hex>` over names and contents."""
    listing = "\n".join(f"{file.digest}  {file.name}" for file in files)
    return f"sha256:{sha256(listing.encode()).hexdigest()}"


def _find(folder: Path) -> list[Path]:
    return sorted(_walk(folder, frozenset()), key=lambda path: path.relative_to(folder).as_posix())


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    resolved = folder.resolve()
    if resolved in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            if entry.is_dir():
                yield from _walk(path, above | {resolved})
            elif entry.name.endswith((".yaml", ".yml")):
                yield path


def _read(path: Path, name: str, root: Path) -> ManifestFile:
    if not path.resolve().is_relative_to(root):
        raise _problem(name, "a symbolic link that leaves the manifests folder")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _problem(name, f"{size} bytes are more than the {MAX_BYTES} that a manifest may have: split it")
        data = path.read_bytes()
    except OSError as error:
        raise _problem(name, f"cannot be read: {error.strerror}") from error
    return ManifestFile(name, _decode(data.removeprefix(_BOM), name), sha256(data).hexdigest())


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - before.rfind(b"\n")
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        raise _problem(name, message, before.count(b"\n") + 1, column) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _problem(name, "a NUL character: this is not a text file", line)
    return text


def _problem(name: str, message: str, line: int = 1, column: int = 1) -> ManifestError:
    return ManifestError([Problem(name, line, column, message)])
