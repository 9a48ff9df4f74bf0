"""The reverse of a run: its steps and what 4me has now, to actions. What was changed since is left alone and told.

Pure, like all planning; the actions have the digests, guards and order of any plan.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.actions import action_digest, is_among
from reconciler.core.created import judge_creation
from reconciler.core.guards import Owned, check_guards
from reconciler.core.left_members import put_back, take_out
from reconciler.core.left_values import Left, Since
from reconciler.core.model import Member, ResourceType
from reconciler.core.order import order_actions
from reconciler.core.paths import short_path
from reconciler.core.plan import Changeset
from reconciler.core.plan_model import Action, ActionKind, Change, Counts, MemberChanges, Summary
from reconciler.core.reversal import Ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Live, LiveState
    from reconciler.core.plan import PlanRequest
    from reconciler.core.reversal import Reversal, Step

REASONS = {
    ActionKind.CREATE: "created by that run, and nothing is ever deleted",
    ActionKind.REACTIVATE: "reactivated by that run",
    ActionKind.DEACTIVATE: "deactivated by that run",
}
IN_FLIGHT = "was in flight when that run was interrupted"


def plan_undo(reversal: Reversal, live: LiveState, request: PlanRequest) -> Changeset:
    """Everything that has to be done to bring `live` back to what it was before the run.

    Of the request, policy and equivalences count.
    """
    undoing = _Undoing(Left(reversal, live, request.equivalences), request.policy.protected)
    actions = [action for step in reversal.steps if (action := undoing.undo(step))]
    ordered = tuple(action for wave in order_actions(actions) for action in wave)
    owned = Owned(
        active_users=sum(1 for user in live.users if user.owned and user.active),
        memberships=sum(len(group.members or ()) for group in live.groups if group.owned),
        declared_users=0,
    )
    return Changeset(
        ordered,
        check_guards(ordered, owned, request.policy, everything=False),
        warnings=(*live.notes, *dict.fromkeys(undoing.told), *undoing.numbers(reversal)),
        summary=_summarise(ordered, reversal.steps),
        names=undoing.left.names,
    )


@dataclass(slots=True)
class _Reverse:
    """The reverse of one step, as far as it is to be done, and what is told of the rest."""

    changes: list[Change] = field(default_factory=list)
    add: list[Member] = field(default_factory=list)
    remove: list[Member] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    settled: int = 0

    def __bool__(self) -> bool:
        return bool(self.changes or self.add or self.remove)

    @property
    def active(self) -> Change | None:
        """The change of whether it is active."""
        return next((change for change in self.changes if change.path == "active"), None)


@dataclass(slots=True)
class _Undoing:
    """Reverses one step at a time, and gathers what is to be told."""

    left: Left
    protected: tuple[str, ...]
    told: list[str] = field(default_factory=list)
    settled: int = 0

    def numbers(self, reversal: Reversal) -> Iterator[str]:
        """What is told in numbers only."""
        if self.settled:
            yield f"{self.settled} value(s) and membership(s) are as they were before that run already"
        if reversal.unfinished:
            yield f"{reversal.unfinished} action(s) of that run were not carried out: there is nothing to undo of them"

    def undo(self, step: Step) -> Action | None:
        """The action that takes a step back, or None where there is nothing to do or nothing that may be done."""
        live = self.left.find(step)
        if live is None:
            self._tell_absent(step)
            return None
        reverse = self._reverse(step, live)
        if step.ending is Ending.FAILED:
            if reverse and (step.kind is not ActionKind.CREATE or self.left.is_as_created(step, live)):
                self.told.append(f"{live.key}: failed in that run, yet 4me has it as that run wanted it: left alone")
            return None
        if step.ending is Ending.IN_FLIGHT and not self._tell_in_flight(step, live, reverse):
            self.told += reverse.told if step.told else ()
            return None
        self._protect(live, reverse)
        self.told += reverse.told
        self.settled += reverse.settled
        return self._action(step, live, reverse) if reverse else None

    def _tell_absent(self, step: Step) -> None:
        if step.ending is Ending.DONE or step.id:
            self.told.append(f"{step.type.value} {step.key} (id {step.id}) is not in 4me any more: nothing to undo")
        elif step.ending is Ending.IN_FLIGHT:
            self.told.append(f"{step.key} {IN_FLIGHT}: 4me does not have it, nothing to do")

    def _tell_in_flight(self, step: Step, live: Live, reverse: _Reverse) -> bool:
        """Say what became of what was in flight; whether it is to be undone."""
        if not step.told or (step.kind is ActionKind.CREATE and not self.left.is_as_created(step, live)):
            verdict = "it cannot be told whether that run changed it, left alone: look at it"
        elif reverse:
            verdict = "4me has what that run wanted, undone"
        elif reverse.told:
            verdict = "4me has neither what was there before nor what that run wanted, left alone"
        else:
            verdict = "4me has what was there before, nothing to do"
        self.told.append(f"{live.key} {IN_FLIGHT}: {verdict}")
        return verdict.endswith("undone")

    def _reverse(self, step: Step, live: Live) -> _Reverse:
        reverse = _Reverse()
        changes = step.changes
        if step.kind is ActionKind.CREATE:
            changes = self._creation(step, live, reverse)
        for change in changes:
            found = self.left.judge(step, live, change)
            if isinstance(found, Change):
                reverse.changes.append(found)
                if self.left.is_unseen(live, change):
                    reverse.told.append(
                        f"{_of(change, live)}: 4me does not give it back, the old value is written unseen"
                    )
            elif isinstance(found, Since):
                reverse.told.append(f"{_of(change, live)}: {found.why}")
            else:
                reverse.settled += 1
        if step.members or (step.kind is ActionKind.CREATE and step.type is ResourceType.GROUP):
            self._reverse_members(step, live, reverse)
        return reverse

    def _creation(self, step: Step, live: Live, reverse: _Reverse) -> tuple[Change, ...]:
        """What there is to take back of a creation: that they are active, unless it is somebody else by now."""
        if step.type is not ResourceType.USER:
            return ()
        if live.active and step.ending is Ending.DONE:
            creation = judge_creation(step, live, self.left)
            reverse.told += creation.told
            if not creation.stands:
                return ()
        return (Change("active", before=False, after=True),)

    def _reverse_members(self, step: Step, live: Live, reverse: _Reverse) -> None:
        if live.members is None:
            reverse.told.append(f"{live.key}: its members could not be read, left alone")
            return
        sides = (
            (step.members.add, take_out, reverse.remove),
            (step.members.remove, put_back, reverse.add),
        )
        for members, judge, moved in sides:
            for member in members:
                found = judge(self.left, step, live, member)
                if isinstance(found, Member):
                    moved.append(found)
                elif found:
                    reverse.told.append(found)
                else:
                    reverse.settled += 1
        stay = len(live.members) - len(reverse.remove)
        if step.kind is ActionKind.CREATE and (stay or not live.members):
            what = f"{stay} member(s) that it got since stay" if stay else "it has no members, nothing to take"
            reverse.told.append(f"{live.key}: created by that run, {what}; the group itself stays")

    def _protect(self, live: Live, reverse: _Reverse) -> None:
        """Nobody protected is deactivated, and no protected group is emptied."""
        if not is_among(self.protected, live.key):
            return
        active = reverse.active
        if active and active.after is False:
            reverse.changes.remove(active)
            reverse.told.append(f"{live.key} would be deactivated, but is protected: it stays active")
        if reverse.remove and not reverse.add and len(reverse.remove) == len(live.members or ()):
            reverse.remove.clear()
            reverse.told.append(f"{live.key} would be emptied, but is protected: its members stay")

    def _action(self, step: Step, live: Live, reverse: _Reverse) -> Action:
        kind = _kind(step, live, reverse)
        changes, members = (
            tuple(reverse.changes),
            MemberChanges(tuple(sorted(reverse.add)), tuple(sorted(reverse.remove))),
        )
        paths = dict.fromkeys(short_path(change.path) for change in changes)
        what = ", ".join((*paths, "members") if members else paths)
        return Action(
            kind,
            live.type,
            self.left.name(Member(live.type, live.id)).name,
            live.id,
            reason=f"{what} as before that run" if kind is ActionKind.UPDATE else REASONS[step.kind],
            changes=changes,
            members=members,
            digest=action_digest(live, changes, members),
        )


def _of(change: Change, live: Live) -> str:
    return f"{short_path(change.path)} of {live.key}"


def _kind(step: Step, live: Live, reverse: _Reverse) -> ActionKind:
    active = reverse.active
    if active:
        return ActionKind.REACTIVATE if active.after else ActionKind.DEACTIVATE
    emptied = step.kind is ActionKind.CREATE and len(reverse.remove) == len(live.members or ())
    return ActionKind.DEACTIVATE if emptied else ActionKind.UPDATE


def _summarise(actions: Sequence[Action], steps: Sequence[Step]) -> Summary:
    return Summary(
        users=_counts(actions, steps, ResourceType.USER),
        groups=_counts(actions, steps, ResourceType.GROUP),
        memberships_added=sum(len(each.members.add) for each in actions),
        memberships_removed=sum(len(each.members.remove) for each in actions),
    )


def _counts(actions: Sequence[Action], steps: Sequence[Step], kind: ResourceType) -> Counts:
    done = Counter(action.kind.value for action in actions if action.type is kind)
    return Counts(**done, unchanged=sum(1 for step in steps if step.type is kind) - done.total())
