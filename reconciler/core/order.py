"""The order in which actions are carried out: what others need comes first, deactivations come last."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.plan_model import Action

USER_STARTS, USER_UPDATES, GROUP_CREATES, GROUP_UPDATES, DEACTIVATIONS = range(5)


def order_actions(actions: Iterable[Action]) -> tuple[tuple[Action, ...], ...]:
    """Actions in waves: a wave may run in parallel once the waves before it are done; within one, sorted by key."""
    actions = tuple(actions)
    depths = _depths(actions)
    waves: dict[tuple[int, int], list[Action]] = defaultdict(list)
    for action in actions:
        waves[_step(action), depths.get((action.type, action.key), 0)].append(action)
    return tuple(tuple(sorted(waves[wave], key=sort_key)) for wave in sorted(waves))


def sort_key(action: Action) -> tuple[str, str, str]:
    """What is stable between runs: type and key, without case first."""
    return action.type.value, action.key.casefold(), action.key


def _step(action: Action) -> int:
    if action.kind is ActionKind.DEACTIVATE:
        return DEACTIVATIONS
    if action.type is ResourceType.USER:
        return USER_UPDATES if action.kind is ActionKind.UPDATE else USER_STARTS
    return GROUP_CREATES if action.kind is ActionKind.CREATE else GROUP_UPDATES


def needs(action: Action) -> tuple[tuple[ResourceType, str], ...]:
    """The resources, by type and key, whose ids this action refers to."""
    managers = [
        (ResourceType.USER, change.after)
        for change in action.changes
        if change.path == MANAGER and isinstance(change.after, str)
    ]
    return (*managers, *((member.type, member.name) for member in action.members.add))


def _depths(actions: Sequence[Action]) -> dict[tuple[ResourceType, str], int]:
    """How many creations of the same step stand between each created resource and one that needs nothing.

    Acyclic, because the manifests' checks refuse cycles of managers and of nested groups.
    """
    created = {(each.type, each.key): each for each in actions if each.kind is ActionKind.CREATE}
    depths: dict[tuple[ResourceType, str], int] = {}
    for start in created:
        stack = [start]
        while stack:
            waiting = [need for need in _same_type_needs(created, stack[-1]) if need not in depths]
            if waiting:
                stack.append(waiting[0])
                continue
            done = stack.pop()
            depths[done] = max((depths[need] + 1 for need in _same_type_needs(created, done)), default=0)
    reactivated = [each for each in actions if each.kind is ActionKind.REACTIVATE]
    for each in reactivated:
        depths[each.type, each.key] = max((depths[need] + 1 for need in needs(each) if need in depths), default=0)
    return depths


def _same_type_needs(
    created: dict[tuple[ResourceType, str], Action], one: tuple[ResourceType, str]
) -> list[tuple[ResourceType, str]]:
    return [need for need in needs(created[one]) if need[0] is one[0] and need in created]
