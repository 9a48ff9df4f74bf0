"""Drift as a review, told from 4me's side: what it has, what the manifests say, and who changed what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.drift import DriftKind
from reconciler.report.impact import drift_facts
from reconciler.report.review import Review, Section
from reconciler.report.review_plan import rows_of, with_plan
from reconciler.report.text_drift import UNKNOWN_BASE, show_origin
from reconciler.report.words import NO_DRIFT, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.drift import Drift, Verdict
    from reconciler.core.model import Member, ResourceType
    from reconciler.core.plan_model import Plan

DRIFT_SECTIONS = (
    Section("deactivate", "User", "-", "should not have access", "People with access in 4me only", "danger"),
    Section("deactivate", "Group", "-", "should be empty", "Groups with members in 4me only", "danger"),
    Section("create", "User", "+", "missing", "People missing in 4me", "caution"),
    Section("reactivate", "User", "↻", "inactive", "People inactive in 4me, declared active", "caution"),
    Section("update", "User", "~", "differs", "People who differ"),
    Section("membership", "User", "±", "memberships", "People of whom only memberships differ"),
    Section("create", "Group", "+", "missing", "Groups missing in 4me", "caution"),
    Section("update", "Group", "~", "differs", "Groups that differ"),
)

_TITLES = {
    DriftKind.DRIFT: "Drift",
    DriftKind.CONFLICT: "Conflict",
    DriftKind.PENDING: "Pending",
    DriftKind.TOLERATED: "Tolerated",
}


def drift_review(plan: Plan, drift: Drift) -> Review:
    """A plan's differences by what they are; by the actions that would mend them where that is not known."""
    sections = {kind: _sections(kind) for kind in DriftKind}
    notes = dict(_notes(drift))
    review = Review(
        heading="Drift of",
        facts=drift_facts(drift),
        nothing=NO_DRIFT,
        rows=tuple(
            row
            for kind in DriftKind
            for row in rows_of(
                drift.of(kind), sections[kind], lambda action, what: notes.get((action.type, action.key, what), "")
            )
        ),
        sections=tuple(section for kind in DriftKind for section in sections[kind]),
        legend="4me has → manifests say; memberships: + missing in 4me, − only in 4me",
        again="reconciler drift",
    )
    told = with_plan(review, plan)
    compared = show_origin(drift.origin) if drift.origin else UNKNOWN_BASE
    about = (("Base", compared), *told.about) if plan.actions else told.about
    return replace(told, warnings=(*told.warnings, *drift.notes), numbers=f"to mend: {told.numbers}", about=about)


def _sections(kind: DriftKind) -> tuple[Section, ...]:
    """The sections of one kind of difference, which then is what they are filtered by."""
    if kind is DriftKind.UNKNOWN:
        return DRIFT_SECTIONS
    quiet = kind in (DriftKind.PENDING, DriftKind.TOLERATED)
    return tuple(
        each._replace(
            verdict=kind.value,
            title=f"{_TITLES[kind]}: {each.title[0].lower()}{each.title[1:]}",
            tone="danger" if kind is DriftKind.CONFLICT else "plain" if quiet else each.tone,
        )
        for each in DRIFT_SECTIONS
    )


def _notes(drift: Drift) -> Iterator[tuple[tuple[ResourceType, str, str | Member], str]]:
    """What is to be said of single differences: the third side of a conflict, and who tolerates what."""
    for judged in drift.actions:
        action = judged.action
        judgements: tuple[tuple[str | Member, Verdict], ...] = (
            *zip((change.path for change in action.changes), judged.changes, strict=True),
            *zip(action.members.add, judged.added, strict=True),
            *zip(action.members.remove, judged.removed, strict=True),
        )
        for what, verdict in judgements:
            note = _note(verdict)
            if note:
                yield (action.type, action.key, what), note


def _note(verdict: Verdict) -> str:
    rule = verdict.tolerance
    if verdict.kind is DriftKind.CONFLICT:
        return f"last applied: {show_value(verdict.base)}"
    if verdict.kind is DriftKind.TOLERATED and rule:
        return f"tolerated until {rule.until} by {rule.owner}: {rule.reason}"
    return ""
