"""Manifest files written anew with values of records changed: all files or none.

Each file is written beside its place first, with the mode that it has, and then takes it; a link stays a link.
"""

from __future__ import annotations

import os
import shutil
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import OperatorError
from reconciler.manifests.files import decode, read_again, to_visible
from reconciler.manifests.yaml_edits import EditProblem, edit_list, edit_records
from reconciler.manifests.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Source, Value
    from reconciler.manifests.yaml_reader import Place

_BOM = b"\xef\xbb\xbf"


class Rewritten(NamedTuple):
    """A file's name below the manifests folder, its text, and what it is to be."""

    name: str
    before: str
    after: str


def rewrite_records(
    folder: Path, edits: Mapping[Source, Attributes], users: Sequence[Attributes] = (), into: str = ""
) -> tuple[Rewritten, ...]:
    """The files with records changed, each named by where it starts, and with new users added to the file `into`.

    Raises ManifestError and OperatorError.
    """
    by_file: dict[str, dict[Place, Attributes]] = {into: {}} if users else {}
    for source, values in edits.items():
        by_file.setdefault(source.file, {})[source.line, source.column] = values
    return tuple(_rewrite(folder, name, by_file[name], users if name == into else ()) for name in sorted(by_file))


def rewrite_list(
    folder: Path, document: Source, key: str, change: Callable[[Sequence[Value]], Sequence[Value]]
) -> Rewritten:
    """The file of a document with a list that is one of its keys changed. Raises ManifestError and OperatorError."""
    before = decode(read_again(folder, document.file))
    try:
        return Rewritten(document.file, before, edit_list(before, document[1:], key, change))
    except EditProblem as problem:
        raise OperatorError(f"{document.file} cannot be changed: {problem}", hint="change it by hand") from None


def _rewrite(folder: Path, name: str, edits: Mapping[Place, Attributes], users: Sequence[Attributes]) -> Rewritten:
    before = decode(read_again(folder, name))
    try:
        return Rewritten(name, before, edit_records(before, edits, _find_list(before, users) if users else None))
    except EditProblem as problem:
        raise OperatorError(f"{name} cannot be changed: {problem}", hint="change it by hand") from None


def _find_list(text: str, users: Sequence[Attributes]) -> tuple[Place, Sequence[Attributes]]:
    """Where the last record of the longest list of users starts, and the new ones as they are to be written there.

    What they have from the list's defaults is left out; what they lack of them is said to be no value.
    """
    documents = [each for each in read_yaml(text) if isinstance(each, dict) and each.get("kind") == "Users"]
    lists = [(each, found) for each in documents if isinstance(found := each.get("users"), list) and found]
    if not lists:
        raise EditProblem("it has no list of users to add to")
    document, records = max(lists, key=lambda each: len(each[1]))
    given = document.get("defaults")
    defaults = given if isinstance(given, dict) else {}
    lacking: Attributes = {name: [] if name == "groups" else None for name in defaults}
    written = [
        {name: value for name, value in {**user, **_without(lacking, user)}.items() if defaults.get(name) != value}
        for user in users
    ]
    return getattr(records[-1], "place", (0, 0)), written


def _without(values: Attributes, others: Attributes) -> Attributes:
    return {name: value for name, value in values.items() if name not in others}


def show_changes(files: Iterable[Rewritten]) -> Iterator[str]:
    """The lines of a unified diff, without what could steer a terminal."""
    for name, before, after in files:
        lines = unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}", lineterm="")
        yield from map(to_visible, lines)


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def write_files(folder: Path, files: Iterable[Rewritten]) -> None:
    """Replace these files. Raises OperatorError where one cannot be written, or changed since it was read."""
    staged: list[tuple[Path, Path]] = []
    try:
        for file in files:
            path = Path(os.path.realpath(folder / file.name))
            found = path.read_bytes()
            bom = _BOM if found.startswith(_BOM) else b""
            if found != bom + file.before.encode():
                raise OperatorError(f"{file.name} changed while it was looked at", hint="run it again")
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            staged.append((partial, path))
            partial.write_bytes(bom + file.after.encode())
            shutil.copymode(path, partial)
        for partial, path in staged:
            partial.replace(path)
    except OSError as error:
        raise OperatorError(f"the manifests cannot be written: {error.filename}: {error.strerror}") from error
    finally:
        for partial, _ in staged:
            partial.unlink(missing_ok=True)
