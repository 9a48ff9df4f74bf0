"""Judging a plan's differences: each side against what was last applied (`core/drift.py` has the verdicts)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from reconciler.core.diff import diff_attributes
from reconciler.core.drift import Drift, DriftKind, Judged, Verdict
from reconciler.core.equivalence import Equivalences
from reconciler.core.model import Desired, Member, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import CUSTOM_FIELDS, parse_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.core.drift import Base
    from reconciler.core.model import Live
    from reconciler.core.names import Names
    from reconciler.core.plan_model import Action, Change
    from reconciler.core.tolerance import Tolerance, Tolerances


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a plan: what is declared, by type and key, and what 4me has, by type and id."""

    desired: Mapping[Member, Desired]
    live: Mapping[Member, Live]
    names: Names
    rules: Equivalences = Equivalences()


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
        keys = self._sides.names.keys[ResourceType.USER]
        by_others = {each.path for each in diff_attributes(was, shown, keys, self._sides.rules)}
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
