"""A plan as Markdown for a review; nothing that a name contains can break it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.core.guards import explain_breach
from reconciler.core.model import ActionKind
from reconciler.report.words import (
    NO_CHANGES,
    SYMBOLS,
    impact,
    safe,
    show_member,
    show_path,
    show_value,
    summary_line,
    telling_changes,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.model import Action, Member, Plan

_TITLES = {
    ActionKind.DEACTIVATE: "Loses access",
    ActionKind.CREATE: "New",
    ActionKind.REACTIVATE: "Comes back",
    ActionKind.UPDATE: "Changes",
}
MEMBERS_SHOWN = 20
_MARKUP = re.compile(r"[^\w .,/-]|_|(?i:(?<=www))\.")


def render_plan_markdown(plan: Plan) -> str:
    """Impact first, then a table per kind of action, details folded."""
    return "\n".join(_lines(plan)) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is: every character that could be markup is an HTML entity, all of it is code.

    In code nothing is a mention or a reference; an @ without a neighbour makes no mail address, and so no link.
    """
    return f"<code>{_MARKUP.sub(_entity, safe(text))}</code>" if text else ""


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};{'<wbr>' if found[0] == '@' else ''}"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"### Plan for {escape(plan.tenant.name)}: {impact(plan)}"
    yield ""
    yield f"{summary_line(plan) if plan.actions else NO_CHANGES}"
    for guard in plan.guards:
        if guard.breached:
            text, way_out = explain_breach(guard)
            yield from ("", f"**Refused:** {escape(text)}. {escape(way_out)}")
    if plan.warnings:
        yield ""
    for warning in plan.warnings:
        yield f"- Warning: {escape(warning)}"
    for kind, title in _TITLES.items():
        actions = [action for action in plan.actions if action.kind is kind]
        if actions:
            yield from ("", f"<details><summary>{title} ({len(actions)})</summary>", "")
            columns = ("", "who or what", "what changes", "where", *(("why",) if any(map(why, actions)) else ()))
            yield from (f"| {' | '.join(columns)} |", "|---" * len(columns) + "|")
            yield from map(_row, actions)
            yield from ("", "</details>")
    yield from ("", f"Fingerprint `{plan.fingerprint}`")


def _row(action: Action) -> str:
    is_new = action.kind is ActionKind.CREATE
    changes = [
        f"{escape(show_path(each.path))} "
        + ("" if is_new else f"{escape(show_value(each.before))} → ")
        + escape(show_value(each.after))
        for each in telling_changes(action)
    ]
    members = [line for sign, side in _sides(action) for line in _member_lines(sign, side)]
    place = escape(str(action.source)) if action.source else ""
    reason = [escape(text)] if (text := why(action)) else []
    cells = (SYMBOLS[action.kind], escape(action.key), "<br>".join([*changes, *members]), place, *reason)
    return f"| {' | '.join(cells)} |"


def _member_lines(sign: str, members: tuple[Member, ...]) -> Iterator[str]:
    yield from (f"{sign} {escape(show_member(each))}" for each in members[:MEMBERS_SHOWN])
    more = len(members) - MEMBERS_SHOWN
    if more > 0:
        yield f"{sign} and {more} more"


def _sides(action: Action) -> tuple[tuple[str, tuple[Member, ...]], ...]:
    return ("+", action.members.add), ("-", action.members.remove)
