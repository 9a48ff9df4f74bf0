"""Writing: what POST, PUT, PATCH and DELETE do to users and groups.

PUT and PATCH both change only what is sent. A write that changes nothing leaves `meta.lastModified` alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from reconciler.sandbox.attributes import ENTERPRISE_SCHEMA, NAMES, RESOURCES
from reconciler.sandbox.effects import Effect, verb_of
from reconciler.sandbox.members import KINDS, apply_member_operation, is_members, merge_members
from reconciler.sandbox.messages import JsonObject, scim_error, validation_failed
from reconciler.sandbox.patching import apply_operation, is_patch, parse_operations
from reconciler.sandbox.reading import render_whole
from reconciler.sandbox.records import PartialComplex, merge_record
from reconciler.sandbox.rendering import manager_of, read_record, render_record
from reconciler.sandbox.store import Kind, Member, Row, Store

if TYPE_CHECKING:
    from collections.abc import Callable

Members = frozenset[Member]


@dataclass(frozen=True, slots=True)
class Rules:
    """How this 4me behaves where the vendor's documentation leaves it open."""

    account: str
    clock: Callable[[], float]
    partial_complex: PartialComplex = "merge"
    membership_touches_group: bool = True


@dataclass(frozen=True, slots=True)
class Writer:
    """Carries out writes; call its methods inside `store.writing()`. Each returns the whole resource as JSON.

    `effects` gathers what they did.
    """

    store: Store
    rules: Rules
    effects: list[Effect] = field(default_factory=list)

    def create(self, kind: Kind, sent: JsonObject) -> str:
        """POST: a new resource; 409 where its name is taken, 422 for what cannot be used."""
        record = merge_record(RESOURCES[kind], {}, sent)
        if kind == "User":
            record.setdefault("active", True)
        members = self._merge_plain_members(kind, frozenset(), sent, replaces=True)
        self._check(kind, record, members, held=None)
        now = int(self.rules.clock())
        row = Row(kind, self.store.reserve(kind), "", active=True, created=now, modified=now, manager=None, body="")
        row = self._save(row, record)
        self.store.add_members(row.id, members)
        self._tell(None, row, members)
        return render_whole(self.store, self.rules.account, row)

    def update(self, row: Row, sent: JsonObject, *, replaces: bool) -> str:
        """PUT (`replaces` the members of a group, where they are sent) or PATCH, in either form of body."""
        held = read_record(row)
        held_members = self._held_members(row)
        if is_patch(sent):
            record, members = self._apply_operations(row.kind, held, held_members, sent)
        else:
            record = merge_record(RESOURCES[row.kind], held, sent, partial_complex=self.rules.partial_complex)
            members = self._merge_plain_members(row.kind, held_members, sent, replaces=replaces)
        self._check(row.kind, record, members - held_members, held=row)
        self.store.add_members(row.id, members - held_members)
        self.store.remove_members(row.id, held_members - members)
        before, touched = row, record != held or (members != held_members and self.rules.membership_touches_group)
        if touched:
            row = self._save(dataclasses.replace(row, modified=int(self.rules.clock())), record)
        if touched or members != held_members:
            self._tell(before, row, members - held_members, held_members - members)
        return render_whole(self.store, self.rules.account, row)

    def deactivate(self, row: Row) -> None:
        """DELETE of a user: it becomes inactive and stays. DELETE of a group: it goes, with its memberships."""
        if row.kind == "Group":
            self.remove(row)
        else:
            self.update(row, {"active": False}, replaces=False)

    def remove(self, row: Row) -> None:
        """DELETE with `hard=true`: the SCIM record goes; its reports have no manager any more."""
        self.store.remove(row.kind, row.id)
        self.effects.append(Effect("removed", row.kind, row.id, row.name))
        if row.kind == "User":
            for report in self.store.reports(row.id):
                self.update(report, {ENTERPRISE_SCHEMA: {"manager": None}}, replaces=False)

    def touch(self, row: Row) -> None:
        """Somebody saves a resource without changing it: it becomes the one that was modified last."""
        self._save(dataclasses.replace(row, modified=int(self.rules.clock())), read_record(row))

    def _tell(self, before: Row | None, row: Row, added: Members, gone: Members = frozenset()) -> None:
        came, went = (tuple(sorted(side, key=lambda each: (each.kind, each.id))) for side in (added, gone))
        self.effects.append(Effect(verb_of(before, row), row.kind, row.id, row.name, came, went))

    def _apply_operations(
        self, kind: Kind, record: JsonObject, members: Members, sent: JsonObject
    ) -> tuple[JsonObject, Members]:
        for operation in parse_operations(RESOURCES[kind], sent):
            if kind == "Group" and is_members(operation.path.name):
                members = apply_member_operation(members, operation)
            else:
                record = apply_operation(RESOURCES[kind], record, operation)
        return record, members

    def _merge_plain_members(self, kind: Kind, held: Members, sent: JsonObject, *, replaces: bool) -> Members:
        for name, value in sent.items():
            if kind == "Group" and is_members(name):
                held = merge_members(held, value, replaces=replaces)
        return held

    def _held_members(self, row: Row) -> Members:
        if row.kind == "User":
            return frozenset()
        return frozenset(Member(member.kind, member.id) for member in self.store.members(row.id))

    def _check(self, kind: Kind, record: JsonObject, added: Members, *, held: Row | None) -> None:
        name = record.get(NAMES[kind])
        if not isinstance(name, str) or not name.strip():
            raise validation_failed([(NAMES[kind], "can't be blank")])
        namesake = self.store.find_by_name(kind, name)
        if namesake is not None and (held is None or namesake.id != held.id):
            message = f"{NAMES[kind]} {name} is already in use"
            raise scim_error(HTTPStatus.CONFLICT, "uniqueness", message)
        manager = manager_of(record)
        if manager is not None and self._find_manager(manager) is None:
            raise validation_failed([("manager", f"{manager} does not exist")])
        for member_kind in KINDS:
            ids = [member.id for member in added if member.kind == member_kind]
            if missing := self.store.missing(member_kind, ids):
                raise validation_failed([("members", f"{id_} does not exist") for id_ in sorted(missing)])

    def _find_manager(self, id_: str) -> Row | None:
        return self.store.find("User", int(id_)) if id_.isascii() and id_.isdigit() else None

    def _save(self, row: Row, record: JsonObject) -> Row:
        """Keep the record and, where its name changed, what its reports tell of their manager."""
        manager = self._find_manager(manager_of(record) or "")
        external_id = record.get("externalId")
        saved = dataclasses.replace(
            row,
            name=str(record[NAMES[row.kind]]),
            active=record.get("active", True) is True,
            manager=None if manager is None else manager.id,
            body=render_record(self.rules.account, row, record, _shown_name(manager)),
            external_id=None if external_id is None else str(external_id),
        )
        self.store.save([saved])
        if row.kind == "User" and row.body and _shown_name(row) != _shown_name(saved):
            for report in self.store.reports(row.id):
                self._save(report, read_record(report))
        return saved


def _shown_name(manager: Row | None) -> str:
    return "" if manager is None else str(read_record(manager).get("displayName", manager.name))
