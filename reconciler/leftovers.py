"""An approved plan beside what is needed now: what is still the same, and why the rest is not done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.diff import live_value
from reconciler.core.model import ResourceType
from reconciler.core.normalise import same
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.core.plan import same_action
from reconciler.core.plan_model import ActionKind
from reconciler.report.words import safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.model import Live, LiveState, Value
    from reconciler.core.names import Names
    from reconciler.core.plan_model import Action, Change, Plan

NAMED = 5
"""Members that a reason names."""
HARDLY_NEWS = "its values in 4me changed since it was approved"


class Leftover(NamedTuple):
    """An action that is not carried out, and why, in safe text."""

    action: Action
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The actions of two plans, sorted by what becomes of them.

    `same`: needed as approved. `outdated`: approved, but no longer the same. `settled`: approved, and so already.
    `unapproved`: needed now, and not approved.
    """

    same: tuple[Action, ...] = ()
    outdated: tuple[Leftover, ...] = ()
    settled: tuple[Action, ...] = ()
    unapproved: tuple[Leftover, ...] = ()


def sort_actions(approved: Plan, needed: Plan, live: LiveState, names: Names) -> Sorted:
    """Compare an approved plan with the plan that was just made from `live`, action by action."""
    reasoning = _Reasoning(approved, needed, live, names)
    by_id = {(each.type, each.id): each for each in needed.actions if each.id}
    by_key = {(each.type, each.key): each for each in needed.actions}
    unchanged, known = set[tuple[ResourceType, str]](), set[tuple[ResourceType, str]]()
    outdated: list[Leftover] = []
    settled: list[Action] = []
    for action in approved.actions:
        now = by_id.get((action.type, action.id or "")) or by_key.get((action.type, action.key))
        if now is None and reasoning.is_so(action):
            settled.append(action)
        elif now is None:
            outdated.append(Leftover(action, (reasoning.why_not_needed(action),)))
        elif same_action(action, now):
            unchanged.add((now.type, now.key))
        else:
            outdated.append(Leftover(action, tuple(reasoning.differences(action, now)) or (HARDLY_NEWS,)))
        if now:
            known.add((now.type, now.key))
    return Sorted(
        tuple(each for each in needed.actions if (each.type, each.key) in unchanged),
        tuple(outdated),
        tuple(settled),
        tuple(
            Leftover(each, (reasoning.why_needed(each),))
            for each in needed.actions
            if (each.type, each.key) not in known
        ),
    )


class _Reasoning:
    """Why the actions of two plans differ: because 4me changed, or what is made of the manifests."""

    def __init__(self, approved: Plan, needed: Plan, live: LiveState, names: Names) -> None:
        self._complete = needed.live.summary.complete
        self._names = names
        everything = (*live.users, *live.groups)
        self._live = {(each.type, each.id): each for each in everything}
        self._called = {(each.type, each.key.casefold()): each for each in everything}
        self._other_wish = _other_wish(approved, needed)

    def is_so(self, action: Action) -> bool:
        """Whether 4me is as this action would make it, as far as it shows that."""
        live = self._find(action)
        if live is None:
            return action.kind is ActionKind.DEACTIVATE and self._complete
        return all(self._has(live, change) for change in action.changes) and self._has_members(live, action)

    def why_not_needed(self, action: Action) -> str:
        """Why nothing is to be done any more, although 4me is not as it was to be."""
        if self._find(action) is None and self._complete and action.id:
            return "4me does not have it any more"
        if not self._complete and (action.kind is ActionKind.DEACTIVATE or action.members.remove):
            return "4me was not read completely, and nothing is removed on doubt"
        return f"it is not to be done any more: {self._other_wish or 'see the warnings of a new plan'}"

    def why_needed(self, action: Action) -> str:
        """Why something is to be done that was not."""
        since = self._other_wish or "4me changed since the plan was made"
        told = [self._now(change) for change in action.changes if change.path != "active"]
        if action.kind is not ActionKind.UPDATE:
            told = [safe(action.reason)]
        elif action.members:
            told.append("members differ")
        return f"{since}: {', '.join(told)}"

    def differences(self, action: Action, now: Action) -> Iterator[str]:
        """What differs between an approved action and the one that the same resource needs now."""
        if action.kind is not now.kind:
            yield self._other_kind(action, now)
            return
        if action.id != now.id:
            yield f"it is another one in 4me: id {safe(now.id or '')}, when it was approved {safe(action.id or '')}"
        if action.key != now.key:
            yield f"it is to be called {safe(now.key)}: {self._other_wish or '4me changed since'}"
        yield from self._changes(action, now)
        yield from self._members(action, now)

    def _other_kind(self, action: Action, now: Action) -> str:
        if action.kind is ActionKind.CREATE:
            return f"it is in 4me by now (id {safe(now.id or '')}), and needs: {now.kind.value} ({safe(now.reason)})"
        return f"approved was {action.kind.value}, needed now is {now.kind.value} ({safe(now.reason)})"

    def _changes(self, action: Action, now: Action) -> Iterator[str]:
        then, today = ({each.path: each for each in one.changes} for one in (action, now))
        for path, change in then.items():
            found = today.get(path)
            if found is None:
                yield self._no_change(action, change)
                continue
            if found.before != change.before:
                before, by_now = show_value(change.before), show_value(found.before)
                yield f"{show_path(path)} was {before} in 4me when it was approved, and is {by_now} now"
            if found.after != change.after:
                after, wanted = show_value(change.after), show_value(found.after)
                why = self._other_wish or "4me changed since"
                yield f"{show_path(path)} was to become {after}, and is to become {wanted} now: {why}"
        since = self._other_wish or "4me changed since"
        yield from (f"{since}: {self._now(change)}" for path, change in today.items() if path not in then)

    def _no_change(self, action: Action, change: Change) -> str:
        live = self._find(action)
        if live and self._has(live, change):
            return f"{show_path(change.path)} is {show_value(change.after)} in 4me already"
        return f"{show_path(change.path)} is not to be changed any more: {self._other_wish or '4me changed since'}"

    def _members(self, action: Action, now: Action) -> Iterator[str]:
        pairs = ((action.members.add, now.members.add, "added"), (action.members.remove, now.members.remove, "removed"))
        since = self._other_wish or "4me changed since"
        for then, today, done in pairs:
            before, after = {each.name for each in then}, {each.name for each in today}
            if before - after:
                yield f"not to be {done} any more: {_listed(before - after)} ({since})"
            if after - before:
                yield f"to be {done} too: {_listed(after - before)} ({since})"

    def _now(self, change: Change) -> str:
        return f"{show_path(change.path)} is {show_value(change.before)}, to become {show_value(change.after)}"

    def _find(self, action: Action) -> Live | None:
        if action.id:
            return self._live.get((action.type, action.id))
        return self._called.get((action.type, action.key.casefold()))

    def _has(self, live: Live, change: Change) -> bool:
        if change.path == "active":
            return live.active is (change.after is True)
        have = live_value(change.path, live.attributes)
        if change.path == MANAGER and isinstance(have, str):
            have = self._names.keys[ResourceType.USER].get(have, have)
        if change.path.startswith(CUSTOM_FIELDS) and have is None:
            return True  # never given back, perhaps
        return _holds(have, change.after)

    def _has_members(self, live: Live, action: Action) -> bool:
        if not action.members or live.members is None:
            return not action.members
        present = {self._names.keys[kind].get(name, name) for kind, name in live.members}
        add, remove = ({each.name for each in side} for side in (action.members.add, action.members.remove))
        return add <= present and not remove & present


def _other_wish(approved: Plan, needed: Plan) -> str | None:
    """Why the same live values may call for something else; an undo rests on what the journal says, which stays."""
    if approved.undoes:
        return None
    if approved.manifests.digest != needed.manifests.digest:
        return "the manifests changed since"
    if (approved.at or approved.created_at) != needed.at:
        return "the time that was given with --at is not the plan's"
    if approved.tool_version != needed.tool_version:
        return f"the plan was made by version {safe(approved.tool_version)}, this is {needed.tool_version}"
    return None


def _holds(have: Value, want: Value) -> bool:
    """Whether a live value is the wanted one; what was not declared of it may be anything, as may be its order."""
    if isinstance(want, list) and want:
        return isinstance(have, list) and all(any(_holds(each, item) for each in have) for item in want)
    if isinstance(want, dict):
        return isinstance(have, dict) and all(_holds(have.get(key), value) for key, value in want.items())
    return same(have.get("value") if isinstance(have, dict) else have, want)


def _listed(names: Iterable[str]) -> str:
    ordered: Sequence[str] = sorted(names)
    shown = ", ".join(map(safe, ordered[:NAMED]))
    more = len(ordered) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
