"""What is wrong in a manifest set, each with its place. Only files with problems are read again to find places in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import ManifestError, Problem
from reconciler.manifests.files import decode, is_manifest, read_again

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from reconciler.core.model import Record, Source
    from reconciler.manifests.records import Path
    from reconciler.manifests.yaml_reader import Place

MAX_ROWS = 100
"""Problems of one data file that are told one by one."""


class Part(NamedTuple):
    """A part of a text: from where to where, in characters from 0."""

    text: str
    start: int
    end: int


class _Places(NamedTuple):
    """Places by path, and the shortest path to each place."""

    of: dict[Path, Place]
    paths: dict[Place, Path]


class Problems:
    """Collects problems."""

    def __init__(self, folder: pathlib.Path, found: Sequence[Problem]) -> None:
        self.found = list(found)
        self.warnings: list[Problem] = []
        self._folder = folder
        self._places = cache(self._find_places)
        self._rows: dict[str, int] = {}
        """Problems of rows, by data file."""
        self._others: dict[str, int] = {}
        """Where in `found` it is told how many others a data file has."""

    def report(self, file: str, path: Path, message: str, part: Part | None = None) -> None:
        """At the path's place, or that of what it lies in. What a record has from its list's defaults is there.

        `part`: of the text that stands there, what is wrong.
        """
        self.found.append(self._locate(file, path, message, part))

    def warn(self, file: str, path: Path, message: str, part: Part | None = None) -> None:
        """What is no reason to refuse the set, at a place as for `report`."""
        self.warnings.append(self._locate(file, path, message, part))

    def _locate(self, file: str, path: Path, message: str, part: Part | None) -> Problem:
        places = self._places(file).of
        inherited = (*path[:1], "defaults", *path[3:])
        if len(path) > 3 and path[:4] not in places and inherited[:3] in places:  # noqa: PLR2004
            path = inherited
        while path and path not in places:
            path = path[:-1]
        place = places.get(path, (1, 1))
        if part is None:
            return Problem(file, *place, message)
        from reconciler.manifests.inside import find_inside

        inside = find_inside(decode(read_again(self._folder, file)), place, part)
        return Problem(file, *inside.place, message, inside.excerpt)

    def report_record(self, record: Record, path: Path, message: str) -> None:
        """At a path inside a record; a record of a data file is one place."""
        if not is_manifest(record.source.file):
            self.report_row(record.source, message)
            return
        file, *place = record.source
        base = self._places(file).paths.get((place[0], place[1]))
        if base is None:
            self.found.append(Problem(*record.source, message))
        else:
            self.report(file, (*base, *path), message)

    def report_row(self, source: Source, message: str) -> None:
        """At a place of a data file, of which the first ones are told, and how many there are besides."""
        file = source.file
        count = self._rows[file] = self._rows.get(file, 0) + 1
        if count <= MAX_ROWS:
            self.found.append(Problem(*source, message))
            return
        if file not in self._others:
            self._others[file] = len(self.found)
            self.found.append(Problem(*source, ""))
        index = self._others[file]
        place = max((each.line, each.column) for each in (self.found[index], Problem(*source, "")))
        self.found[index] = Problem(file, *place, f"and {count - MAX_ROWS} more problems in this file, up to here")

    def _find_places(self, file: str) -> _Places:
        from reconciler.manifests.yaml_reader import YamlProblem, find_places

        places: dict[Path, Place] = {}
        try:
            places = find_places(decode(read_again(self._folder, file)))
        except YamlProblem as problem:
            self.found.append(Problem(file, *problem.place, str(problem)))
        except ManifestError as error:
            self.found += error.problems
        paths: dict[Place, Path] = {}
        for path, place in places.items():
            paths.setdefault(place, path)  # what lies further out comes first
        return _Places(places, paths)
