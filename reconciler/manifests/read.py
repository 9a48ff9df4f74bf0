"""A manifests folder to desired state and tenants, or every problem of the set at once, each with its place."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from pydantic import ValidationError

from reconciler.core.desired import build_desired
from reconciler.core.model import ResourceType
from reconciler.core.suggest import did_you_mean
from reconciler.errors import ManifestError, Problem
from reconciler.manifests.documents import TenantDocument, explain
from reconciler.manifests.files import ManifestFile, manifests_digest, read_files
from reconciler.manifests.mappings import build_mapping, profile
from reconciler.manifests.records import Path, RecordDocument, RecordReader
from reconciler.manifests.tenants import build_tenant
from reconciler.manifests.yaml_reader import Block, Place, YamlProblem, find_places, read_yaml
from reconciler.mapping.rules import Mapping, map_record

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import DesiredState, MappedRecord, Record
    from reconciler.core.tenant import Tenant

KINDS = ("Tenant", "User", "Users", "Group", "Groups", "Mapping")


@dataclass(frozen=True, slots=True)
class Manifests:
    """A manifest set without problems."""

    digest: str
    tenants: tuple[Tenant, ...]
    desired: DesiredState
    user_mapping: Mapping
    group_mapping: Mapping


@dataclass(slots=True)
class _Documents:
    """The documents of all files by kind, with their number in the file."""

    records: dict[ResourceType, list[RecordDocument]] = field(
        default_factory=lambda: {resource: [] for resource in ResourceType}
    )
    mappings: list[RecordDocument] = field(default_factory=list)
    tenants: list[RecordDocument] = field(default_factory=list)


def read_manifests(folder: pathlib.Path) -> Manifests:
    """Everything below `folder`. Raises ManifestError with every problem, OperatorError where there is no folder."""
    return open_manifests(folder).read()


def open_manifests(folder: pathlib.Path) -> ManifestFolder:
    """The folder's files, not parsed yet. Raises OperatorError where there is no folder."""
    return ManifestFolder(*read_files(folder))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Loading makes many objects and no garbage: the cyclic collector would only slow it down."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class ManifestFolder:
    """A manifest set that is read in two steps, so that its tenants are known early; no file is parsed twice.

    Not to be shared by threads, but each step may run in another one.
    """

    def __init__(self, files: Sequence[ManifestFile], problems: list[Problem]) -> None:
        self._reading = _Reading(files, problems)

    @property
    def size(self) -> int:
        """Characters in all files."""
        return sum(len(file.text) for file in self._reading.files.values())

    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants; only files that may declare one are parsed. Raises ManifestError where those are wrong."""
        with _collector_paused():
            return self._reading.tenants()

    def read(self) -> Manifests:
        """All of it. Raises ManifestError with every problem."""
        with _collector_paused():
            return self._reading.read()


class _Reading:
    """One reading of a manifest set; collects problems."""

    def __init__(self, files: Sequence[ManifestFile], problems: list[Problem]) -> None:
        self.files = {file.name: file for file in files}
        self.problems = problems
        self.documents = _Documents()
        self.paths: dict[int, Path] = {}
        self.places = cache(self._find_places)
        self.sorted: set[str] = set()

    def tenants(self) -> tuple[Tenant, ...]:
        before = len(self.problems)
        for file in self.files.values():
            if "Tenant" in file.text:
                self._sort_documents(file)
        tenants = self._tenants()
        if len(self.problems) > before:
            raise ManifestError(self.problems[before:])
        return tenants

    def read(self) -> Manifests:
        for file in self.files.values():
            self._sort_documents(file)
        tenants = self._tenants()
        before = len(self.problems)
        mappings = self._mappings()
        if len(self.problems) > before:  # by what rules the records are meant is not known
            raise ManifestError(self.problems)
        mapped = {resource: self._records(mappings[resource]) for resource in ResourceType}
        desired, findings = build_desired(mapped[ResourceType.USER], mapped[ResourceType.GROUP])
        for record, path, message in findings:
            self._report_record(record, self._author_path(mappings[record.type], path), message)
        if self.problems:
            raise ManifestError(self.problems)
        digest = manifests_digest(list(self.files.values()))
        return Manifests(digest, tenants, desired, mappings[ResourceType.USER], mappings[ResourceType.GROUP])

    def _sort_documents(self, file: ManifestFile) -> None:
        if file.name in self.sorted:
            return
        self.sorted.add(file.name)
        try:
            documents = read_yaml(file.text)
        except YamlProblem as problem:
            self.problems.append(Problem(file.name, *problem.place, str(problem)))
            return
        for number, value in enumerate(documents):
            if value is None:
                continue
            if not isinstance(value, Block):
                self._report(file.name, (number,), "expected a map with a `kind`")
                continue
            self._sort_document(RecordDocument(file.name, (number,), value, value.place))

    def _sort_document(self, document: RecordDocument) -> None:
        kind = document.value.get("kind")
        if "kind" not in document.value:
            self._report_at(document, (), f"missing key `kind`: one of {', '.join(KINDS)}")
        elif kind not in KINDS:
            self._report_at(document, ("kind",), f"unknown kind `{kind}`{did_you_mean(str(kind), KINDS)}")
        elif kind == "Tenant":
            self.documents.tenants.append(document)
        elif kind == "Mapping":
            self.documents.mappings.append(document)
        else:
            resource = ResourceType.USER if kind in ("User", "Users") else ResourceType.GROUP
            self.documents.records[resource].append(document)

    def _tenants(self) -> tuple[Tenant, ...]:
        tenants: list[Tenant] = []
        for document in self.documents.tenants:
            try:
                parsed = TenantDocument.model_validate(document.value)
            except ValidationError as error:
                for path, message in explain(TenantDocument, error):
                    self._report_at(document, path, message)
                continue
            tenant = build_tenant(parsed, document.file, document.place)
            earlier = next((each for each in tenants if each.name == tenant.name), None)
            if earlier:
                self._report_at(document, ("name",), f"two tenants named `{tenant.name}`: also at {earlier.source}")
            if tenant.default and any(each.default for each in tenants):
                self._report_at(document, ("default",), "more than one tenant is the default")
            tenants.append(tenant)
        return tuple(tenants)

    def _mappings(self) -> dict[ResourceType, Mapping]:
        mappings = {resource: profile("default", resource) for resource in ResourceType}
        first: dict[ResourceType, RecordDocument] = {}
        for document in self.documents.mappings:
            result = build_mapping(document.value, time_zones())
            for path, message in result.findings:
                self._report_at(document, path, message)
            if result.mapping:
                resource = result.mapping.resource
                earlier = first.setdefault(resource, document)
                if earlier is not document:
                    message = f"a second mapping of {resource.value}s: also at {earlier.file}:{earlier.place[0]}"
                    self._report_at(document, ("resource",), message)
                mappings[resource] = result.mapping
        return mappings

    def _records(self, mapping: Mapping) -> list[MappedRecord]:
        zones = time_zones()
        mapped: list[MappedRecord] = []
        for document in self.documents.records[mapping.resource]:
            reader = RecordReader(mapping, lambda path, message, at=document: self._report(at.file, path, message))  # type: ignore[misc]
            for record, path in reader.read(document):
                self.paths[id(record)] = path
                result, findings = map_record(record, mapping, zones)
                mapped.append(result)
                for _, inside, message in findings:
                    self._report_record(record, inside, message)
        return mapped

    @staticmethod
    def _author_path(mapping: Mapping, path: Path) -> Path:
        """A path that starts with a SCIM attribute, under the author's name for it."""
        for rule in mapping.rules:
            if path and rule.source and rule.target.rpartition(":")[2] == path[0]:
                return (rule.source, *path[1:])
        return path

    def _report_at(self, document: RecordDocument, path: Path, message: str) -> None:
        self._report(document.file, (*document.path, *path), message)

    def _report_record(self, record: Record, path: Path, message: str) -> None:
        """At the record's own key, else at the list's default, else at the record."""
        base = self.paths[id(record)]
        places = self.places(record.source.file)
        own, inherited = (*base, *path), (*base[:1], "defaults", *path)
        if path and (*base, path[0]) not in places and (*inherited[:2], path[0]) in places:
            own = inherited
        self._report(record.source.file, own, message)

    def _report(self, file: str, path: Path, message: str) -> None:
        places = self.places(file)
        while path and path not in places:
            path = path[:-1]
        line, column = places.get(path, (1, 1))
        self.problems.append(Problem(file, line, column, message))

    def _find_places(self, file: str) -> dict[Path, Place]:
        return find_places(self.files[file].text)


@cache
def time_zones() -> frozenset[str]:
    """The IANA time zones that this machine knows."""
    return frozenset(available_timezones())
