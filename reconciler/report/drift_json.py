"""Drift as JSON: the plan (`report/plan_json.py`) with what each difference is; keys are added, none changed.

Each change has a `class`, each action `memberClasses` in the order of its members, and `drift` sums up. It is no plan
to be applied, so nothing seals it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.drift import DriftKind
from reconciler.report.plan_json import content_of, plan_document, render_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.drift import Drift, Judged, Verdict
    from reconciler.core.plan_model import Plan


def render_drift_json(plan: Plan, drift: Drift) -> str:
    """Drift as JSON text; what could steer a terminal is escaped."""
    return render_document(drift_document(plan, drift))


def drift_document(plan: Plan, drift: Drift) -> dict[str, Any]:
    """Drift as JSON values, keys in their documented order."""
    document = content_of(plan_document(plan))
    actions = [_add(action, judged) for action, judged in zip(document["actions"], drift.actions, strict=True)]
    return {**document, "actions": actions, "drift": _summary(drift)}


def _summary(drift: Drift) -> dict[str, Any]:
    origin = drift.origin
    return {
        "lastApplied": {"from": origin.kind, "at": origin.at} if origin else None,
        "resources": {kind.value: count for kind, count in drift.counts().items()},
        "notes": list(drift.notes),
    }


def _add(action: dict[str, Any], judged: Judged) -> dict[str, Any]:
    changes = [
        {**change, **_verdict(verdict)} for change, verdict in zip(action["changes"], judged.changes, strict=True)
    ]
    return {
        **action,
        "changes": changes,
        "memberClasses": {"add": _classes(judged.added), "remove": _classes(judged.removed)},
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    told: dict[str, Any] = {"class": verdict.kind.value}
    if verdict.kind is DriftKind.CONFLICT:
        told["lastApplied"] = verdict.base
    rule = verdict.tolerance
    if rule:
        told["tolerance"] = {"owner": rule.owner, "reason": rule.reason, "until": rule.until.isoformat()}
    return told


def _classes(verdicts: Iterable[Verdict]) -> list[str]:
    return [verdict.kind.value for verdict in verdicts]
