"""Memberships that a run made and took, beside what 4me has now: who goes, who comes back, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.left_values import Left
    from reconciler.core.model import Live, Member
    from reconciler.core.reversal import Step


def take_out(left: Left, step: Step, group: Live, member: Member) -> Member | str | None:
    """Whom a run added, by the name that they go by; else what is told, or None where they are out already."""
    found = left.identify(step, member)
    if found is None:
        return f"{group.key}: {member.name}, whom that run added, is not in 4me by that name any more"
    if found not in (group.members or ()):
        return None
    return _moved_since(left, group, member, found) or left.name(found)


def put_back(left: Left, step: Step, group: Live, member: Member) -> Member | str | None:
    """Whom a run removed, by the name that they go by; else what is told, or None where they are in it already."""
    found = left.identify(step, member)
    if found is None or not left.is_there(found):
        return f"{group.key}: {member.name}, whom that run removed, is not in 4me any more: not added"
    if found in (group.members or ()):
        return None
    return _moved_since(left, group, member, found) or left.name(found)


def _moved_since(left: Left, group: Live, member: Member, found: Member) -> str | None:
    run = left.moved_by(group, member, found)
    if run is None:
        return None
    return f"{group.key}: {member.name} was added or removed again by the run {run}: left alone, undo that one"
