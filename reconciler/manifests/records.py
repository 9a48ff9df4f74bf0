"""User and group documents to records: defaults, structural keys, unknown attributes, the mapping."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reconciler.core.model import Member, Record, ResourceType, Source
from reconciler.core.suggest import did_you_mean
from reconciler.manifests.profiles import short_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.model import Attributes, MembershipMode, Value
    from reconciler.manifests.quick_yaml import Document
    from reconciler.manifests.yaml_reader import Place
    from reconciler.mapping.mapper import RecordMapper

    Readers = dict[ResourceType, "RecordReader"]
    Records = dict[ResourceType, list[Record]]

Path = tuple[str | int, ...]
Report: TypeAlias = Callable[[Path, str], None]
"""Takes what is wrong at a path; a path starts with the document's number in its file."""
Watch: TypeAlias = "Callable[[Attributes, Record], None]"
"""Takes a record's attributes as its author wrote them, and what the mapping made of it."""
KINDS = {
    "Tenant": None,
    "User": ResourceType.USER,
    "Users": ResourceType.USER,
    "Group": ResourceType.GROUP,
    "Groups": ResourceType.GROUP,
    "Mapping": None,
    "Source": None,
}
STRUCTURE = {ResourceType.USER: ("groups", "adopt"), ResourceType.GROUP: ("members", "membership", "adopt")}
LIST_KEY = {ResourceType.USER: "users", ResourceType.GROUP: "groups"}


class RecordDocument(NamedTuple):
    """A document that declares something; `path` is its number in the file, `records` as in quick_yaml's Document."""

    file: str
    path: Path
    value: dict[str, Value]
    place: Place
    records: Iterator[tuple[Value, Place]] | None = None


class RecordReader:
    """Reads records of one type, and has them mapped. `watch` hears of each."""

    def __init__(self, mapper: RecordMapper, watch: Watch | None = None) -> None:
        self._mapper = mapper
        self._watch = watch
        self._resource = mapper.mapping.resource
        self.known = mapper.mapping.sources().union(STRUCTURE[self._resource])
        """Names that a record's attributes may have."""

    def read(self, document: RecordDocument, report: Report) -> Iterator[Record]:
        """The document's records. `report` takes every problem."""
        value = document.value
        if value["kind"] != self._resource.value:
            yield from self._read_list(document, report)
            return
        own = {name: each for name, each in value.items() if name != "kind"}
        self._check_attributes(document.path, own, report)
        yield self._record(Source(document.file, *document.place), own, document.path, report)

    def read_row(self, source: Source, given: Attributes, path: Path, report: Report) -> Record:
        """The record that has these attributes, all of them known; `path` leads to it."""
        return self._record(source, given, path, report)

    def _read_list(self, document: RecordDocument, report: Report) -> Iterator[Record]:
        list_key = LIST_KEY[self._resource]
        self._check_keys(document, report)
        defaults = self._defaults(document, report)
        known = self.known
        for index, (each, place) in enumerate(self._listed(document, report)):
            path = (*document.path, list_key, index)
            if not isinstance(each, dict):
                report(path, f"expected a map, the attributes of one {self._resource.value.lower()}")
                continue
            if not known.issuperset(each):
                self._check_attributes(path, each, report)
            given = {**defaults, **each} if defaults else each
            yield self._record(Source(document.file, *place), given, path, report)

    def _listed(self, document: RecordDocument, report: Report) -> Iterable[tuple[Value, Place]]:
        if document.records is not None:
            return document.records
        list_key = LIST_KEY[self._resource]
        records = document.value.get(list_key)
        if isinstance(records, list):
            return ((each, getattr(each, "place", document.place)) for each in records)
        if list_key in document.value:
            report((*document.path, list_key), f"`{list_key}`: expected a list")
        else:
            report(document.path, f"missing key `{list_key}`")
        return ()

    def _defaults(self, document: RecordDocument, report: Report) -> dict[str, Value]:
        path = (*document.path, "defaults")
        defaults = document.value.get("defaults")
        if defaults is None:
            return {}
        if not isinstance(defaults, dict):
            report(path, "`defaults`: expected a map")
            return {}
        self._check_attributes(path, defaults, report)
        return defaults

    def _check_keys(self, document: RecordDocument, report: Report) -> None:
        known = ("kind", "defaults", LIST_KEY[self._resource])
        for key in document.value:
            if key not in known:
                report((*document.path, key), f"unknown key `{key}`{did_you_mean(key, known)}")

    def _check_attributes(self, path: Path, given: dict[str, Value], report: Report) -> None:
        for name in given:
            if name not in self.known:
                unread = ": no rule of the mapping reads it" if name in short_names(self._resource) else ""
                report((*path, name), f"unknown attribute `{name}`{unread or did_you_mean(name, self.known)}")

    def _record(self, source: Source, given: Attributes, path: Path, report: Report) -> Record:
        attributes, create_only, problems, only_empty, choices, outside = self._mapper.map_record(given)
        for inside, message in problems:
            report((*path, *inside), message)
        adopt = given.get("adopt", False)
        if not isinstance(adopt, bool):
            report((*path, "adopt"), "`adopt`: expected true or false")
            adopt = False
        groups = members = membership = None
        if self._resource is ResourceType.USER:
            groups = _names(given["groups"], (*path, "groups"), report) if "groups" in given else None
        else:
            members = _members(given["members"], (*path, "members"), report) if "members" in given else None
            membership = _membership(given.get("membership"), (*path, "membership"), report)
        record = Record(
            self._resource, source, attributes, create_only, groups, members, membership, adopt,
            only_empty, choices, outside,
        )  # fmt: skip
        if self._watch:
            self._watch(given, record)
        return record


def read_documents(file: str, documents: list[Document], readers: Readers, report: Report) -> Records:
    """A file's records, of its documents that declare some."""
    records: Records = {resource: [] for resource in ResourceType}
    for number, document in enumerate(documents):
        path = (number,)
        resource = _resource(document.value, path, report)
        if resource and readers and isinstance(document.value, dict):
            declared = RecordDocument(file, path, document.value, document.place, document.records)
            records[resource] += readers[resource].read(declared, report)
    return records


def _resource(value: Value, path: Path, report: Report) -> ResourceType | None:
    """The type of the records that a document declares, if it does."""
    if value is None:
        return None
    if not isinstance(value, dict):
        report(path, "expected a map with a `kind`")
        return None
    kind = value.get("kind")
    if "kind" not in value:
        report(path, f"missing key `kind`: one of {', '.join(KINDS)}")
    elif not isinstance(kind, str) or kind not in KINDS:
        report((*path, "kind"), f"unknown kind `{kind}`{did_you_mean(str(kind), KINDS)}")
    else:
        return KINDS[kind]
    return None


def _are_texts(values: list[Value]) -> bool:
    return set(map(type, values)) <= {str} and "" not in values


def _names(value: Value, path: Path, report: Report) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        report(path, f"`{path[-1]}`: expected a list of names")
        return None
    if _are_texts(value):
        return tuple(value)  # type: ignore[arg-type]
    return tuple(name for index, each in enumerate(value) if (name := _name(each, (*path, index), report)))


def _name(value: Value, path: Path, report: Report) -> str | None:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
        return str(value)
    report(path, "expected a name")
    return None


def _members(value: Value, path: Path, report: Report) -> tuple[Member, ...] | None:
    if value is None:
        return ()
    if not isinstance(value, list):
        report(path, "`members`: expected a list of names")
        return None
    if _are_texts(value):
        return tuple([Member(ResourceType.USER, name) for name in value])  # type: ignore[arg-type]
    return tuple(member for index, each in enumerate(value) if (member := _member(each, (*path, index), report)))


def _member(value: Value, path: Path, report: Report) -> Member | None:
    if not isinstance(value, dict):
        name = _name(value, path, report)
        return Member(ResourceType.USER, name) if name else None
    for key, resource in (("group", ResourceType.GROUP), ("user", ResourceType.USER)):
        if value.keys() == {key}:
            name = _name(value[key], (*path, key), report)
            return Member(resource, name) if name else None
    report(path, "expected a userName or {group: NAME}")
    return None


def _membership(value: Value, path: Path, report: Report) -> MembershipMode | None:
    if value == "authoritative":
        return "authoritative"
    if value == "additive":
        return "additive"
    if value is not None:
        known = ("authoritative", "additive")
        report(path, f"`membership`: expected authoritative or additive{did_you_mean(str(value), known)}")
    return None
