"""Source documents, each with its data file, or what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from reconciler.core.model import ResourceType
from reconciler.core.suggest import did_you_mean
from reconciler.errors import ManifestError
from reconciler.manifests.documents import explain
from reconciler.manifests.files import find_data, read_data
from reconciler.manifests.profiles import profile
from reconciler.manifests.source_document import SourceDocument

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Iterator

    from reconciler.manifests.files import ManifestFile
    from reconciler.manifests.problems import Problems
    from reconciler.manifests.records import Path, RecordDocument
    from reconciler.mapping.rules import Mapping

_SHOWN = 5


class DataSource(NamedTuple):
    """A Source document without problems, and its data file."""

    document: RecordDocument
    settings: SourceDocument
    data: ManifestFile

    @property
    def resource(self) -> ResourceType:
        """The type of its records."""
        return ResourceType(self.settings.resource)

    @property
    def format(self) -> str:
        """How the data file is written."""
        return self.settings.format or _extension(self.settings.file)


def read_sources(documents: Iterable[RecordDocument], folder: pathlib.Path, problems: Problems) -> list[DataSource]:
    """What `kind: Source` documents declare, as far as it is valid and its data file can be read."""
    found: list[DataSource] = []
    files: dict[str, ManifestFile] = {}
    for document in documents:
        try:
            settings = SourceDocument.model_validate(document.value)
        except ValidationError as error:
            findings = list(explain(SourceDocument, error))
        else:
            findings = list(_check(settings))
            if not findings:
                findings = _load(settings.file, folder, files, problems)
        for inside, message in findings:
            problems.report(document.file, (*document.path, *inside), message)
        if not findings and settings.file in files:
            found.append(DataSource(document, settings, files[settings.file]))
    return found


def awaited_attributes(document: RecordDocument, mapping: Mapping) -> dict[str, str]:
    """The attributes that a Mapping document's own rules and filters read, not its profile's, each with what for."""
    base = profile(str(document.value.get("extends", "default")), mapping.resource).rules
    found: dict[str, dict[str, None]] = {}
    for rule in mapping.rules:
        for name in sorted(rule.reads()) if rule not in base else ():
            found.setdefault(name, {})[f"`{rule.target.rpartition(':')[2]}`"] = None
    for each in mapping.scope:
        for clause in each.clauses:
            found.setdefault(clause.attribute, {})["its scope"] = None
    return {name: ", ".join(purposes) for name, purposes in found.items()}


def _check(settings: SourceDocument) -> Iterator[tuple[Path, str]]:
    kind = settings.format or _extension(settings.file)
    if kind not in ("csv", "json", "jsonl"):
        yield ("file",), "`file`: say its `format`: csv, json or jsonl"
    for key, owner in (("csv", "csv"), ("records", "json")):
        if key in settings.model_fields_set and kind != owner:
            yield (key,), f"`{key}`: only a {owner.upper()} file has that"


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _load(
    name: str, folder: pathlib.Path, files: dict[str, ManifestFile], problems: Problems
) -> list[tuple[Path, str]]:
    try:
        files[name] = files.get(name) or read_data(folder, name)
    except ManifestError as error:
        problems.found += error.problems
    except FileNotFoundError:
        there = find_data(folder)
        hint = did_you_mean(name, there)
        if not hint and there:
            hint = f"; there is {', '.join(f'`{each}`' for each in there[:_SHOWN])}"
        return [(("file",), f"`file`: there is no {name} in the manifests folder{hint}")]
    return []
