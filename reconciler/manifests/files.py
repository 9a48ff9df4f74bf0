"""The files of a manifests folder: every `*.yaml` and `*.yml` below it, sorted, hidden ones skipped. And data files."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import ManifestError, OperatorError, Problem
from reconciler.manifests.limits import MAX_BYTES, MAX_TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_MANIFESTS, _DATA = (".yaml", ".yml"), (".csv", ".json", ".jsonl", ".tsv", ".txt")
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe is not waited for; Windows is not to touch line breaks."""


class ManifestFile(NamedTuple):
    """A file's name (posix path below the folder), its bytes without a byte order mark, and the SHA-256 of all."""

    name: str
    data: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """All files that can be read, in order, and what is wrong with the others."""

    files: tuple[ManifestFile, ...]
    problems: tuple[Problem, ...]


def read_files(folder: Path, most: int = MAX_TOTAL) -> ManifestFiles:
    """All manifest files below `folder`, of so many bytes altogether. Raises OperatorError where the folder is none."""
    if not folder.is_dir():
        raise OperatorError(
            f"no manifests folder {folder}", hint="name it: reconciler plan FOLDER; `reconciler init` starts one"
        )
    finder = _Finder(os.fspath(folder), _MANIFESTS)
    finder.walk(finder.folder, "")
    files: list[ManifestFile] = []
    problems = finder.problems
    for name in sorted(finder.names):
        if most < 0:
            problems.append(Problem(files[-1].name, 1, 1, "with this file, the manifests are too large altogether"))
            break
        try:
            files.append(read_again(folder, name))
            most -= len(files[-1].data)
        except ManifestError as error:
            problems += error.problems
    return ManifestFiles(tuple(files), tuple(problems))


def digest_files(files: Iterable[ManifestFile]) -> str:
    """`sha256:<hex>` over names and contents."""
    return f"sha256:{sha256(chr(10).join(f'{each.digest.hex()}  {each.name}' for each in files).encode()).hexdigest()}"


def read_data(folder: Path, name: str) -> ManifestFile:
    """A data file. Raises ManifestError, FileNotFoundError where nothing has this name."""
    root = os.path.realpath(folder)
    path = f"{root}/{name}"
    if not os.path.lexists(path):
        raise FileNotFoundError(name)
    if not _is_below(root, path):
        raise _problem(name, "a symbolic link that leaves the manifests folder")
    return read_again(folder, name)


def find_data(folder: Path) -> list[str]:
    """Names of the files that may be data files, sorted."""
    finder = _Finder(os.fspath(folder), _DATA)
    finder.walk(finder.folder, "")
    return sorted(finder.names)


def is_manifest(name: str) -> bool:
    """Whether a file is YAML."""
    return name.endswith(_MANIFESTS)


def read_again(folder: Path, name: str) -> ManifestFile:
    """One of the files, once more or for the first time. Raises ManifestError."""
    data = _read(f"{os.fspath(folder)}/{name}", name)
    return ManifestFile(name, data.removeprefix(_BOM), sha256(data).digest())


def decode(file: ManifestFile) -> str:
    """The text of a file. Raises ManifestError where it is none."""
    name, data, _ = file
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        raise _problem(name, message, *_place(data[: error.start].decode("utf-8"))) from None
    if "\0" in text:
        raise _problem(name, "a NUL character: this is not a text file", *_place(text[: text.index("\0")]))
    return text


@dataclass(slots=True)
class _Finder:
    """Names of the files below a folder that end so. Each folder is entered once, however many links lead to it."""

    folder: str
    endings: tuple[str, ...]
    names: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    def walk(self, folder: str, prefix: str) -> None:
        self.entered.add(os.path.realpath(folder))
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: (entry.is_symlink(), entry.name))
        except OSError as error:
            self._report(prefix.rstrip("/") or ".", f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            if not entry.name.startswith("."):
                self._visit(entry, prefix + entry.name)

    def _visit(self, entry: os.DirEntry[str], name: str) -> None:
        is_folder = _is_folder(entry)
        if not (is_folder or name.endswith(self.endings)):
            return
        if entry.is_symlink() and not _is_below(os.path.realpath(self.folder), entry.path):
            self._report(name, "a symbolic link that leaves the manifests folder")
        elif not entry.name.isprintable():
            self._report(name, "a name with characters that cannot be shown: rename it")
        elif not is_folder:
            self.names.append(name)
        elif os.path.realpath(entry.path) not in self.entered:
            self.walk(entry.path, f"{name}/")

    def _report(self, name: str, message: str) -> None:
        self.problems.append(Problem(to_visible(name), 1, 1, message))


def _is_below(root: str, path: str) -> bool:
    return os.path.commonpath((root, os.path.realpath(path))) == root


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def to_visible(text: str) -> str:
    """Text whose line breaks, terminal escapes and other unprintable characters are spelt out."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _read(path: str, name: str) -> bytes:
    try:
        with open(os.open(path, _FLAGS), "rb", buffering=0) as file:  # noqa: PTH123 - there may be 100,000 files
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _problem(name, "not a regular file")
            if found.st_size > MAX_BYTES:
                raise _problem(
                    name, f"{found.st_size} bytes are more than the {MAX_BYTES} that a manifest may have: split it"
                )
            return file.readall()
    except OSError as error:
        raise _problem(name, f"cannot be read: {error.strerror}") from error


def _place(before: str) -> tuple[int, int]:
    """Line and column that follow a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _problem(name: str, message: str, line: int = 1, column: int = 1) -> ManifestError:
    return ManifestError([Problem(name, line, column, message)])
