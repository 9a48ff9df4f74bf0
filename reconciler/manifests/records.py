"""User and group documents to records: defaults, structural keys, unknown attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.model import Member, Record, ResourceType, Source
from reconciler.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.core.model import MembershipMode, Value
    from reconciler.manifests.yaml_reader import Place
    from reconciler.mapping.rules import Mapping

Path = tuple[str | int, ...]
STRUCTURE = {ResourceType.USER: ("groups", "adopt"), ResourceType.GROUP: ("members", "membership", "adopt")}
LIST_KEY = {ResourceType.USER: "users", ResourceType.GROUP: "groups"}


@dataclass(frozen=True, slots=True)
class RecordDocument:
    """A document that declares records; `path` starts with its number in the file."""

    file: str
    path: Path
    value: dict[str, Value]
    place: Place


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads records of one type. `report(path, message)` takes every problem."""

    mapping: Mapping
    report: Callable[[Path, str], None]

    def read(self, document: RecordDocument) -> Iterator[tuple[Record, Path]]:
        """The document's records, each with its path in the file."""
        resource = self.mapping.resource
        if document.value["kind"] == resource.value:
            own = {name: value for name, value in document.value.items() if name != "kind"}
            self._check_attributes(document.path, own)
            record = self._record(document, document.path, own, document.place)
            if record:
                yield record, document.path
            return
        yield from self._list(document, LIST_KEY[resource])

    def _list(self, document: RecordDocument, list_key: str) -> Iterator[tuple[Record, Path]]:
        self._check_keys(document, list_key)
        defaults, records = document.value.get("defaults"), document.value.get(list_key)
        if defaults is None:
            defaults = {}
        if not isinstance(defaults, dict):
            self.report((*document.path, "defaults"), "`defaults`: expected a map")
            defaults = {}
        self._check_attributes((*document.path, "defaults"), defaults)
        if not isinstance(records, list):
            place = (*document.path, list_key) if list_key in document.value else document.path
            self.report(
                place, f"`{list_key}`: expected a list" if list_key in document.value else f"missing key `{list_key}`"
            )
            return
        for index, value in enumerate(records):
            path = (*document.path, list_key, index)
            if not isinstance(value, dict):
                self.report(path, f"expected a map, the attributes of one {self.mapping.resource.value.lower()}")
                continue
            self._check_attributes(path, value)
            start: Place = getattr(value, "place", document.place)
            record = self._record(document, path, {**defaults, **value}, start)
            if record:
                yield record, path

    def _check_keys(self, document: RecordDocument, list_key: str) -> None:
        known = ("kind", "defaults", list_key)
        for key in document.value:
            if key not in known:
                self.report((*document.path, key), f"unknown key `{key}`{did_you_mean(key, known)}")

    def _check_attributes(self, path: Path, given: dict[str, Value]) -> None:
        known = (*self.mapping.sources(), *STRUCTURE[self.mapping.resource])
        for name in given:
            if name not in known:
                self.report((*path, name), f"unknown attribute `{name}`{did_you_mean(name, known)}")

    def _record(self, document: RecordDocument, path: Path, given: dict[str, Value], place: Place) -> Record | None:
        resource = self.mapping.resource
        source = Source(document.file, *place)
        adopt = given.pop("adopt", False)
        if not isinstance(adopt, bool):
            self.report((*path, "adopt"), "`adopt`: expected true or false")
            adopt = False
        if resource is ResourceType.USER:
            groups = self._names((*path, "groups"), given.pop("groups", None))
            return Record(resource, source, given, groups=groups, adopt=adopt)
        members = self._members((*path, "members"), given)
        membership = self._membership(path, given)
        return Record(resource, source, given, members=members, membership=membership, adopt=adopt)

    def _names(self, path: Path, value: Value) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not isinstance(value, list):
            self.report(path, f"`{path[-1]}`: expected a list of names")
            return None
        return tuple(name for index, each in enumerate(value) if (name := self._name((*path, index), each)))

    def _name(self, path: Path, value: Value) -> str | None:
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
            return str(value)
        self.report(path, "expected a name")
        return None

    def _members(self, path: Path, given: dict[str, Value]) -> tuple[Member, ...] | None:
        if "members" not in given:
            return None
        value = given.pop("members")
        if value is None:
            return ()
        if not isinstance(value, list):
            self.report(path, "`members`: expected a list of names")
            return None
        return tuple(member for index, each in enumerate(value) if (member := self._member((*path, index), each)))

    def _member(self, path: Path, value: Value) -> Member | None:
        if not isinstance(value, dict):
            name = self._name(path, value)
            return Member(ResourceType.USER, name) if name else None
        for key, resource in (("group", ResourceType.GROUP), ("user", ResourceType.USER)):
            if value.keys() == {key}:
                name = self._name((*path, key), value[key])
                return Member(resource, name) if name else None
        self.report(path, "expected a userName or {group: NAME}")
        return None

    def _membership(self, path: Path, given: dict[str, Value]) -> MembershipMode | None:
        value = given.pop("membership", None)
        if value == "authoritative":
            return "authoritative"
        if value == "additive":
            return "additive"
        if value is not None:
            known = ("authoritative", "additive")
            hint = did_you_mean(str(value), known)
            self.report((*path, "membership"), f"`membership`: expected authoritative or additive{hint}")
        return None
