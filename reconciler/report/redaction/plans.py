"""Plans, actions and outcomes without personal data."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.model import ResourceType
from reconciler.core.paths import short_path
from reconciler.core.plan_model import ActionKind, Change, MemberChanges
from reconciler.report.redaction.people import people_in
from reconciler.report.redaction.texts import harmless, harmless_notes
from reconciler.report.words import HIDDEN, Hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reconciler.core.plan_model import Action, Outcome, Plan
    from reconciler.core.stored import Stored
    from reconciler.report.redaction.redactor import Redactor

_Item = TypeVar("_Item")


def conceal_plan(plan: Plan, redactor: Redactor) -> Plan:
    """The plan in the same numbers and with the same fingerprint, with nobody's name and no value in it.

    Digests of values are left out: whoever can guess the values could confirm the guess. Actions of one kind are sorted
    anew, since the order of names would tell something of them.
    """
    redactor = redactor.knowing(people_in(plan.actions))
    groups = {each.key.casefold() for each in plan.actions if each.type is ResourceType.GROUP}
    return replace(
        plan,
        manifests=replace(plan.manifests, digest=""),
        actions=tuple(arranged((conceal_action(each, redactor) for each in plan.actions), _same)),
        warnings=harmless_notes(plan.warnings, "warning"),
        targets=tuple(
            (redactor.group if each.casefold() in groups else redactor.person)(each) for each in plan.targets
        ),
        public=True,
    )


def conceal_action(action: Action, redactor: Redactor) -> Action:
    """What is done to whom, by pseudonym; which attributes change stays."""
    key = redactor.called(action.type, action.key)
    changes = tuple(
        Change(redactor.path(each.path), *redactor.values(action.type, each.path, each.before, each.after))
        for each in action.changes
    )
    members = MemberChanges(
        *(tuple(sorted(map(redactor.member, side))) for side in (action.members.add, action.members.remove))
    )
    shown_id = redactor.person(action.key) if action.type is ResourceType.USER else action.id
    return replace(
        action,
        key=key,
        id=shown_id if action.id else action.id,
        reason=_reason(action, changes),
        changes=changes,
        members=members,
        digest="",
        source=redactor.source(action.source),
    )


def conceal_outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    """What became of an action; the service's words may quote anything, and are hidden."""
    redactor = redactor.knowing(people_in((outcome.action,)))
    action = conceal_action(outcome.action, redactor)
    detail = harmless(outcome.detail)
    if outcome.http_status and detail == HIDDEN:
        detail = f"HTTP {outcome.http_status} {HIDDEN}"
    shown_id = action.key if outcome.action.type is ResourceType.USER else outcome.id
    return replace(outcome, action=action, detail=detail, id=shown_id if outcome.id else outcome.id, live=None)


def arranged(items: Iterable[_Item], action_of: Callable[[_Item], Action]) -> Iterator[_Item]:
    """Items in the order of their steps, within one sorted by what is shown of them."""
    for _, step in groupby(items, lambda item: (action_of(item).kind, action_of(item).type)):
        yield from sorted(step, key=lambda item: action_of(item).key)


def _same(action: Action) -> Action:
    return action


def _reason(action: Action, changes: Iterable[Change]) -> str:
    """An update's reason names the attributes that differ."""
    if action.kind is not ActionKind.UPDATE:
        return harmless(action.reason)
    names = [*dict.fromkeys(short_path(each.path) for each in changes), *(("members",) if action.members else ())]
    return f"{', '.join(names)} {'differs' if len(names) == 1 and not action.members else 'differ'}"


def conceal_stored(stored: Stored, redactor: Redactor) -> Stored:
    """What was stored otherwise, of whom by pseudonym; whether it was stored at all, or is as before, stays."""
    hidden = Hidden(HIDDEN)
    return stored._replace(
        key=redactor.called(stored.type, stored.key),
        path=redactor.path(stored.path),
        before=hidden if stored.what == "as before" else None,
        sent=hidden,
        stored=None if stored.what == "not" else hidden,
    )
