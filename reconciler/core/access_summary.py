"""A diff of access in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.access import AccessSummary, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.access import GroupChange, PersonChange

_KNOWN = (Transition.STAY, Transition.RETURN)


def summarise(people: Sequence[PersonChange], groups: Sequence[GroupChange]) -> AccessSummary:
    """Count what changes."""
    memberships = [each for group in groups for each in group.memberships]
    gains, losses = [each for each in memberships if each.gained], [each for each in memberships if each.lost]
    moves = [each.transition for each in people]
    group_moves = [each.transition for each in groups]
    return AccessSummary(
        joins=moves.count(Transition.JOIN),
        returns=moves.count(Transition.RETURN),
        leaves=moves.count(Transition.LEAVE),
        renamed=_count(each.who.was is not None for each in people),
        attributes=_count(each.transition in _KNOWN and bool(each.attributes) for each in people),
        new_managers=_count(each.new_manager for each in people),
        new_identities=_count(each.new_identity for each in people),
        left_without_group=_count(each.left_without_group for each in people),
        leaving_managers=_count(bool(each.reports) for each in people),
        gains=len(gains),
        losses=len(losses),
        unsure_gains=_count(not each.sure for each in gains),
        unsure_losses=_count(not each.sure for each in losses),
        gaining_people=len({each.person for each in gains}),
        losing_people=len({each.person for each in losses}),
        direct_added=sum(len(each.add) for each in groups),
        direct_removed=sum(len(each.remove) for each in groups),
        groups_join=group_moves.count(Transition.JOIN),
        groups_leave=group_moves.count(Transition.LEAVE),
        groups_renamed=_count(each.who.was is not None for each in groups),
        groups_emptied=_count(each.emptied for each in groups),
        groups_changed=group_moves.count(Transition.STAY),
    )


def _count(facts: Iterable[bool]) -> int:
    return sum(facts)
