"""Drift, told apart: a plan's differences against what was last applied, as in a three-way merge.

Live changed and the manifests did not: drift. The manifests changed and live did not: pending. Both: conflict. What the
tenant tolerates is told apart. Actions stay as planned; each of their differences gets a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from reconciler.core.diff import diff_attributes
from reconciler.core.guards import ALLOWABLE
from reconciler.core.model import Action, ActionKind, Desired, Member, MemberChanges, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import CUSTOM_FIELDS, parse_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Change, Guard, Live, Value
    from reconciler.core.names import Names
    from reconciler.core.tolerance import Tolerance, Tolerances

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


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a plan: what is declared, by type and key, and what 4me has, by type and id."""

    desired: Mapping[Member, Desired]
    live: Mapping[Member, Live]
    names: Names


def tell_apart(actions: Iterable[Action], sides: Sides, base: Base | None, tolerances: Tolerances) -> Drift:
    """What each difference of these actions is, by what was last applied and by what the tenant tolerates."""
    judge = _Judge(sides, base, tolerances)
    judged = tuple(judge.judge(action) for action in actions)
    return Drift(judged, base.origin if base else None, tuple(judge.notes()))


class _Judge:
    """Judges actions one by one, and remembers which rules of tolerance it met."""

    def __init__(self, sides: Sides, base: Base | None, tolerances: Tolerances) -> None:
        self._sides, self._base, self._tolerances = sides, base, tolerances
        self._met: set[Tolerance] = set()

    def judge(self, action: Action) -> Judged:
        """The verdicts on an action's differences."""
        add, remove = action.members.add, action.members.remove
        applied = self._base.find(action) if self._base else None
        desired = self._sides.desired.get(Member(action.type, action.key))
        live = self._sides.live.get(Member(action.type, action.id)) if action.id else None
        if applied and desired and live:
            changes = self._compare(action.changes, desired, live, applied)
            added = [self._compare_member(applied, each, declared=True) for each in add]
            removed = [self._compare_member(applied, each, declared=False) for each in remove]
        else:
            whole = Verdict(self._judge_whole(declared=desired is not None, known=applied is not None, live=live))
            changes, added, removed = [whole] * len(action.changes), [whole] * len(add), [whole] * len(remove)
        return Judged(
            action,
            tuple(map(partial(self._tolerate_change, action), action.changes, changes)),
            tuple(map(partial(self._tolerate_member, action), add, added)),
            tuple(map(partial(self._tolerate_member, action), remove, removed)),
        )

    def notes(self) -> Iterator[str]:
        """Rules that are over, and rules that nothing needs any more."""
        for rule in self._tolerances.rules:
            about = f"tolerance of {rule.resource.value} {', '.join(rule.keys)} ({rule.source})"
            if rule not in self._met:
                yield f"{about} matches no difference any more: remove it; owner {rule.owner}"
            elif self._tolerances.is_expired(rule):
                yield f"{about} expired on {rule.until}: what it covers counts again; owner {rule.owner}"

    def _judge_whole(self, *, declared: bool, known: bool, live: Live | None) -> DriftKind:
        """What all differences of a resource are where it is missing on one side, or was when last applied."""
        if self._base is None:
            return DriftKind.UNKNOWN
        if declared and live:
            return DriftKind.PENDING
        return DriftKind.DRIFT if declared == known else DriftKind.PENDING

    def _compare(self, changes: Sequence[Change], desired: Desired, live: Live, applied: Live) -> list[Verdict]:
        hidden = {each.path: each.before for each in changes if each.path.startswith(CUSTOM_FIELDS)}
        shown = replace(live, attributes={**live.attributes, **hidden})
        was = Desired(applied.type, applied.key, applied.attributes, desired.source)
        by_author = {each.path: each.before for each in diff_attributes(desired, applied, {})}
        by_others = {each.path for each in diff_attributes(was, shown, self._sides.names.keys[ResourceType.USER])}
        verdicts: list[Verdict] = []
        for change in changes:
            if change.path == "active":
                kind = _kind(by_author=applied.active != desired.active, by_others=applied.active != live.active)
                verdicts.append(Verdict(kind, applied.active))
                continue
            ours = _touches(by_author, change.path)
            kind = _kind(by_author=ours, by_others=_touches(by_others, change.path))
            verdicts.append(Verdict(kind, by_author.get(change.path) if ours else change.after))
        return verdicts

    def _compare_member(self, applied: Live, member: Member, *, declared: bool) -> Verdict:
        """A membership is there or not, so that both sides cannot have changed it differently."""
        if applied.members is None:
            return Verdict(DriftKind.PENDING)
        id_ = self._ids.get(member, member.name)
        was_member = Member(member.type, id_) in applied.members
        return Verdict(DriftKind.DRIFT if was_member == declared else DriftKind.PENDING)

    @cached_property
    def _ids(self) -> Mapping[Member, str]:
        return self._sides.names.all_ids()

    def _tolerate_change(self, action: Action, change: Change, verdict: Verdict) -> Verdict:
        path = None if action.id is None else change.path
        return self._tolerate(verdict, self._tolerances.find_attribute(action.type, action.key, path))

    def _tolerate_member(self, action: Action, member: Member, verdict: Verdict) -> Verdict:
        return self._tolerate(verdict, self._tolerances.find_membership(action.key, member))

    def _tolerate(self, verdict: Verdict, rule: Tolerance | None) -> Verdict:
        """Nobody tolerates what is only waiting to be applied."""
        if rule is None:
            return verdict
        self._met.add(rule)
        if verdict.kind is DriftKind.PENDING or self._tolerances.is_expired(rule):
            return verdict._replace(tolerance=rule)
        return verdict._replace(kind=DriftKind.TOLERATED, tolerance=rule)


def counts_as_drift(drift: Drift, counted: Collection[DriftKind], guards: Iterable[Guard]) -> bool:
    """Whether there is anything that is not tolerated, of the kinds that count.

    So does a breached guard, unless what it counts are differences, which are judged themselves.
    """
    kinds = {*counted, DriftKind.UNKNOWN}
    if any(not each.kinds.isdisjoint(kinds) for each in drift.actions):
        return True
    return any(guard.breached and guard.name not in ALLOWABLE for guard in guards)


def _kind(*, by_author: bool, by_others: bool) -> DriftKind:
    if by_author:
        return DriftKind.CONFLICT if by_others else DriftKind.PENDING
    return DriftKind.DRIFT


def _touches(paths: Collection[str], path: str) -> bool:
    """Whether a change is among these, or changes what one of these changes in other words.

    Values of a multi-valued attribute are selected by type or by value, as both sides of a comparison allow.
    """
    if path in paths:
        return True
    attribute = parse_path(path).attribute
    return any(parse_path(each).attribute == attribute and _selects(each, path) for each in paths)


def _selects(one: str, other: str) -> bool:
    first, second = parse_path(one), parse_path(other)
    if not first.by or not second.by:
        return first.sub == second.sub or bool(first.by or second.by)
    return first.by != second.by or (fold(first.value) == fold(second.value) and not (first.sub and second.sub))


def _sets_active(changes: Iterable[Change]) -> bool:
    return any(change.path == "active" for change in changes)


def _chosen(items: Iterable[_Item], verdicts: Iterable[Verdict], kinds: Collection[DriftKind]) -> Iterator[_Item]:
    return (item for item, verdict in zip(items, verdicts, strict=True) if verdict.kind in kinds)
