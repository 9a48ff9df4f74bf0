"""Drift without personal data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType, Source
from reconciler.core.normalise import is_empty
from reconciler.report.redaction.people import people_in
from reconciler.report.redaction.plans import arranged, conceal_action
from reconciler.report.redaction.texts import harmless_notes
from reconciler.report.words import CHANGED, HIDDEN

if TYPE_CHECKING:
    from reconciler.core.drift import Drift, Judged, Origin, Verdict
    from reconciler.core.tolerance import Tolerance
    from reconciler.report.redaction.redactor import Redactor


def conceal_drift(drift: Drift, redactor: Redactor) -> Drift:
    """The same verdicts, in the order of the concealed plan; of a tolerance, its day and its owner's pseudonym."""
    redactor = redactor.knowing(people_in(each.action for each in drift.actions))
    judged = arranged((_judged(each, redactor) for each in drift.actions), lambda each: each.action)
    return replace(
        drift, actions=tuple(judged), origin=_origin(drift.origin, redactor), notes=harmless_notes(drift.notes, "note")
    )


def _origin(origin: Origin | None, redactor: Redactor) -> Origin | None:
    return origin and replace(origin, at=redactor.word(origin.at))


def _judged(judged: Judged, redactor: Redactor) -> Judged:
    """Members are sorted by their pseudonyms, and their verdicts with them."""
    action = judged.action
    sides = [
        sorted(
            zip(map(redactor.member, members), (_verdict(each, redactor) for each in verdicts), strict=True),
            key=lambda pair: pair[0],
        )
        for members, verdicts in ((action.members.add, judged.added), (action.members.remove, judged.removed))
    ]
    added, removed = (tuple(verdict for _, verdict in side) for side in sides)
    changes = tuple(_verdict(each, redactor) for each in judged.changes)
    return replace(judged, action=conceal_action(action, redactor), changes=changes, added=added, removed=removed)


def _verdict(verdict: Verdict, redactor: Redactor) -> Verdict:
    base = verdict.base if isinstance(verdict.base, bool) or is_empty(verdict.base) else CHANGED
    return verdict._replace(base=base, tolerance=verdict.tolerance and _tolerance(verdict.tolerance, redactor))


def _tolerance(rule: Tolerance, redactor: Redactor) -> Tolerance:
    keys = (HIDDEN,) if rule.resource is ResourceType.USER else tuple(map(redactor.word, rule.keys))
    return replace(
        rule, keys=keys, owner=redactor.person(rule.owner), reason=HIDDEN, attributes=(), source=Source(HIDDEN, 1)
    )
