"""The use case `diff`: what a change to the manifests does to people's access, between two revisions. Offline.

Needs no token and no tenant. Both sides are read whole, each with its own mappings, scopes and data files.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.access import Side
from reconciler.core.access_diff import Declared, compare_access
from reconciler.errors import ManifestError, OperatorError
from reconciler.manifests.read import read_manifests
from reconciler.revisions import open_repository
from reconciler.settings import git_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.core.access import AccessDiff
    from reconciler.errors import Problem
    from reconciler.revisions import Repository, Revision

WORKING_TREE = "working tree"


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What to compare: BASE with HEAD, or with the files of the working tree where `head` is None.

    `manifests`: the folder, a path from here or from the root of the repository. `base_manifests`: where BASE has it
    elsewhere. `merge_base`: compare with the common ancestor of both rather than with BASE. `at` is what Now() gives
    on both sides, else the start of the run. `on_sides` hears of both once they are read.
    """

    base: str
    head: str | None = None
    manifests: Path | None = None
    base_manifests: Path | None = None
    merge_base: bool = False
    at: datetime | None = None
    on_sides: Callable[[Sequence[Declared]], None] = lambda _sides: None


class _Place(NamedTuple):
    """Where one side's manifests are; `revision` is None for the working tree, `folder` a posix path from the root."""

    revision: Revision | None
    folder: str

    @property
    def name(self) -> str:
        return self.revision.name if self.revision else WORKING_TREE


def diff(options: DiffOptions) -> AccessDiff:
    """What HEAD changes against BASE.

    Raises ManifestError with the problems of both sides, each with its revision, and OperatorError.
    """
    here = Path.cwd()
    repository = open_repository(here, git_environment())
    options = _told_apart(options, repository)
    head = repository.find_commit(options.head) if options.head else None
    base = repository.find_commit(options.base)
    if options.merge_base:
        base = repository.find_merge_base(base, head or repository.find_commit("HEAD"))
    manifests = _folder(options.manifests or Path("manifests"), here, repository)
    base_manifests = _folder(options.base_manifests, here, repository) if options.base_manifests else manifests
    places = _Place(base, base_manifests), _Place(head, manifests)
    now = options.at or datetime.now(UTC)
    with ExitStack() as stack:
        folders = [_open(place, repository, stack) for place in places]
        if folders == [None, None]:
            names = " nor ".join(f"{place.folder} in {place.name}" for place in places)
            raise OperatorError(
                f"there are no manifests: neither {names}", hint="name their folder: reconciler diff BASE HEAD FOLDER"
            )
        sides = _read(places, folders, now)
    options.on_sides(sides)
    notes = [
        f"{place.name} has no folder {place.folder}: nothing is declared there"
        for place, folder in zip(places, folders, strict=True)
        if folder is None
    ]
    return compare_access(sides[0], sides[1], notes)


def _told_apart(options: DiffOptions, repository: Repository) -> DiffOptions:
    """HEAD may be left out before MANIFESTS: a second word that is no revision but a folder is that."""
    if options.head is None or options.manifests is not None or repository.knows(options.head):
        return options
    folder = Path(options.head)
    if folder.is_dir() or repository.root.joinpath(folder).is_dir():
        return replace(options, head=None, manifests=folder)
    return options


def _folder(manifests: Path, here: Path, repository: Repository) -> str:
    """The folder as a path from the root: relative to here if that is there, else to the root."""
    root = os.path.realpath(repository.root)
    given = here / manifests
    if not given.exists() and not manifests.is_absolute():
        given = Path(root) / manifests
    given = Path(os.path.realpath(given.parent)) / given.name if given.name not in ("", "..") else given.resolve()
    if not given.is_relative_to(root):
        raise OperatorError(f"{manifests} is not in the repository {repository.root}", hint="run this in its own")
    return given.relative_to(root).as_posix()


def _open(place: _Place, repository: Repository, stack: ExitStack) -> Path | None:
    if place.revision:
        return stack.enter_context(repository.extract(place.revision, place.folder))
    folder = repository.root / place.folder
    return folder if folder.is_dir() else None


def _read(places: tuple[_Place, _Place], folders: list[Path | None], now: datetime) -> list[Declared]:
    sides: list[Declared] = []
    problems: list[Problem] = []
    for place, folder in zip(places, folders, strict=True):
        try:
            sides.append(_read_side(place, folder, now))
        except ManifestError as error:
            problems += [
                replace(each, file=f"{place.name}:{_joined(place.folder, each.file)}") for each in error.problems
            ]
    if problems:
        raise ManifestError(problems)
    return sides


def _read_side(place: _Place, folder: Path | None, now: datetime) -> Declared:
    side = Side(place.name, place.revision.commit if place.revision else None, place.folder)
    if folder is None:
        return Declared(side)
    found = read_manifests(folder, now)
    return Declared(side, found.desired, found.tenants, found.user_mapping.match, found.group_mapping.match)


def _joined(folder: str, file: str) -> str:
    return file if folder == "." else f"{folder}/{file}"
