"""A manifests folder to desired state and tenants, or every problem of the set at once, each with its place.

A file is read the quick way first. Where that is unsure, or finds anything wrong, the careful way reads the file anew
and says what is wrong and where: all that the quick way ever decides is that a file is fine.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, NoReturn

from reconciler.core.desired import build_desired
from reconciler.core.model import ResourceType
from reconciler.errors import ManifestError, Problem
from reconciler.manifests.files import decode, digest_files, read_files
from reconciler.manifests.names import check_names
from reconciler.manifests.problems import Problems
from reconciler.manifests.profiles import profile
from reconciler.manifests.quick_values import Unsure
from reconciler.manifests.quick_yaml import Document, read_quickly
from reconciler.manifests.records import RecordDocument, RecordReader, read_documents
from reconciler.mapping.mapper import RecordMapper

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from reconciler.core.model import DesiredState
    from reconciler.core.tenant import Tenant
    from reconciler.manifests.files import ManifestFile
    from reconciler.manifests.kept import KeptRecords, Store
    from reconciler.manifests.records import Path, Readers, Records, Watch
    from reconciler.manifests.sources import DataSource
    from reconciler.mapping.rules import Mapping

_RULES = (b"Tenant", b"Mapping", b"Source")
_ESCAPED_LETTER = re.compile(rb"\\[xuU\r\n]")


@dataclass(frozen=True, slots=True)
class Manifests:
    """A manifest set without problems."""

    digest: str
    tenants: tuple[Tenant, ...]
    desired: DesiredState
    user_mapping: Mapping
    group_mapping: Mapping
    warnings: tuple[Problem, ...] = ()
    mappings: int = 0
    """How many Mapping documents there are."""
    tests: int = 0
    """How many tests they have."""


def read_manifests(folder: pathlib.Path, now: datetime | None = None) -> Manifests:
    """Everything below `folder`. Raises ManifestError with every problem, OperatorError where there is no folder."""
    return open_manifests(folder, now).read()


def open_manifests(folder: pathlib.Path, now: datetime | None = None, watch: Watch | None = None) -> ManifestFolder:
    """The folder's files, read but not parsed. `now` is what Now() gives, else the time of this call.

    `watch` hears of each record. Raises OperatorError where there is no folder.
    """
    return ManifestFolder(folder, now or datetime.now(UTC), watch)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Loading makes many objects and no garbage: the cyclic collector would only slow it down, now and ever after."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class ManifestFolder:
    """A manifest set that is read in two steps, so that its tenants are known early; no file is read twice.

    Not to be shared by threads, but each step may run in another one.
    """

    def __init__(self, folder: pathlib.Path, now: datetime, watch: Watch | None) -> None:
        found = read_files(folder)
        self._now, self._watch = now, watch
        self._files: list[ManifestFile] | None = list(found.files)
        self._problems = Problems(folder, found.problems)
        self._opened: dict[str, list[Document]] = {}
        self._rulers: set[str] = set()
        """Files that may declare a mapping."""
        with collector_paused():
            self._unreadable = self._open_rules()
            self._sources = self._find_sources(folder)
        files = (*found.files, *{each.data.name: each.data for each in self._sources}.values())
        self.size = sum(len(file.data) for file in files)
        """Bytes in all files."""
        self._digest = digest_files(files)
        self._complete = len(self._sources) == len(self._declared("Source"))
        """Whether all rows of data files were read, so far: else it is not known what a record may refer to."""
        self._tenants = cache(self._read_tenants)
        self._tested: list[tuple[RecordDocument, Mapping]] = []
        """Mapping documents, with what they come to."""
        self._whole: Manifests | None = None

    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants; only files that may declare rules are parsed. Raises ManifestError where those are wrong."""
        with collector_paused():
            tenants, problems = self._tenants()
        if problems:
            raise ManifestError(problems)
        return tenants

    def read(self, store: Store | None = None) -> Manifests:
        """All of it; `store` may know files from an earlier time. Raises ManifestError with every problem."""
        if self._whole is None:
            self._whole = self._read_whole(store)
        return self._whole

    def run_tests(self) -> None:
        """The tests of its mappings, once it was read. Raises ManifestError with every failure."""
        if not self._tested:
            return
        from reconciler.manifests.mapping_tests import run_tests

        for document, mapping in self._tested:
            for path, message in run_tests(document.value, mapping, time_zones, self._now):
                self._problems.report(document.file, (*document.path, *path), message)
        if self._problems.found:
            raise ManifestError(self._problems.found, self._problems.warnings)

    def _read_whole(self, store: Store | None) -> Manifests:
        with collector_paused():
            tenants, _ = self._tenants()
            mappings = self._read_mappings()
            records = self._read_records(mappings, self._find_kept(store, mappings))
            desired = self._build_desired(records, mappings) if mappings and self._complete else None
        if self._problems.found or mappings is None or desired is None:
            raise ManifestError(self._problems.found, self._problems.warnings)
        users, groups = mappings[ResourceType.USER], mappings[ResourceType.GROUP]
        lists = [document.value.get("tests") for document, _ in self._tested]
        tests = sum(len(each) for each in lists if isinstance(each, list))
        warnings = tuple(self._problems.warnings)
        return Manifests(self._digest, tenants, desired, users, groups, warnings, len(self._tested), tests)

    def _open_rules(self) -> list[Problem]:
        """What is wrong with the YAML of files that may declare rules."""
        before = len(self._problems.found)
        for file in self._files or ():
            if _may_declare_rules(file.data):
                self._opened[file.name] = self._open(file)
            if b"Mapping" in file.data:
                self._rulers.add(file.name)
        return self._problems.found[before:]

    def _find_sources(self, folder: pathlib.Path) -> list[DataSource]:
        documents = self._declared("Source")
        if not documents:
            return []
        from reconciler.manifests.sources import read_sources

        return read_sources(documents, folder, self._problems)

    def _read_tenants(self) -> tuple[tuple[Tenant, ...], list[Problem]]:
        before = len(self._problems.found)
        documents = self._declared("Tenant")
        tenants: tuple[Tenant, ...] = ()
        if documents:
            from reconciler.manifests.tenants import read_tenants

            tenants = read_tenants(documents, self._problems)
        return tenants, self._unreadable + self._problems.found[before:]

    def _read_mappings(self) -> dict[ResourceType, Mapping] | None:
        """None where a mapping is wrong or may be unreadable: by what rules the records are meant is not known."""
        if any(problem.file in self._rulers for problem in self._unreadable):
            return None
        mappings = {resource: profile("default", resource) for resource in ResourceType}
        documents = self._declared("Mapping")
        if not documents:
            return mappings
        from reconciler.manifests.mappings import Around, read_mappings

        before = len(self._problems.found)
        domains = frozenset(each.default_domain for each in self._tenants()[0] if each.default_domain)
        declared = read_mappings(documents, Around(time_zones, domains), self._problems)
        self._tested = [
            (document, mapping)
            for document in documents
            for mapping in declared.values()
            if mapping.resource == document.value.get("resource")
        ]
        return mappings | declared if len(self._problems.found) == before else None

    def _declared(self, kind: str) -> list[RecordDocument]:
        return [
            RecordDocument(file, (number,), document.value, document.place)
            for file, documents in self._opened.items()
            for number, document in enumerate(documents)
            if isinstance(document.value, dict) and document.value.get("kind") == kind
        ]

    def _open(self, file: ManifestFile) -> list[Document]:
        try:
            return read_quickly(file.data)
        except Unsure:
            return self._open_carefully(file)

    def _open_carefully(self, file: ManifestFile) -> list[Document]:
        from reconciler.manifests.yaml_reader import YamlProblem, read_yaml

        try:
            return [Document(value, getattr(value, "place", (1, 1))) for value in read_yaml(decode(file))]
        except YamlProblem as problem:
            self._problems.found.append(Problem(file.name, *problem.place, str(problem)))
        except ManifestError as error:
            self._problems.found += error.problems
        return []

    def _find_kept(self, store: Store | None, mappings: dict[ResourceType, Mapping] | None) -> KeptRecords | None:
        if store is None or mappings is None:
            return None
        from reconciler.manifests.kept import KeptRecords

        files = [file for file in self._files or () if file.name not in self._opened]
        depends_on_time = any("Now" in mapping.functions() for mapping in mappings.values())
        return KeptRecords(store, mappings, (*time_zones(), str(self._now) if depends_on_time else ""), files)

    def _read_records(self, mappings: dict[ResourceType, Mapping] | None, kept: KeptRecords | None) -> Records:
        readers = {
            resource: RecordReader(RecordMapper(mapping, time_zones, self._now), self._watch)
            for resource, mapping in (mappings or {}).items()
        }
        records: Records = {resource: [] for resource in ResourceType}
        files, self._files = self._files, None
        if files is None:
            raise RuntimeError("these manifests were let go while they were read: open the folder again")
        files.reverse()
        while files:
            file = files.pop()  # so that its bytes are let go
            documents = self._opened.pop(file.name, None)
            found = kept.find(file) if kept and documents is None else None
            if found is None:
                before = len(self._problems.found)
                found = self._read_file(file, documents, readers)
                if kept and documents is None and len(self._problems.found) == before:
                    kept.add(file, found)
            for resource, each in found.items():
                records[resource] += each
        while readers and self._sources:
            self._read_source(self._sources.pop(0), readers, records)
        if kept and not self._problems.found:
            kept.save()
        return records

    def _read_source(self, source: DataSource, readers: Readers, records: Records) -> None:
        from reconciler.manifests.data_records import SourceReader
        from reconciler.manifests.sources import awaited_attributes

        declared = (each for each in self._tested if each[1].resource is source.resource)
        awaited = next((awaited_attributes(*each) for each in declared), {})
        reader = SourceReader(source, readers[source.resource], awaited, self._problems)
        records[source.resource] += reader.read()
        self._complete &= reader.whole

    def _read_file(self, file: ManifestFile, documents: list[Document] | None, readers: Readers) -> Records:
        try:
            return read_documents(file.name, self._open(file) if documents is None else documents, readers, _refuse)
        except Unsure:
            report = partial(self._problems.report, file.name)
            return read_documents(file.name, self._open_carefully(file), readers, report)

    def _build_desired(self, records: Records, mappings: dict[ResourceType, Mapping]) -> DesiredState:
        desired, findings = build_desired(records[ResourceType.USER], records[ResourceType.GROUP])
        for record, path, message in findings:
            self._problems.report_record(record, _author_path(mappings[record.type], path), message)
        check_names(desired, mappings, self._problems)
        return desired


def _may_declare_rules(data: bytes) -> bool:
    """Whether a Tenant, Mapping or Source document may be in it: its kind is spelt out or in escapes."""
    return any(kind in data for kind in _RULES) or (b"\\" in data and _ESCAPED_LETTER.search(data) is not None)


def _refuse(_path: Path, _message: str) -> NoReturn:
    """Where the quick way finds a problem, the careful way is to tell it."""
    raise Unsure


def _author_path(mapping: Mapping, path: Path) -> Path:
    """A path that starts with a SCIM attribute, under the author's name for it."""
    for rule in mapping.rules:
        if path and rule.source and rule.target.rpartition(":")[2] == path[0]:
            return (rule.source, *path[1:])
    return path


@cache
def time_zones() -> frozenset[str]:
    """The IANA time zones that this machine knows."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())
