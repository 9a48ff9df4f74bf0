"""Values that a run left behind, beside what 4me has now: whether they are still so, and what they were before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.actions import has_fields
from reconciler.core.declarable import EXTERNAL_ID
from reconciler.core.diff import diff_value, live_value
from reconciler.core.model import Member, ResourceType
from reconciler.core.names import build_names
from reconciler.core.normalise import fold, is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.core.plan_model import Change
from reconciler.core.reversal import Ending
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from reconciler.core.equivalence import Equivalences
    from reconciler.core.model import Live, LiveState, Value
    from reconciler.core.reversal import Reversal, Step


class Since(NamedTuple):
    """A value is left alone, and why."""

    why: str


class Altered(NamedTuple):
    """A value of who was created, as the run left it and as it is now; `run`: the later one that wrote it, if any."""

    path: str
    left: Value
    have: Value
    run: str | None


class Left:
    """What 4me has now of what a run touched, found by id whatever it is called.

    `names` are those that the resources have once the run is undone. `rules` say what the service stores otherwise.
    """

    def __init__(self, reversal: Reversal, live: LiveState, rules: Equivalences) -> None:
        self._later, self._moved, self._rules = reversal.later, reversal.moved, rules
        everything = (*live.users, *live.groups)
        self._live = {Member(each.type, each.id): each for each in everything}
        self._shows_fields = live.shows_fields or any(has_fields(each.attributes) for each in live.users)
        self.names = build_names((), live)
        self._called = {
            Member(kind, fold(key)): Member(kind, id_)
            for kind, keys in self.names.keys.items()
            for id_, key in keys.items()
        }
        for step in reversal.steps:
            self._call_as_before(step)

    def find(self, step: Step) -> Live | None:
        """What 4me has of the resource that a step touched."""
        if step.id:
            return self._live.get(Member(step.type, step.id))
        found = self._called.get(Member(step.type, fold(step.key)))
        return self._live.get(found) if found else None

    def identify(self, step: Step, member: Member) -> Member | None:
        """Who is meant by a name in a step, by id: who bore it then where that is known, else who bears it now."""
        known = step.ids.get(member)
        return Member(member.type, known) if known else self._called.get(Member(member.type, fold(member.name)))

    def is_there(self, found: Member) -> bool:
        """Whether 4me has who has this id."""
        return found in self._live or found.name in self.names.keys[found.type]

    def name(self, found: Member) -> Member:
        """What who has this id is called once the run is undone."""
        return Member(found.type, self.names.keys[found.type].get(found.name, found.name))

    def is_as_created(self, step: Step, live: Live) -> bool:
        """Whether 4me has every value with which a step was to create this resource, as far as it shows them."""
        return all(self._is_left(step, live, change) or self.is_unseen(live, change) for change in step.changes)

    def moved_by(self, group: Live, member: Member, found: Member) -> str | None:
        """The later run that put a member in, or took it out, if one did; `found`: who it is, by id."""
        where = Member(group.type, group.id)
        by_name = Member(member.type, fold(member.name))
        return self._moved.get((where, found)) or self._moved.get((where, by_name))

    def altered(self, step: Step, live: Live) -> tuple[Altered, ...]:
        """Of who was created, what is not as it was created; an `externalId` that it got since is among it."""
        changes = {change.path: change for change in step.changes if change.path != "active"}
        changes.setdefault(EXTERNAL_ID, Change(EXTERNAL_ID, None, None))
        found: list[Altered] = []
        for path, change in changes.items():
            if not self.is_unseen(live, change) and not self._is_left(step, live, change):
                later = self._later.get((Member(live.type, live.id), path))
                found.append(Altered(path, change.after, _have(live, path), later.run if later else None))
        return tuple(found)

    def judge(self, step: Step, live: Live, change: Change) -> Change | Since | None:
        """The change that takes this one back; None: it is as before already."""
        if self.is_unseen(live, change):
            return self._judge_unseen(live, change)
        if self._is(step, live, change.path, change.before):
            return None
        have = self._named(change.path, _have(live, change.path))
        if not self._is_left(step, live, change):
            return Since(
                f"that run left {show(change.after)}, 4me now has {show(have)}: {self._since(live, change.path)}"
            )
        if later := self._later.get((Member(live.type, live.id), change.path)):
            return Since(_again(change, later.run))
        return self._take_back(step, live, change)

    def _take_back(self, step: Step, live: Live, change: Change) -> Change | Since:
        """The change that gives back what was before the run, of which 4me still has what the run left."""
        before = self._come_back(step, change)
        if isinstance(before, Since):
            return before
        if change.path == KEY_ATTRIBUTE[live.type] and (taken := self._taken(live, before)):
            return Since(f"it was {show(before)} before, which is by now the name of another (id {taken}): left alone")
        have = self._named(change.path, _have(live, change.path))
        return Change(change.path, have, None if is_empty(before) else before)

    def _come_back(self, step: Step, change: Change) -> Value | Since:
        """The value before; a manager by the name that who it was has once the run is undone."""
        if change.path != MANAGER or not isinstance(change.before, str):
            return change.before
        found = self.identify(step, Member(ResourceType.USER, change.before))
        if found is None or not self.is_there(found):
            return Since(f"it was {show(change.before)} before, who is not in 4me any more: left alone")
        return self.name(found).name

    def _judge_unseen(self, live: Live, change: Change) -> Change | Since | None:
        """Of a custom field that 4me does not give back, runs of this tool are all that is known."""
        later = self._later.get((Member(live.type, live.id), change.path))
        left = later.value if later else change.after
        if is_empty(change.before):
            return Since("4me does not give it back, and what it was before is not known: left alone")
        if same(left, change.before, exact=True):
            return None
        if not same(left, change.after, exact=True):
            return Since(f"that run left {show(change.after)}: {self._since(live, change.path)}")
        return Since(_again(change, later.run)) if later else Change(change.path, change.after, change.before)

    def _since(self, live: Live, path: str) -> str:
        later = self._later.get((Member(live.type, live.id), path))
        return f"changed since{f' by the run {later.run}' if later else ''}, left alone"

    def is_unseen(self, live: Live, change: Change) -> bool:
        """Whether it is a custom field, and 4me gives none of them back."""
        return (
            change.path.startswith(CUSTOM_FIELDS)
            and not self._shows_fields
            and live_value(change.path, live.attributes) is None
        )

    def _is_left(self, step: Step, live: Live, change: Change) -> bool:
        path, have = change.path, _have(live, change.path)
        if self._is(step, live, path, change.after):
            return True
        differing = diff_value(step.type, path, (change.after, have), self._rules)
        stored = step.stored
        return path != MANAGER and all(
            each.path in stored and is_value(each.before, stored[each.path]) for each in differing
        )

    def _is(self, step: Step, live: Live, path: str, want: Value) -> bool:
        """Whether 4me has this value; `want` has references by key, as they were called in the run."""
        have = _have(live, path)
        if path == MANAGER and isinstance(want, str) and isinstance(have, str):
            found = self.identify(step, Member(ResourceType.USER, want))
            return found.name == have if found else same(have, want)
        return is_value(have, want, exact=path.startswith(CUSTOM_FIELDS))

    def _named(self, path: str, value: Value) -> Value:
        if path == MANAGER and isinstance(value, str):
            return self.name(Member(ResourceType.USER, value)).name
        return value

    def _taken(self, live: Live, name: Value) -> str | None:
        """The id of another resource that has this name now."""
        found = self._called.get(Member(live.type, fold(name)))
        return found.name if found and found.name != live.id else None

    def _call_as_before(self, step: Step) -> None:
        """Name the resource of a step as it will be called."""
        live = None if step.ending is Ending.FAILED else self.find(step)
        for change in step.changes if live else ():
            if live and change.path == KEY_ATTRIBUTE[step.type] and change.before:
                found = self.judge(step, live, change)
                if isinstance(found, Change):
                    self.names.keys[live.type][live.id] = str(found.after)


def is_value(have: Value, want: Value, *, exact: bool = False) -> bool:
    """Whether 4me has this value: all of a list in any order, of an object what is named of it."""
    if is_empty(want) or is_empty(have):
        return is_empty(want) and is_empty(have)
    if isinstance(want, list):
        return (
            isinstance(have, list)
            and len(have) == len(want)
            and all(any(is_value(item, each, exact=exact) for item in have) for each in want)
        )
    if isinstance(want, dict):
        return isinstance(have, dict) and all(
            is_value(have.get(sub), value, exact=exact) for sub, value in want.items()
        )
    return same(have.get("value") if isinstance(have, dict) else have, want, exact=exact)


def _again(change: Change, run: str) -> str:
    return f"that run left {show(change.after)}, which the run {run} has written again since: left alone, undo that one"


def _have(live: Live, path: str) -> Value:
    return live.active if path == "active" else live_value(path, live.attributes)


def show(value: Value) -> str:
    """A value as warnings have it."""
    return "(none)" if is_empty(value) else json.dumps(value, ensure_ascii=False)
