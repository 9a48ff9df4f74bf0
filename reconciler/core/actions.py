"""From matched pairs to actions: what has to be done to each resource, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.core.diff import diff_attributes, live_value
from reconciler.core.digest import digest
from reconciler.core.equivalence import Equivalences
from reconciler.core.match import identity_conflict
from reconciler.core.members import Members
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER, short_path
from reconciler.core.plan_model import Action, ActionKind, Change, MemberChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Desired, Live, Outside
    from reconciler.core.names import Names

NO_MEMBERS = MemberChanges()


@dataclass(slots=True)
class Findings:
    """What planning finds out on its way, besides actions: warnings, and numbers for the guards."""

    warnings: list[str] = field(default_factory=list)
    identity_conflicts: int = 0
    unreadable_records: int = 0


@dataclass(frozen=True, slots=True)
class Planner:
    """Decides about one resource at a time.

    `may_remove`: everything owned was provably seen. `unreadable`: whether the service gives no custom fields back,
    asked where there are some; `applied` then holds, by id, what earlier applies wrote. `outside`: by type and id, the
    records that would declare unlisted resources, were they in scope.
    """

    names: Names
    protected: tuple[str, ...]
    findings: Findings
    outside: Mapping[Member, Outside] = field(default_factory=dict)
    may_remove: bool = True
    unreadable: Callable[[], bool] = bool
    applied: Mapping[str, Attributes] = field(default_factory=dict)
    rules: Equivalences = Equivalences()

    def plan_pair(self, desired: Desired, live: Live | None) -> Action | None:
        """The action that makes `live` what `desired` says, or None."""
        if live is None:
            return self._create(desired) if desired.active else None
        if identity_conflict(desired, live):
            self._report_conflict(desired, live)
            return None
        kind, changes = self._kind(desired, live)
        changes += self._compare(desired, live)
        members = self._compare_members(desired, live)
        if not changes and members is NO_MEMBERS:
            return None
        return _action(kind, live, changes, members, desired)

    def plan_unlisted(self, live: Live) -> Action | None:
        """The deactivation of a live resource that nothing declares, or None where there is nothing left to take."""
        outside = self.outside.get(Member(live.type, live.id))
        why = f"out of scope: {outside.reason}" if outside else "declared nowhere"
        if live.type is ResourceType.USER:
            changes = (Change("active", before=True, after=False),) if live.active else ()
            members = NO_MEMBERS
        else:
            changes, members = (), MemberChanges(remove=self._named(live.members or ()))
        if not changes and not members:
            return None
        if self.is_protected(live.key):
            self.findings.warnings.append(f"{live.key} is {why}, but protected: left alone")
            return None
        action = _action(ActionKind.DEACTIVATE, live, changes, members)
        return replace(action, reason=why, source=outside.source) if outside else action

    def is_protected(self, key: str) -> bool:
        """Whether the tenant protects this user or group name."""
        return is_among(self.protected, key)

    def _create(self, desired: Desired) -> Action:
        given = (Change(path, None, value) for path, value in desired.attributes.items() if not is_empty(value))
        changes = self._settable(given, desired)
        wanted = sorted(member for member in desired.members or () if self._reachable(member, desired))
        return Action(
            ActionKind.CREATE,
            desired.type,
            desired.key,
            None,
            reason="declared, not in 4me",
            changes=changes,
            members=MemberChanges(add=tuple(wanted)),
            digest=digest([desired.type.value, desired.key, None]),
            source=desired.source,
        )

    def _kind(self, desired: Desired, live: Live) -> tuple[ActionKind, tuple[Change, ...]]:
        if desired.type is ResourceType.GROUP or desired.active == live.active:
            return ActionKind.UPDATE, ()
        if desired.active:
            return ActionKind.REACTIVATE, (Change("active", before=False, after=True),)
        if self.is_protected(live.key):
            self.findings.warnings.append(f"{live.key} is declared inactive, but protected: not deactivated")
            return ActionKind.UPDATE, ()
        return ActionKind.DEACTIVATE, (Change("active", before=True, after=False),)

    def _compare(self, desired: Desired, live: Live) -> tuple[Change, ...]:
        changes = diff_attributes(desired, live, self.names.keys[ResourceType.USER], self.rules)
        if self.rules:
            changes += tuple(self._send_dropped(desired, live))
        if changes:
            changes = self._settable(changes, desired)
        if not has_fields(desired.attributes) or not self.unreadable():
            return changes
        readable = tuple(change for change in changes if not change.path.startswith(CUSTOM_FIELDS))
        return (*readable, *self._rewrite_fields(desired, live))

    def _settable(self, changes: Iterable[Change], desired: Desired) -> tuple[Change, ...]:
        """The changes without a manager whom 4me neither has nor gets from this plan."""
        return tuple(change for change in changes if change.path != MANAGER or self._manager_exists(change, desired))

    def _manager_exists(self, change: Change, desired: Desired) -> bool:
        if not isinstance(change.after, str):
            return True
        return Member(ResourceType.USER, change.after) in self.names or self._absent(change.after, desired)

    def _absent(self, name: str, desired: Desired) -> bool:
        self.findings.warnings.append(
            f"{desired.key}: manager {name} is not in 4me and not created by this plan: not set"
        )
        return False

    def _send_dropped(self, desired: Desired, live: Live) -> Iterator[Change]:
        """What the service is said to drop, where it has none of it and the record changed since it was last sent."""
        sent = self.applied.get(live.id, {})
        for path in sorted(self.rules.dropped() & sent.keys() & desired.attributes.keys()):
            want = desired.attributes[path]
            exact = path.startswith(CUSTOM_FIELDS)
            if is_empty(live_value(path, live.attributes)) and not same(want, sent[path], exact=exact):
                yield Change(path, None, want)

    def _rewrite_fields(self, desired: Desired, live: Live) -> tuple[Change, ...]:
        """Custom fields that cannot be read: all of a record's, where one differs from what was last written."""
        wanted = {path: value for path, value in desired.attributes.items() if path.startswith(CUSTOM_FIELDS)}
        wanted = {path: value for path, value in wanted.items() if path not in desired.create_only}
        if not wanted:
            return ()
        self.findings.unreadable_records += 1
        before = self.applied.get(live.id, {})
        if all(same(value, before.get(path), exact=True) for path, value in wanted.items()):
            return ()
        return tuple(Change(path, before.get(path), value) for path, value in wanted.items())

    def _compare_members(self, desired: Desired, live: Live) -> MemberChanges:
        if desired.members is None or live.members is None:
            return NO_MEMBERS
        add: list[Member] = []
        unknown: list[Member] = []
        gone: list[Member] = []
        someone_stays = False
        all_declared = Members.of(desired.members)
        for kind, ids in self.names.ids.items():
            declared, present = all_declared.names(kind), live.members.names(kind)
            wanted = set(map(ids.get, declared))
            if None in wanted:
                wanted.remove(None)
                unknown += [Member(kind, key) for key in declared if key not in ids]
            add += self._named(Member(kind, missing) for missing in wanted - present if missing)
            gone += [Member(kind, live_id) for live_id in present - wanted]
            someone_stays = someone_stays or bool(wanted)
        add += [each for each in sorted(unknown) if self._reachable(each, desired)]
        if desired.membership == "additive":
            gone = []
        remove = self._removable(live, gone, someone_stays=bool(add) or someone_stays)
        return MemberChanges(tuple(sorted(add)), remove) if add or remove else NO_MEMBERS

    def _removable(self, live: Live, gone: Sequence[Member], *, someone_stays: bool) -> tuple[Member, ...]:
        if not gone:
            return ()
        if not self.may_remove:
            self.findings.warnings.append(f"{live.key}: {len(gone)} members not removed, the read was not complete")
            return ()
        if not someone_stays and self.is_protected(live.key):
            self.findings.warnings.append(f"{live.key} would be emptied, but is protected: its members stay")
            return ()
        return self._named(gone)

    def _named(self, members: Iterable[Member]) -> tuple[Member, ...]:
        keys = self.names.keys
        return tuple(sorted(Member(kind, keys[kind].get(name, name)) for kind, name in members))

    def _reachable(self, member: Member, group: Desired) -> bool:
        if member in self.names:
            return True
        self.findings.warnings.append(
            f"{group.key}: {member.name} is not in 4me and not created by this plan: not added"
        )
        return False

    def _report_conflict(self, desired: Desired, live: Live) -> None:
        self.findings.identity_conflicts += 1
        want, have = desired.attributes.get("externalId"), live.attributes.get("externalId")
        self.findings.warnings.append(
            f"{desired.source}: {desired.key} is blocked: its externalId {want} differs from {have} of the live"
            f" {live.key} (id {live.id}); `adopt: true` in the record takes the live one over"
        )


def is_among(patterns: Iterable[str], key: str) -> bool:
    """Whether a name fits one of these globs, without regard to case."""
    return any(fnmatchcase(key.casefold(), pattern.casefold()) for pattern in patterns)


def has_fields(attributes: Attributes) -> bool:
    """Whether there are custom fields among these."""
    return any(path.startswith(CUSTOM_FIELDS) for path in attributes)


def _action(
    kind: ActionKind, live: Live, changes: tuple[Change, ...], members: MemberChanges, desired: Desired | None = None
) -> Action:
    return Action(
        kind,
        live.type,
        desired.key if desired else live.key,
        live.id,
        reason=_reason(kind, changes, members) if desired else "declared nowhere",
        changes=changes,
        members=members,
        digest=action_digest(live, changes, members),
        source=desired.source if desired else None,
    )


def _reason(kind: ActionKind, changes: tuple[Change, ...], members: MemberChanges) -> str:
    if kind is ActionKind.REACTIVATE:
        return "inactive in 4me, declared active"
    if kind is ActionKind.DEACTIVATE:
        return "declared inactive"
    paths = list(dict.fromkeys(short_path(change.path) for change in changes))
    if members:
        paths.append("members")
    return f"{', '.join(paths)} {'differ' if len(paths) > 1 or members else 'differs'}"


def action_digest(live: Live, changes: tuple[Change, ...], members: MemberChanges) -> str:
    """Covers the live values that these changes were computed from."""
    seen = {change.path: live_value(change.path, live.attributes) for change in changes}
    concerned = [[*member] for member in (*members.add, *members.remove)]
    return digest([live.type.value, live.id, live.active, seen, concerned])
