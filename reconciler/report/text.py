"""Plans and outcomes as text for a terminal, at 80 columns; colour only helps."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from reconciler.core.guards import explain_breach
from reconciler.core.model import ResourceType
from reconciler.core.plan_model import ActionKind, OutcomeStatus
from reconciler.report.terminal import BOLD, INDENT, RED, paint
from reconciler.report.words import (
    PUBLIC,
    SYMBOLS,
    columns,
    nothing_to_do,
    plan_title,
    safe,
    show_before,
    show_member,
    show_path,
    show_value,
    summary_line,
    telling_changes,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Member
    from reconciler.core.plan_model import Action, Outcome, Plan

MEMBERS_SHOWN = 20
COLORS = {
    ActionKind.CREATE: "32",
    ActionKind.UPDATE: "33",
    ActionKind.REACTIVATE: "36",
    ActionKind.DEACTIVATE: "31",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Whether there is colour, how many columns, and whether it is told from 4me's side."""

    color: bool
    width: int
    drift: bool = False

    def paint(self, text: str, code: str) -> str:
        """Text in a colour, where there is any."""
        return paint(text, code, color=self.color)


def render_plan(plan: Plan, *, color: bool = False, width: int = 80) -> str:
    """What apply would do, why, and where it is declared."""
    return "\n".join(_lines(plan, Style(color, width)))


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield from header_lines(plan, style)
    yield from action_lines(plan.actions, style)
    yield from finding_lines(plan, style)
    yield ""
    yield from _conclusion(plan, style)


def action_lines(actions: Sequence[Action], style: Style) -> Iterator[str]:
    """Actions on users, then on groups, each with its changes."""
    for title, resource in (("Users", ResourceType.USER), ("Groups", ResourceType.GROUP)):
        concerned = [action for action in actions if action.type is resource]
        if concerned:
            yield from ("", style.paint(title, BOLD))
        for action in concerned:
            yield from _action_lines(action, style)


def finding_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Warnings, and the guards that refuse the plan."""
    if plan.warnings:
        yield ""
    for warning in plan.warnings:
        yield from wrapped(f"warning: {safe(warning)}", style)
    for guard in plan.guards:
        if guard.breached:
            text, way_out = explain_breach(guard)
            yield ""
            yield from wrapped(f"refused: {safe(text)}", style, RED)
            yield from wrapped(f"  {safe(way_out)}", style)


def header_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Which tenant, and what was read."""
    tenant, live = plan.tenant, plan.live
    account = f", account {tenant.account}" if tenant.account else ""
    title = f"{'Drift of' if style.drift else plan_title(plan)} {tenant.name} ({tenant.endpoint}{account})"
    yield from wrapped(safe(title), style, BOLD)
    complete = "" if live.summary.complete else ", INCOMPLETE"
    requests = f"{live.summary.requests} request{'s' * (live.summary.requests != 1)}"
    yield from wrapped(
        f"4me: {live.users} users, {live.groups} groups"
        f" ({safe(live.summary.strategy)}, {requests}{complete});"
        f" manifests: {plan.manifests.users} users, {plan.manifests.groups} groups",
        style,
    )
    if plan.public:
        yield from wrapped(f"audience {PUBLIC}; {plan.fingerprint}", style)
    if style.drift and plan.actions:
        yield "4me has → manifests say; members: + missing in 4me, - only in 4me"


def _conclusion(plan: Plan, style: Style) -> Iterator[str]:
    if not plan.actions:
        yield nothing_to_do(plan)
        return
    yield from wrapped(f"Plan: {summary_line(plan)}", style)


def wrapped(text: str, style: Style, code: str = "", indent: str = "") -> list[str]:
    """A paragraph in lines that fit, the second and further ones indented."""
    lines = wrap(
        text,
        style.width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [style.paint(line, code) for line in lines] if code else lines


def _action_lines(action: Action, style: Style) -> Iterator[str]:
    symbol, name = SYMBOLS[action.kind], safe(action.key)
    place = safe(str(action.source)) if action.source else ""
    left = f"  {symbol} {name}"
    gap = max(2, style.width - columns(left) - columns(place))
    yield style.paint(f"{left}{' ' * gap}{place}".rstrip(), COLORS[action.kind])
    yield from wrapped(_reason(action, style), style, indent=INDENT)
    yield from _change_lines(action, style)
    yield from _member_lines("+", action.members.add, style)
    yield from _member_lines("-", action.members.remove, style)


def _reason(action: Action, style: Style) -> str:
    """Why it is done; drift: what 4me has that it should not have, or lacks."""
    reason = why(action)
    if not style.drift:
        return f"{action.kind.value}: {reason}" if reason else ""
    if action.kind is not ActionKind.DEACTIVATE:
        return reason
    return f"{'active' if action.type is ResourceType.USER else 'has members'} in 4me, {reason}"


def _change_lines(action: Action, style: Style) -> Iterator[str]:
    changes = telling_changes(action)
    labels = [show_path(change.path) for change in changes]
    column = max(map(len, labels), default=0)
    for label, change in zip(labels, changes, strict=True):
        before, after = show_before(change, action.kind), show_value(change.after)
        value = after if before is None else f"{before} → {after}"
        line = f"{INDENT}{label:<{column}}  {value}"
        if columns(line) <= style.width or before is None:
            yield line
        else:
            yield f"{INDENT}{label:<{column}}  {before}"
            yield f"{INDENT}{'':<{column}}  → {after}"


def _member_lines(sign: str, members: Sequence[Member], style: Style) -> Iterator[str]:
    code = COLORS[ActionKind.CREATE if sign == "+" else ActionKind.DEACTIVATE]
    for member in members[:MEMBERS_SHOWN]:
        yield style.paint(f"{INDENT}{sign} {show_member(member)}", code)
    more = len(members) - MEMBERS_SHOWN
    if more > 0:
        yield f"{INDENT}{sign} and {more} more (--format json shows all)"


def render_outcome_line(outcome: Outcome) -> str:
    """One line of progress."""
    action = outcome.action
    detail = f": {safe(outcome.detail)}" if outcome.detail else ""
    return f"{outcome.status.value} {SYMBOLS[action.kind]} {action.type.value} {safe(action.key)}{detail}"


def render_outcomes(outcomes: Sequence[Outcome], *, color: bool = False, width: int = 80) -> str:
    """What was done, and what was not, in the service's words."""
    style = Style(color, width)
    counts = {status: sum(1 for each in outcomes if each.status is status) for status in OutcomeStatus}
    lines = [line for each in outcomes for line in _outcome_lines(each, style)]
    failed, skipped = counts[OutcomeStatus.FAILED], counts[OutcomeStatus.SKIPPED]
    rest = f", {failed} failed, {skipped} skipped" if failed or skipped else ""
    lines.append(f"Applied: {counts[OutcomeStatus.DONE]} of {len(outcomes)} done{rest}.")
    return "\n".join(lines)


def _outcome_lines(outcome: Outcome, style: Style) -> Iterator[str]:
    action = outcome.action
    marks = {OutcomeStatus.DONE: "done   ", OutcomeStatus.FAILED: "FAILED ", OutcomeStatus.SKIPPED: "skipped"}
    code = RED if outcome.status is OutcomeStatus.FAILED else COLORS[action.kind]
    yield style.paint(f"  {marks[outcome.status]} {SYMBOLS[action.kind]} {action.type.value} {safe(action.key)}", code)
    if outcome.detail:
        yield from wrap(
            safe(outcome.detail),
            style.width,
            initial_indent=" " * 10,
            subsequent_indent=" " * 10,
            break_on_hyphens=False,
        )
