"""The records in the data file of a Source, row by row, and what the Source names that its file does not have."""

from __future__ import annotations

from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING

from reconciler.core.model import Source
from reconciler.core.normalise import as_boolean
from reconciler.core.suggest import did_you_mean
from reconciler.errors import Problem
from reconciler.manifests.data_text import Lines, read_text
from reconciler.manifests.json_rows import read_json, read_json_lines
from reconciler.manifests.tabular import Dialect, read_csv
from reconciler.mapping.rules import ENABLED, SOFT_DELETED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reconciler.core.model import Attributes, Record, Value
    from reconciler.manifests.problems import Problems
    from reconciler.manifests.records import Path, RecordReader
    from reconciler.manifests.sources import DataSource
    from reconciler.manifests.yaml_reader import Place

    Row = tuple[Place, Value, Attributes]
    """Where it starts, the value of the key column, and the attributes that rules read."""

_NAMES = ("groups", "members")
_EMPTY: tuple[Value, ...] = (None, "")


class SourceReader:
    """Reads the records of one data file, once. `awaited`: see `awaited_attributes`."""

    def __init__(self, source: DataSource, reader: RecordReader, awaited: dict[str, str], problems: Problems) -> None:
        self.whole = True
        """Whether no row was lost, so far."""
        self._source = source
        self._settings = source.settings
        self._file = source.data.name
        self._reader = reader
        self._awaited = awaited
        self._problems = problems
        self._has_key = True
        self._columns_of = {attribute: column for column, attribute in source.settings.rename.items()}

    def read(self) -> Iterator[Record]:
        """The records; what is wrong with rows, or with columns that the document names, goes to the problems."""
        settings, rename = self._settings, self._settings.rename
        self._check_attributes()
        first: dict[str, Place] = {}
        keyless: list[Place] = []
        count = 0
        lists = [(rename.get(column, column), separator) for column, separator in settings.lists.items()]
        for place, key, given in self._rows():
            count += 1
            name = key if type(key) is str else _key_text(key)
            if not name or name.isspace():
                keyless.append(place)
                continue
            if first.setdefault(name, place) is not place:
                line, column = first[name]
                self._refuse(place, f"a second row with `{settings.key}` {name}: also at {self._file}:{line}:{column}")
                continue
            attributes = {**settings.constants, **_finish(given, lists, keep_empty=settings.empty_cells == "clear")}
            yield self._reader.read_row(Source(self._file, *place), attributes, place, self._report)
        if self.whole:
            self._check_count(count)
        for place in keyless if self._has_key else ():
            self._refuse(place, f"no `{settings.key}`, by which rows are told apart")

    def _rows(self) -> Iterator[Row]:
        data, encoding, path = self._source.data.data, self._settings.encoding, self._settings.records
        if not data:
            return iter(())
        if self._source.format == "csv":
            return self._csv_rows(Lines(data, encoding, self._refuse))
        if self._source.format == "jsonl":
            return self._json_rows(read_json_lines(Lines(data, encoding, self._refuse), self._refuse))
        text = read_text(data, encoding, self._refuse)
        steps = tuple(path.split(".")) if path else None
        return self._json_rows(() if text is None else read_json(text, steps, self._refuse))

    def _csv_rows(self, lines: Lines) -> Iterator[Row]:
        settings = self._settings
        options, header = settings.csv, settings.csv.header
        dialect = Dialect(options.delimiter, options.quote, options.escape)
        table = read_csv(lines, dialect, None if header is True else header, self._refuse)
        if table is None or not self._check_columns(table.columns):
            return
        attributes = [settings.rename.get(column, column) for column in table.columns]
        known = [attribute in self._reader.known for attribute in attributes]
        names = list(compress(attributes, known))
        key = itemgetter(table.columns.index(settings.key))
        for line, row in table.rows:
            yield (line, 1), key(row), dict(zip(names, compress(row, known), strict=True))

    def _json_rows(self, found: Iterable[tuple[Place, Attributes]]) -> Iterator[Row]:
        key, rename, known = self._settings.key, self._settings.rename, self._reader.known
        columns: dict[str, str] = {}
        for place, row in found if self.whole else ():
            for column in row.keys() - columns.keys():
                columns[column] = rename.get(column, column)
            given = {columns[column]: value for column, value in row.items() if columns[column] in known}
            yield place, row.get(key), given
        if columns and (self.whole or key not in columns):
            self._check_columns(columns)

    def _check_attributes(self) -> None:
        """Attributes that no rule reads are mistakes where the document names them."""
        settings, known = self._settings, self._reader.known
        named = [("constants", name, name) for name in settings.constants]
        named += [("rename", column, attribute) for column, attribute in settings.rename.items()]
        for key, place, attribute in named:
            if attribute not in known:
                self._report_document((key, place), f"unknown attribute `{attribute}`{did_you_mean(attribute, known)}")
                self.whole = False

    def _check_columns(self, columns: Collection[str]) -> bool:
        """Whether all columns that the document names are there, and no attribute is given twice."""
        before = len(self._problems.found)
        settings = self._settings
        self._has_key = settings.key in columns
        named: list[tuple[Path, str]] = [(("key",), settings.key)]
        named += [(("rename", column), column) for column in settings.rename]
        named += [(("lists", column), column) for column in settings.lists]
        for path, column in named:
            if column not in columns:
                self._report_document(path, f"no column `{column}` in {self._file}{did_you_mean(column, columns)}")
        self._check_twice(columns)
        if self._source.format == "csv":
            self._check_lists(columns)
        self.whole &= len(self._problems.found) == before
        if self.whole:
            self._warn_of_missing(columns)
        return self.whole

    def _warn_of_missing(self, columns: Collection[str]) -> None:
        """Attributes that the Mapping document reads and no record has: a column that was not renamed, perhaps."""
        document, rename = self._source.document, self._settings.rename
        given = {*(rename.get(column, column) for column in columns), *self._settings.constants}
        unread = [column for column in columns if rename.get(column, column) not in self._reader.known]
        for name, purpose in self._awaited.items():
            column = ENABLED if name == SOFT_DELETED else name
            if given.isdisjoint((name, column)):
                message = f"no column `{column}` in {self._file}, which the mapping reads for {purpose}"
                message += did_you_mean(column, unread)
                self._problems.warnings.append(Problem(document.file, *document.place, message))

    def _check_twice(self, columns: Iterable[str]) -> None:
        settings = self._settings
        seen: dict[str, str] = {}
        for column in sorted(columns, key=lambda each: each in settings.rename):
            attribute = settings.rename.get(column, column)
            if attribute in settings.constants:
                self._report_document(("constants", attribute), f"`{attribute}` is a column of {self._file} too")
            if seen.setdefault(attribute, column) != column:
                message = f"two columns come to `{attribute}`: `{seen[attribute]}` and `{column}`"
                self._report_document(("rename", column), message)

    def _check_lists(self, columns: Iterable[str]) -> None:
        settings = self._settings
        for column in columns:
            attribute = settings.rename.get(column, column)
            if attribute in _NAMES and attribute in self._reader.known and column not in settings.lists:
                message = f"column `{column}` holds names: say in `lists` what separates them"
                self._report_document(("lists",), f'{message}, as in {{{column}: ";"}}')

    def _check_count(self, count: int) -> None:
        minimum = self._settings.minimum_rows
        if count < minimum:
            key = "minimumRows" if "minimum_rows" in self._settings.model_fields_set else "file"
            found = f"has {count} of at least {minimum} rows" if self._source.data.data else "is empty"
            message = f"`{key}`: {self._file} {found}: is the export complete?"
            self._report_document((key,), message)
            self.whole = False

    def _refuse(self, place: Place, message: str) -> None:
        self.whole = False
        self._problems.report_row(Source(self._file, *place), message)

    def _report(self, path: Path, message: str) -> None:
        """Of a record; its path starts with its place, then the attribute."""
        line, column, *inside = path
        renamed = self._columns_of.get(str(inside[0])) if inside else None
        message += f" (column `{renamed}`)" if renamed else ""
        self._problems.report_row(Source(self._file, int(line), int(column)), message)

    def _report_document(self, path: Path, message: str) -> None:
        document = self._source.document
        self._problems.report(document.file, (*document.path, *path), message)


def _key_text(key: Value) -> str:
    return str(key) if isinstance(key, (int, float)) and not isinstance(key, bool) else ""


def _finish(given: Attributes, lists: Sequence[tuple[str, str]], *, keep_empty: bool) -> Attributes:
    """Lists split, empty cells left out if so, and the keys that are no attributes as they are in YAML."""
    for name, separator in lists:
        value = given.get(name)
        if isinstance(value, str):
            given[name] = [text for each in value.split(separator) if (text := each.strip())] or None
    if not keep_empty:
        given = {name: value for name, value in given.items() if value not in _EMPTY}
    for name in ("adopt", "membership"):
        if name in given:
            value = given.pop(name)
            if value not in _EMPTY:
                given[name] = as_boolean(value) if name == "adopt" else value
    return given
