"""Drift, told apart: a plan's differences against what was last applied, as in a three-way merge.

Live changed and the manifests did not: drift. The manifests changed and live did not: pending. Both: conflict. What the
tenant tolerates is told apart. Actions stay as planned; each of their differences gets a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from reconciler.core.guards import ALLOWABLE
from reconciler.core.model import Member
from reconciler.core.plan_model import Action, ActionKind, MemberChanges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from reconciler.core.model import Live, Value
    from reconciler.core.plan_model import Change, Guard
    from reconciler.core.tolerance import Tolerance

_Item = TypeVar("_Item")


class DriftKind(StrEnum):
    """What a difference is, in the order in which it is told. `unknown`: it is not known what was last applied."""

    DRIFT = "drift"
    CONFLICT = "conflict"
    PENDING = "pending"
    UNKNOWN = "unknown"
    TOLERATED = "tolerated"


COUNTED = (DriftKind.DRIFT, DriftKind.CONFLICT, DriftKind.PENDING)
"""Kinds that can be chosen to count; `unknown` may be drift, so it always counts."""


class Verdict(NamedTuple):
    """What one difference is.

    `base`: the value that was last applied, of an attribute. `tolerance`: the rule that covers it, also an expired one.
    """

    kind: DriftKind
    base: Value = None
    tolerance: Tolerance | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it is known from what was last applied: the state directory (`at` is a time) or a git revision."""

    kind: Literal["state", "revision"]
    at: str


@dataclass(frozen=True, slots=True)
class Base:
    """What was last applied, as far as it concerns a plan: resources as they were left, references as keys.

    `by_id`, `by_key`: by type and id, and by type and folded key; `members` of a resource are ids.
    """

    origin: Origin
    by_id: Mapping[Member, Live] = field(default_factory=dict)
    by_key: Mapping[Member, Live] = field(default_factory=dict)

    def find(self, action: Action) -> Live | None:
        """What was last applied of the resource that an action is about."""
        if action.id is not None:
            return self.by_id.get(Member(action.type, action.id))
        return self.by_key.get(Member(action.type, action.key.casefold()))


@dataclass(frozen=True, slots=True)
class Judged:
    """An action with a verdict for each of its changes, added and removed members, in their order."""

    action: Action
    changes: tuple[Verdict, ...]
    added: tuple[Verdict, ...] = ()
    removed: tuple[Verdict, ...] = ()

    @property
    def kinds(self) -> frozenset[DriftKind]:
        """All that its differences are."""
        return frozenset(each.kind for each in (*self.changes, *self.added, *self.removed))

    def part(self, kinds: Collection[DriftKind]) -> Action:
        """The action with its differences of these kinds only."""
        action, members = self.action, self.action.members
        changes = tuple(_chosen(action.changes, self.changes, kinds))
        steps = action.kind in (ActionKind.REACTIVATE, ActionKind.DEACTIVATE)
        without_step = steps and _sets_active(action.changes) and not _sets_active(changes)
        return replace(
            action,
            kind=ActionKind.UPDATE if without_step else action.kind,
            changes=changes,
            members=MemberChanges(
                tuple(_chosen(members.add, self.added, kinds)), tuple(_chosen(members.remove, self.removed, kinds))
            ),
        )

    def without(self, other: Action) -> Judged:
        """What is left of it when another action's differences are gone."""
        action, members = self.action, self.action.members
        changes = [each for each in zip(action.changes, self.changes, strict=True) if each[0] not in other.changes]
        add = [each for each in zip(members.add, self.added, strict=True) if each[0] not in other.members.add]
        remove = [
            each for each in zip(members.remove, self.removed, strict=True) if each[0] not in other.members.remove
        ]
        left = MemberChanges(tuple(each for each, _ in add), tuple(each for each, _ in remove))
        return Judged(
            replace(action, changes=tuple(each for each, _ in changes), members=left),
            tuple(verdict for _, verdict in changes),
            tuple(verdict for _, verdict in add),
            tuple(verdict for _, verdict in remove),
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences of a plan, told apart. `origin` is None where it is not known what was last applied."""

    actions: tuple[Judged, ...] = ()
    origin: Origin | None = None
    notes: tuple[str, ...] = ()

    def of(self, *kinds: DriftKind) -> tuple[Action, ...]:
        """The actions that have differences of these kinds, each with only those."""
        return tuple(each.part(kinds) for each in self.actions if not each.kinds.isdisjoint(kinds))

    def without(self, actions: Iterable[Action]) -> Drift:
        """What is left when the differences of these actions are gone."""
        gone = {(each.type, each.id): each for each in actions}
        left = (
            each.without(gone[name]) if (name := (each.action.type, each.action.id)) in gone else each
            for each in self.actions
        )
        return replace(self, actions=tuple(each for each in left if each.kinds))

    def counts(self) -> dict[DriftKind, int]:
        """How many resources have differences of each kind; one may have several."""
        return {kind: sum(1 for each in self.actions if kind in each.kinds) for kind in DriftKind}


def counts_as_drift(drift: Drift, counted: Collection[DriftKind], guards: Iterable[Guard]) -> bool:
    """Whether there is anything that is not tolerated, of the kinds that count.

    So does a breached guard, unless what it counts are differences, which are judged themselves.
    """
    kinds = {*counted, DriftKind.UNKNOWN}
    if any(not each.kinds.isdisjoint(kinds) for each in drift.actions):
        return True
    return any(guard.breached and guard.name not in ALLOWABLE for guard in guards)


def _sets_active(changes: Iterable[Change]) -> bool:
    return any(change.path == "active" for change in changes)


def _chosen(items: Iterable[_Item], verdicts: Iterable[Verdict], kinds: Collection[DriftKind]) -> Iterator[_Item]:
    return (item for item, verdict in zip(items, verdicts, strict=True) if verdict.kind in kinds)
