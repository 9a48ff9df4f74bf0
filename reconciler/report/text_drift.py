"""Drift as text for a terminal, told apart: what 4me has, and what the manifests say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.counts import counted
from reconciler.core.drift import DriftKind
from reconciler.report.terminal import BOLD
from reconciler.report.text import Style, action_lines, finding_lines, header_lines, wrapped
from reconciler.report.words import NO_DRIFT, SYMBOLS, safe, show_path, show_value, summary_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.core.drift import Drift, Judged, Origin
    from reconciler.core.plan_model import Plan
    from reconciler.core.tolerance import Tolerance

TITLES: Mapping[DriftKind, str] = {
    DriftKind.DRIFT: "Drift: changed in 4me, not in the manifests",
    DriftKind.CONFLICT: "Conflict: changed in 4me and in the manifests",
    DriftKind.PENDING: "Pending: changed in the manifests, not applied yet",
    DriftKind.UNKNOWN: "Differences; what was last applied is not known, so not whose they are",
    DriftKind.TOLERATED: "Tolerated",
}
COUNTED = {
    DriftKind.DRIFT: "{} changed in 4me",
    DriftKind.CONFLICT: "{} in conflict",
    DriftKind.PENDING: "{} pending",
    DriftKind.UNKNOWN: "{} not told apart",
    DriftKind.TOLERATED: "{} tolerated",
}
UNKNOWN_BASE = (
    "it is not known what was last applied, so that drift is not told apart from what waits to be applied:"
    " name the git revision with --base REV; an apply is remembered in the state directory"
)


def render_drift(plan: Plan, drift: Drift, *, color: bool = False, width: int = 80) -> str:
    """A plan's differences by what they are, those that matter first."""
    return "\n".join(_lines(plan, drift, Style(color, width, drift=True)))


def show_origin(origin: Origin) -> str:
    """Where it is known from what was last applied."""
    if origin.kind == "state":
        return f"compared with what was last applied at {origin.at}"
    return f"compared with git revision {safe(origin.at)} as last applied"


def _lines(plan: Plan, drift: Drift, style: Style) -> Iterator[str]:
    yield from header_lines(plan, style)
    if drift.origin and plan.actions:
        yield from wrapped(show_origin(drift.origin), style)
    for kind in (DriftKind.DRIFT, DriftKind.CONFLICT, DriftKind.PENDING, DriftKind.UNKNOWN):
        actions = drift.of(kind)
        if actions and drift.origin:
            yield from ("", style.paint(f"# {TITLES[kind]}", BOLD))
        yield from action_lines(actions, style)
        if kind is DriftKind.CONFLICT:
            yield from _conflict_lines(drift, style)
    yield from _tolerated_lines(drift, style)
    yield from finding_lines(plan, style)
    if drift.notes:
        yield ""
    for note in drift.notes:
        yield from wrapped(f"note: {safe(note)}", style)
    yield ""
    yield from _conclusion(plan, drift, style)


def _conflict_lines(drift: Drift, style: Style) -> Iterator[str]:
    """The third side of each conflict."""
    conflicts = [
        (judged.action.key, change.path, verdict.base)
        for judged in drift.actions
        for change, verdict in zip(judged.action.changes, judged.changes, strict=True)
        if verdict.kind is DriftKind.CONFLICT
    ]
    if conflicts:
        yield from ("", "Last applied")
    for key, path, base in conflicts:
        yield from wrapped(f"{safe(key)}: {show_path(path)} {show_value(base)}", style, indent="  ")


def _tolerated_lines(drift: Drift, style: Style) -> Iterator[str]:
    """A line for each resource, by the rule that covers it."""
    by_rule: dict[Tolerance, list[str]] = {}
    for judged in drift.actions:
        for rule, names in _tolerated(judged).items():
            action = judged.action
            line = f"{SYMBOLS[action.kind]} {safe(action.key)}: {', '.join(names)}"
            by_rule.setdefault(rule, []).append(line)
    for rule, lines in by_rule.items():
        yield ""
        title = f"# {TITLES[DriftKind.TOLERATED]} until {rule.until} by {safe(rule.owner)}: {safe(rule.reason)}"
        yield from wrapped(title, style, BOLD)
        for line in lines:
            yield from wrapped(line, style, indent="  ")


def _tolerated(judged: Judged) -> dict[Tolerance, dict[str, None]]:
    """What of an action is tolerated, by rule."""
    members = judged.action.members
    named = [
        *zip((show_path(change.path) for change in judged.action.changes), judged.changes, strict=True),
        *zip((f"+ {safe(each.name)}" for each in members.add), judged.added, strict=True),
        *zip((f"- {safe(each.name)}" for each in members.remove), judged.removed, strict=True),
    ]
    found: dict[Tolerance, dict[str, None]] = {}
    for name, verdict in named:
        if verdict.kind is DriftKind.TOLERATED and verdict.tolerance:
            found.setdefault(verdict.tolerance, {})[name] = None
    return found


def _conclusion(plan: Plan, drift: Drift, style: Style) -> Iterator[str]:
    counts = {kind: count for kind, count in drift.counts().items() if count}
    if not counts:
        yield NO_DRIFT
        return
    if counts.keys() == {DriftKind.TOLERATED}:
        tolerated = counted(counts[DriftKind.TOLERATED], "resource")
        yield from wrapped(f"No drift but what is tolerated, of {tolerated}.", style)
        return
    count = len(plan.actions)
    told = ", ".join(COUNTED[kind].format(number) for kind, number in counts.items()) if drift.origin else ""
    differ = f"{counted(count, 'resource')} {'differs' if count == 1 else 'differ'}{f' ({told})' if told else ''}"
    yield from wrapped(f"Drift: {differ}; to mend: {summary_line(plan)}", style)
