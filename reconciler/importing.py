"""The use case `import`: a live tenant as manifests that plan to nothing.

read live -> what can be declared -> map backwards -> split into files -> read those as any manifests -> plan -> place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from typing import TYPE_CHECKING

from reconciler.core.declarable import take_inventory
from reconciler.core.directory import Question
from reconciler.core.model import ResourceType
from reconciler.core.paths import ENTERPRISE, MANAGER, short_path
from reconciler.core.plan import make_plan
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import OperatorError, UsageError
from reconciler.folder import list_files, place, stage
from reconciler.manifests.copying import copy_documents, protect
from reconciler.manifests.read import read_manifests, time_zones
from reconciler.manifests.splitting import find_defaults, split_groups, split_users, without_defaults
from reconciler.manifests.writing import WrittenFile, WrittenRecord, comment, reads_back, render_records
from reconciler.mapping.mapper import RecordMapper
from reconciler.mapping.reverse import Reverser, irreversible
from reconciler.run import plan_request
from reconciler.session import connect, open_session
from reconciler.settings import choose_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.core.declarable import Declared, Inventory, Undeclared
    from reconciler.core.model import Attributes, LiveState
    from reconciler.core.plan import Changeset
    from reconciler.manifests.copying import Copied
    from reconciler.manifests.read import Manifests
    from reconciler.manifests.splitting import Split
    from reconciler.mapping.rules import Mapping as Rules
    from reconciler.session import PlanOptions, Session

MARKER = "Imported from 4me by `reconciler import`"
ORGANIZATION = f"{ENTERPRISE}:organization"
COMMON = (
    "userType", "preferredLanguage", "locale", "timezone", "roles", "entitlements",
    *(f"{ENTERPRISE}:{name}" for name in ("costCenter", "organization", "division", "department", "site", "location")),
    "groupType",
)  # fmt: skip
"""What may be lifted into `defaults`: what belongs to an organisation rather than to a person."""
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import: `size` is the most users a file has, `today` is told in the files.

    `force`: what an earlier import wrote into `out` is replaced.
    """

    out: Path
    today: str
    include_inactive: bool = False
    split: Split = "auto"
    size: int = 500
    force: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What was written: records by file. `notes`: what is not in it, or in another way than might be expected.

    `remaining`: what a plan of it would do all the same.
    """

    files: Mapping[str, int]
    inventory: Inventory
    notes: tuple[str, ...]
    remaining: Changeset
    live: LiveState


def import_live(options: PlanOptions, what: ImportOptions) -> Imported:
    """Read a tenant whole and write it as manifests, its Tenant and Mapping documents included.

    Raises OperatorError where there is something at `what.out` that this does not replace; nothing is written then.
    """
    _check_place(options.manifests, what)
    session = open_session(options)
    manifests = session.manifests()
    _check_mapping(manifests, what)
    with connect(session, options) as directory:
        reading = directory.reader.read(Question(tuple, full=True))
    if not reading.live.summary.complete:
        raise OperatorError(
            "the read was not provably complete, nothing was written: " + "; ".join(reading.live.notes),
            hint="somebody changes users at the moment: try again",
        )
    if reading.snapshot:
        session.store.save(reading.snapshot, reading.relied_on)
    match = {_USER: manifests.user_mapping.match, _GROUP: manifests.group_mapping.match}
    inventory = take_inventory(reading.live, match, include_inactive=what.include_inactive)
    writing = _Writing(session, manifests, inventory, what)
    files = writing.files(options.manifests)
    with stage(files, what.out.absolute().parent) as staged:
        remaining = _plan(staged, reading.live, options, session)
        outdated = _check_taken(what, files)
        place(staged, what.out, outdated)
    return Imported(writing.counts, inventory, writing.notes(), remaining, reading.live)


def _check_place(manifests: Path, what: ImportOptions) -> None:
    source, out = manifests.resolve(), what.out.resolve()
    if out == source or source in out.parents or out in source.parents:
        raise UsageError(
            f"{what.out} and {manifests} lie in each other: they would be read as one set of manifests",
            hint="name another folder with --out; once you are content with it, it takes the place of the first",
        )
    if what.out.exists() and not what.out.is_dir():
        raise OperatorError(f"{what.out} is a file", hint="name a folder with --out")
    found = [] if what.force else _find_manifests(what.out)
    if found:
        raise OperatorError(
            f"{what.out} holds manifests already: {list_files(found)}",
            hint="name another folder with --out, or replace what an earlier import wrote with --force",
        )


def _find_manifests(folder: Path) -> list[str]:
    paths = [*folder.rglob("*.yaml"), *folder.rglob("*.yml")] if folder.is_dir() else []
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _check_taken(what: ImportOptions, files: Iterable[str]) -> list[str]:
    """What an earlier import wrote and this one does not. Raises OperatorError where others wrote manifests there."""
    others, foreign = [], []
    for name in _find_manifests(what.out):
        with (what.out / name).open(encoding="utf-8", errors="replace") as file:
            is_ours = file.readline().startswith(comment(MARKER))
        if not is_ours:
            foreign.append(name)
        elif name not in files:
            others.append(name)
    if foreign:
        raise OperatorError(
            f"{what.out} holds manifests that no import wrote: {list_files(foreign)}",
            hint="they would be read together: name another folder with --out",
        )
    return others


def _check_mapping(manifests: Manifests, what: ImportOptions) -> None:
    for mapping in (manifests.user_mapping, manifests.group_mapping):
        key = KEY_ATTRIBUTE[mapping.resource]
        if not Reverser(mapping).names_key:
            raise OperatorError(
                f"the mapping computes {key}, which cannot be turned round: no record could be written",
                hint=f"import with a direct rule for `{key}`, such as `{key}: {key}`",
            )
    if what.include_inactive and not Reverser(manifests.user_mapping).says_inactive:
        raise OperatorError(
            "the mapping has no direct rule for `active`: inactive users cannot be told from others",
            hint="leave out --include-inactive, or add the rule `active: active`",
        )


def _plan(folder: Path, live: LiveState, options: PlanOptions, session: Session) -> Changeset:
    """What a plan of these manifests would do to live state as it was just read."""
    written = read_manifests(folder, options.at)
    tenant = choose_tenant(written.tenants, session.tenant.name)
    return make_plan(written.desired, live, plan_request(tenant, written, options, session.identity))


class _Writing:
    """Turns an inventory into files; collects what is to be told of it."""

    def __init__(self, session: Session, manifests: Manifests, inventory: Inventory, what: ImportOptions) -> None:
        self._session, self._manifests, self._inventory, self._what = session, manifests, inventory, what
        self._left_over: dict[ResourceType, Counter[str]] = {each: Counter() for each in ResourceType}
        self._told: Counter[str] = Counter()
        self.counts: dict[str, int] = {}
        """Records by file."""

    def files(self, manifests: Path) -> dict[str, str]:
        """Text by path."""
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
        for path, records in split_users(filed, self._what.split, self._what.size).items():
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

    def _not_reversed(self, mapping: Rules) -> Iterable[str]:
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
        chosen = self._session.tenant.name
        return [protect(each, names) if str(each.value.get("name")) == chosen else each for each in tenants]

    def _header(self) -> str:
        tenant = self._session.tenant
        account = f" (account {tenant.account})" if tenant.account else ""
        return f"{MARKER}: tenant {tenant.name}{account}, {self._what.today}."

    def _documents(self, documents: Iterable[Copied]) -> str:
        texts = (_without_marker(each.text) for each in documents)
        return f"{comment(self._header())}\n" + "---\n".join(texts)

    def _render(self, mapping: Rules, path: str, records: Sequence[WrittenRecord]) -> str:
        self.counts[path] = len(records)
        reverser = Reverser(mapping)
        names = [name for target in COMMON if (name := reverser.source(target))]
        defaults = find_defaults(records, names)
        own = [without_defaults(record, defaults) for record in records]
        return render_records(mapping.resource, WrittenFile(self._header(), own, defaults))

    def _records(self, mapping: Rules, declared: Iterable[Declared]) -> list[WrittenRecord]:
        reverser = Reverser(mapping)
        mapper = RecordMapper(mapping, time_zones, datetime.now(UTC))
        return [self._record(reverser, mapper, each) for each in declared]

    def _record(self, reverser: Reverser, mapper: RecordMapper, declared: Declared) -> WrittenRecord:
        live, ambiguous, manager, members, others = declared
        notes: list[str] = []
        given, left_over = reverser.reverse(live, manager if isinstance(manager, str) else None)
        self._left_over[live.type].update(left_over)
        external_id = reverser.source("externalId")
        if ambiguous and external_id:
            notes.append(f"{external_id}: {given.pop(external_id)} is left out: others have the same")
            self._told[f"{external_id} left out, since others have the same"] += 1
        if manager is not None and not isinstance(manager, str):
            notes.append(f"{reverser.source(MANAGER) or 'manager'}: {manager.name} is left out: {manager.reason}")
            self._told[f"managers left out ({manager.reason})"] += 1
        given, refused = _acceptable(given, mapper)
        notes += refused
        self._told.update(f"values left out ({each.partition(':')[0]})" for each in refused)
        if members is not None:
            given["members"] = [{"group": each.name} if each.type is _GROUP else each.name for each in members]
        if others:
            given["membership"] = "additive"
            notes += _tell_others(others)
            self._told.update(f"members left out ({each.reason})" for each in others)
        return WrittenRecord(given, tuple(notes))


def _acceptable(given: Attributes, mapper: RecordMapper) -> tuple[Attributes, list[str]]:
    """The record without values that the checks of manifests refuse, and what they say of them."""
    refused: list[str] = []
    for place in list(_unreadable(given)):
        refused.append(f"left out: `{'.'.join(place)}`: a number in it cannot be written")
        given = _without(given, place)
    while problems := [each for each in mapper.map_record(given).problems if each[0] and each[0][0] in given]:
        path, message = problems[0]
        refused.append(f"left out: {message}")
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
    return "\n".join(line for line in text.split("\n") if not line.startswith(comment(MARKER))).lstrip("\n")
