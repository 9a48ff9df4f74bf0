"""Words, symbols and safe text that all reports share."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.paths import parse_path, short_path
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from reconciler.core.model import Member, Value
    from reconciler.core.plan_model import Action, Change, Plan

SYMBOLS = {
    ActionKind.CREATE: "+",
    ActionKind.UPDATE: "~",
    ActionKind.REACTIVATE: "↻",
    ActionKind.DEACTIVATE: "-",
}
NO_CHANGES = "No changes. 4me is as the manifests say."
NOTHING_TO_UNDO = "Nothing to undo."
NO_DRIFT = "No drift. 4me is as the manifests say."
PUBLIC = "public: people are pseudonyms, values are hidden"
"""The audience of what anybody may read."""
_NAMED_BY = {ResourceType.USER: "userName", ResourceType.GROUP: "displayName"}
_UNSAFE = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_COMMAND = re.compile(r"##(?=(?:vso)?\[)|::(?=[a-z-]+(?: |::))", re.IGNORECASE)
"""How a command to a pipeline begins that reads the log: `##vso[`, `##[`, `::name::`, `::name key=value::`."""


class Hidden(str):
    """What stands for a value that is not shown, as people read it."""

    __slots__ = ()


HIDDEN = "(hidden)"
"""What stands for a text that is not shown, such as the file of a place."""
CHANGED = Hidden("changed (hidden)")


def safe(text: str) -> str:
    """Text without anything that could move a cursor, hide or reorder what is read: such characters are escaped.

    So is what a pipeline would take for a command to it.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            each.encode("unicode_escape").decode() if unicodedata.category(each) in _UNSAFE else each for each in text
        )
    if "##" in text or "::" in text:
        text = _COMMAND.sub(lambda found: f"{found[0][0]}\\x{ord(found[0][1]):02x}", text)
    return text


def columns(text: str) -> int:
    """How many columns of a terminal safe text takes: East Asian wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def show_path(path: str) -> str:
    """A path as people read it: `emails[work]` for `emails[type eq "work"].value`, no URNs."""
    try:
        parsed = parse_path(path)
    except ValueError:
        return safe(path)
    if not parsed.by:
        return safe(short_path(path))
    sub = f".{parsed.sub}" if parsed.sub not in ("", "value") else ""
    return safe(f"{parsed.name}[{parsed.value}]{sub}")


def show_value(value: Value) -> str:
    """A value as people read it: text in quotes, no value as `(none)`, a list of plain values without ceremony."""
    if value is None or value in ("", []):
        return "(none)"
    if isinstance(value, Hidden):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        plain = [each["value"] if isinstance(each, dict) and each.keys() == {"value"} else each for each in value]
        if all(isinstance(each, str) for each in plain):
            return safe(", ".join(map(str, plain)))
    return safe(json.dumps(value, ensure_ascii=False))


def show_before(change: Change, kind: ActionKind) -> str | None:
    """The value before as people read it; None where there was none to compare with, or it is hidden."""
    new = kind is ActionKind.CREATE or is_hidden(change.before, change.after)
    return None if new else show_value(change.before)


def is_hidden(before: Value, after: Value) -> bool:
    """Whether values are not shown, so that nothing is told but that they differ."""
    return isinstance(before, Hidden) or isinstance(after, Hidden)


def show_member(member: Member) -> str:
    """A member's name; a group among people says so."""
    return f"{safe(member.name)}{' (group)' if member.type is ResourceType.GROUP else ''}"


def why(action: Action) -> str:
    """An action's reason; nothing for an update, whose changes are its reason."""
    return "" if action.kind is ActionKind.UPDATE else safe(action.reason)


def telling_changes(action: Action) -> list[Change]:
    """The changes that an action's heading does not already tell: without its name and whether it is active."""
    told: list[tuple[str, Value]] = []
    if action.kind is ActionKind.CREATE:
        told = [("active", True), (_NAMED_BY[action.type], action.key)]
    elif action.kind is not ActionKind.UPDATE:
        told = [("active", action.kind is ActionKind.REACTIVATE)]
    if len(action.changes) == 1:
        return list(action.changes)
    return [change for change in action.changes if (change.path, change.after) not in told]


def plan_title(plan: Plan) -> str:
    """What the plan is, up to the tenant that it is for."""
    return f"Undo of the run {safe(plan.undoes)} in" if plan.undoes else "Plan for"


def nothing_to_do(plan: Plan) -> str:
    """What is said of a plan without actions."""
    return NOTHING_TO_UNDO if plan.undoes else NO_CHANGES


def summary_line(plan: Plan) -> str:
    """The plan in numbers, in one line."""
    users, groups = plan.summary.users, plan.summary.groups
    counts = [
        f"{users.create + groups.create} to create",
        f"{users.update + groups.update} to update",
        f"{users.reactivate} to reactivate",
        f"{users.deactivate + groups.deactivate} to deactivate",
    ]
    members = f"memberships: {plan.summary.memberships_added} to add, {plan.summary.memberships_removed} to remove"
    rest = f"{users.unchanged + groups.unchanged} unchanged, {users.unmanaged + groups.unmanaged} unmanaged"
    return f"{', '.join(counts)}; {members}; {rest}"
