"""The files of a manifests folder: every `*.yaml` and `*.yml` below it, sorted, hidden ones skipped."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError, OperatorError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    finder = _Finder(folder)
    finder.walk(folder)
    problems = finder.problems
    for name in sorted(finder.names):
        try:
            files.append(_read(folder / name, name))
        except ManifestError as error:
            problems += error.problems
    return files, problems


def manifests_digest(files: Sequence[ManifestFile]) -> str:
    """`sha256:<hex>` over names and contents."""
    listing = "\n".join(f"{file.digest}  {file.name}" for file in files)
    return f"sha256:{sha256(listing.encode()).hexdigest()}"


@dataclass(slots=True)
class _Finder:
    """Names of the manifest files below a folder. Each folder is entered once, however many links lead to it."""

    folder: Path
    names: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    def walk(self, folder: Path) -> None:
        self.entered.add(os.path.realpath(folder))
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: (entry.is_symlink(), entry.name))
        except OSError as error:
            self._report(folder, f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            if not entry.name.startswith("."):
                self._visit(folder / entry.name, entry)

    def _visit(self, path: Path, entry: os.DirEntry[str]) -> None:
        is_manifest = entry.name.endswith((".yaml", ".yml"))
        is_folder = path.is_dir()
        if not (is_manifest or is_folder):
            return
        if entry.is_symlink() and not self._holds(path):
            self._report(path, "a symbolic link that leaves the manifests folder")
        elif not entry.name.isprintable():
            self._report(path, "a name with characters that cannot be shown: rename it")
        elif not is_folder:
            self.names.append(path.relative_to(self.folder).as_posix())
        elif os.path.realpath(path) not in self.entered:
            self.walk(path)

    def _holds(self, path: Path) -> bool:
        root = os.path.realpath(self.folder)
        return os.path.commonpath((root, os.path.realpath(path))) == root

    def _report(self, path: Path, message: str) -> None:
        self.problems.append(Problem(to_visible(path.relative_to(self.folder).as_posix()), 1, 1, message))


def to_visible(text: str) -> str:
    """Text whose line breaks, terminal escapes and other unprintable characters are spelt out."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _read(path: Path, name: str) -> ManifestFile:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _problem(name, "not a regular file")
        if found.st_size > MAX_BYTES:
            raise _problem(
                name, f"{found.st_size} bytes are more than the {MAX_BYTES} that a manifest may have: split it"
            )
        data = path.read_bytes()
    except OSError as error:
        raise _problem(name, f"cannot be read: {error.strerror}") from error
    return ManifestFile(name, _decode(data.removeprefix(_BOM), name), sha256(data).hexdigest())


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        raise _problem(name, message, *_place(data[: error.start].decode("utf-8"))) from None
    if "\0" in text:
        raise _problem(name, "a NUL character: this is not a text file", *_place(text[: text.index("\0")]))
    return text


def _place(before: str) -> tuple[int, int]:
    """Line and column that follow a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _problem(name: str, message: str, line: int = 1, column: int = 1) -> ManifestError:
    return ManifestError([Problem(name, line, column, message)])
