"""The files that an import comes to: records by the author's names, split, with what they share, and what is left out.

What a record does not have stands beside it as a comment, with the reason.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from glob import escape
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.declarable import Undeclared
from reconciler.core.model import ResourceType
from reconciler.core.paths import ENTERPRISE, MANAGER, short_path
from reconciler.manifests.copying import copy_documents, protect
from reconciler.manifests.read import time_zones
from reconciler.manifests.splitting import find_defaults, split_groups, split_users, without_defaults
from reconciler.manifests.writing import WrittenFile, WrittenRecord, comment, reads_back, render_records
from reconciler.mapping.mapper import RecordMapper
from reconciler.mapping.reverse import Reverser, irreversible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reconciler.core.declarable import Declared, Inventory
    from reconciler.core.model import Attributes
    from reconciler.core.tenant import Tenant
    from reconciler.manifests.copying import Copied
    from reconciler.manifests.read import Manifests
    from reconciler.manifests.splitting import Split
    from reconciler.mapping.rules import Mapping

MARKER = "Imported from 4me by `reconciler import`"
ORGANIZATION = f"{ENTERPRISE}:organization"
COMMON = (
    "userType", "preferredLanguage", "locale", "timezone", "roles", "entitlements",
    *(f"{ENTERPRISE}:{name}" for name in ("costCenter", "organization", "division", "department", "site", "location")),
    "groupType",
)  # fmt: skip
"""What may be lifted into `defaults`: what belongs to an organisation rather than to a person."""


def is_imported(first_line: str) -> bool:
    """Whether a file that begins so was written by an import."""
    return first_line.startswith(comment(MARKER))


class Layout(NamedTuple):
    """How users are split into files, the most that a file has, and the day that is told in the files."""

    split: Split
    size: int
    today: str


class ImportedFiles:
    """The files that an inventory of a tenant comes to; collects what is to be told of them."""

    def __init__(self, tenant: Tenant, manifests: Manifests, inventory: Inventory, layout: Layout) -> None:
        self._tenant, self._manifests, self._inventory, self._layout = tenant, manifests, inventory, layout
        self._left_over: dict[ResourceType, Counter[str]] = {each: Counter() for each in ResourceType}
        self._told: Counter[str] = Counter()
        self.counts: dict[str, int] = {}
        """Records by file."""

    def render(self, manifests: Path) -> dict[str, str]:
        """Text by path; Tenant and Mapping documents are those of the folder `manifests`."""
        files = {"tenant.yaml": self._documents(self._tenants(manifests))}
        mappings = copy_documents(manifests, "Mapping")
        if mappings:
            files["mapping.yaml"] = self._documents(mappings)
        users = self._records(self._manifests.user_mapping, self._inventory.users)
        filed = [
            (record, str(each.live.attributes.get(ORGANIZATION) or ""))
            for record, each in zip(users, self._inventory.users, strict=True)
        ]
        groups = self._records(self._manifests.group_mapping, self._inventory.groups)
        for path, records in split_users(filed, self._layout.split, self._layout.size).items():
            files[path] = self._render(self._manifests.user_mapping, path, records)
        for path, records in split_groups(groups).items():
            files[path] = self._render(self._manifests.group_mapping, path, records)
        return files

    def notes(self) -> tuple[str, ...]:
        """What is not as somebody who reads the files might expect."""
        return (
            *(f"{each.type.value} {each.key} (id {each.id}) cannot be declared, since {reason}: protected instead"
              for each, reason in self._inventory.undeclarable),
            *(f"{text}: {count}" for text, count in sorted(self._told.items())),
            *self._not_reversed(self._manifests.user_mapping),
            *self._not_reversed(self._manifests.group_mapping),
        )  # fmt: skip

    def _not_reversed(self, mapping: Mapping) -> Iterable[str]:
        noun = f"{mapping.resource.value.lower()}s"
        for rule in irreversible(mapping):
            yield f"the rule for {short_path(rule.target)} of {noun} cannot be turned round: it stays as it is"
        computed = {rule.target for rule in irreversible(mapping)}
        for path, count in sorted(self._left_over[mapping.resource].items()):
            if path not in computed:
                yield f"{short_path(path)} of {count} {noun}: no direct rule of the mapping says it"

    def _tenants(self, manifests: Path) -> Sequence[Copied]:
        names = sorted({escape(each.key) for each, _ in self._inventory.undeclarable})
        tenants = copy_documents(manifests, "Tenant")
        if not names:
            return tenants
        return [protect(each, names) if str(each.value.get("name")) == self._tenant.name else each for each in tenants]

    def _header(self) -> str:
        account = f" (account {self._tenant.account})" if self._tenant.account else ""
        return f"{MARKER}: tenant {self._tenant.name}{account}, {self._layout.today}."

    def _documents(self, documents: Iterable[Copied]) -> str:
        texts = (_without_marker(each.text) for each in documents)
        return f"{comment(self._header())}\n" + "---\n".join(texts)

    def _render(self, mapping: Mapping, path: str, records: Sequence[WrittenRecord]) -> str:
        self.counts[path] = len(records)
        reverser = Reverser(mapping)
        names = [name for target in COMMON if (name := reverser.source(target))]
        defaults = find_defaults(records, names)
        own = [without_defaults(record, defaults) for record in records]
        return render_records(mapping.resource, WrittenFile(self._header(), own, defaults))

    def _records(self, mapping: Mapping, declared: Iterable[Declared]) -> list[WrittenRecord]:
        reverser = Reverser(mapping)
        mapper = RecordMapper(mapping, time_zones, datetime.now(UTC))
        return [self._record(reverser, mapper, each) for each in declared]

    def _record(self, reverser: Reverser, mapper: RecordMapper, declared: Declared) -> WrittenRecord:
        live, ambiguous, manager, members, others = declared
        notes: list[str] = []
        given, left_over = reverser.reverse(live, manager if isinstance(manager, str) else None)
        self._left_over[live.type].update(left_over)
        if ambiguous and (external_id := reverser.source("externalId")) in given:
            notes.append(f"{external_id}: {given.pop(str(external_id))} is left out: others have the same")
            self._told[f"{external_id} left out, since others have the same"] += 1
        if isinstance(manager, Undeclared) and (name := reverser.source(MANAGER)):
            notes.append(f"{name}: {manager.name} is left out: {manager.reason}")
            self._told[f"managers left out ({manager.reason})"] += 1
        given, refused = _acceptable(given, mapper)
        notes += [f"left out: {message}" for _, message in refused]
        self._told.update(f"values of {name} left out" for name, _ in refused)
        if members is not None:
            given["members"] = [
                {"group": each.name} if each.type is ResourceType.GROUP else each.name for each in members
            ]
        if others:
            given["membership"] = "additive"
            notes += _tell_others(others)
            self._told.update(f"members left out ({each.reason})" for each in others)
        return WrittenRecord(given, tuple(notes))


def _acceptable(given: Attributes, mapper: RecordMapper) -> tuple[Attributes, list[tuple[str, str]]]:
    """The record without values that manifests cannot have; the names of those, and why not."""
    refused: list[tuple[str, str]] = []
    for unreadable in list(_unreadable(given)):
        refused.append((unreadable[0], f"`{'.'.join(unreadable)}`: a number in it cannot be written"))
        given = _without(given, unreadable)
    while problems := [each for each in mapper.map_record(given).problems if each[0] and each[0][0] in given]:
        path, message = problems[0]
        refused.append((str(path[0]), message))
        given = _without(given, path)
    return given, refused


def _unreadable(given: Attributes) -> Iterator[tuple[str, ...]]:
    """Paths to lists and maps that would not read back as they are; of a map's parts, to those that are."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from ((name, part) for part, each in value.items() if not reads_back(each))
        elif not reads_back(value):
            yield (name,)


def _without(given: Attributes, path: tuple[str | int, ...]) -> Attributes:
    """The record without the attribute that a path leads to, or without that part of it where it is a map."""
    name = str(path[0])
    parts = given[name]
    rest = {sub: each for sub, each in parts.items() if sub not in path[1:2]} if isinstance(parts, dict) else {}
    if isinstance(parts, dict) and 0 < len(rest) < len(parts):
        return {**given, name: rest}
    return {each: value for each, value in given.items() if each != name}


def _tell_others(others: Sequence[Undeclared]) -> list[str]:
    return [
        f"{len(others)} more in 4me, who cannot be named here; without `membership: additive` they would be taken out:",
        *(f"- {each.name} ({each.reason})" for each in others),
    ]


def _without_marker(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not is_imported(line)).lstrip("\n")
