"""A diff of access without personal data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.paths import MANAGER
from reconciler.report.redaction.people import People, people_of
from reconciler.report.redaction.texts import harmless, harmless_notes
from reconciler.report.words import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.access import (
        AccessDiff,
        AttributeChange,
        GroupChange,
        MembershipChange,
        PersonChange,
        PolicyChange,
        Side,
        Via,
        Who,
    )
    from reconciler.report.redaction.redactor import Redactor

_OPEN_POLICIES = frozenset(
    (
        "declared",
        "default",
        "match",
        "ownership.users.unlisted",
        "ownership.groups.unlisted",
        "approval.required",
        "guardrails.deactivations",
        "guardrails.membershipRemovals",
    )
)
"""Rules whose values are words of the program's own, or numbers."""


def conceal_diff(diff: AccessDiff, redactor: Redactor) -> AccessDiff:
    """The diff in the same numbers, with nobody's name and no value in it; sorted by what is shown."""
    redactor = redactor.knowing(_people_in(diff))
    return replace(
        diff,
        base=_side(diff.base, redactor),
        head=_side(diff.head, redactor),
        people=tuple(sorted((_person(each, redactor) for each in diff.people), key=_key)),
        groups=tuple(sorted((_group(each, redactor) for each in diff.groups), key=_key)),
        policies=tuple(map(_policy, diff.policies)),
        notes=harmless_notes(diff.notes, "note"),
        public=True,
    )


def _people_in(diff: AccessDiff) -> People:
    names = People(frozenset(filter(None, _names(diff))))
    return names | people_of(
        (person.who.key, {each.path: value})
        for person in diff.people
        for each in person.attributes
        for value in (each.before, each.after)
    )


def _names(diff: AccessDiff) -> Iterator[str | None]:
    for person in diff.people:
        yield from (person.who.key, person.who.was, *(each.key for each in person.reports))
        for change in person.attributes:
            if change.path == MANAGER:
                yield from (value for value in (change.before, change.after) if isinstance(value, str))
    for group in diff.groups:
        members = (*group.add, *group.remove, *(each.person for each in group.memberships))
        yield from (name for each in members if each.type is ResourceType.USER for name in (each.key, each.was))


def _person(change: PersonChange, redactor: Redactor) -> PersonChange:
    memberships = sorted((_membership(each, redactor) for each in change.memberships), key=lambda each: each.group.key)
    return replace(
        change,
        who=_who(change.who, redactor),
        reason=harmless(change.reason),
        attributes=_attributes(change.who, change.attributes, redactor),
        memberships=tuple(memberships),
        reports=_sorted(change.reports, redactor),
        before=redactor.source(change.before),
        after=redactor.source(change.after),
    )


def _group(change: GroupChange, redactor: Redactor) -> GroupChange:
    memberships = sorted((_membership(each, redactor) for each in change.memberships), key=lambda each: each.person.key)
    return replace(
        change,
        who=_who(change.who, redactor),
        reason=harmless(change.reason),
        attributes=_attributes(change.who, change.attributes, redactor),
        add=_sorted(change.add, redactor),
        remove=_sorted(change.remove, redactor),
        memberships=tuple(memberships),
        before=redactor.source(change.before),
        after=redactor.source(change.after),
    )


def _who(who: Who, redactor: Redactor) -> Who:
    was = redactor.called(who.type, who.was) if who.was is not None else None
    return who._replace(key=redactor.called(who.type, who.key), was=was)


def _attributes(who: Who, changes: Iterable[AttributeChange], redactor: Redactor) -> tuple[AttributeChange, ...]:
    return tuple(_attribute(who, each, redactor) for each in changes)


def _attribute(who: Who, change: AttributeChange, redactor: Redactor) -> AttributeChange:
    before, after = redactor.values(who.type, change.path, change.before, change.after)
    return replace(change, path=redactor.path(change.path), before=before, after=after)


def _membership(change: MembershipChange, redactor: Redactor) -> MembershipChange:
    return change._replace(
        person=_who(change.person, redactor),
        group=_who(change.group, redactor),
        before=_via(change.before, redactor),
        after=_via(change.after, redactor),
    )


def _via(via: Via | None, redactor: Redactor) -> Via | None:
    return None if via is None else tuple(map(redactor.group, via))


def _sorted(several: Iterable[Who], redactor: Redactor) -> tuple[Who, ...]:
    return tuple(sorted((_who(each, redactor) for each in several), key=lambda who: (who.type, who.key)))


def _policy(change: PolicyChange) -> PolicyChange:
    """Scopes and lists of who is protected may name people."""
    if change.name in _OPEN_POLICIES:
        return change
    return change._replace(before=change.before and HIDDEN, after=change.after and HIDDEN)


def _side(side: Side, redactor: Redactor) -> Side:
    return side._replace(name=redactor.word(side.name), folder=redactor.word(side.folder))


def _key(change: PersonChange | GroupChange) -> str:
    return change.who.key
