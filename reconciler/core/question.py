"""What a plan needs to know of live state: which declared resources, by which names, and whose members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.directory import Identity
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.core.suggest import did_you_mean
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Desired, DesiredState
    from reconciler.core.plan import PlanRequest


def find_targets(desired: DesiredState, targets: Sequence[str]) -> frozenset[str]:
    """The targets without case. Raises UsageError where one is no declared user or group, or one out of scope."""
    if not targets:
        return frozenset()
    keys = {each.key.casefold(): each.key for each in (*desired.users, *desired.groups)}
    outside = {fold(each.attributes.get(KEY_ATTRIBUTE[each.type])): each for each in desired.outside}
    for target in targets:
        if target.casefold() not in keys:
            if found := outside.get(fold(target)):
                raise UsageError(
                    f"--target {target}: {found.source} is out of scope: {found.reason}",
                    hint="it counts as not declared; a plan without --target has its removal, if there is one",
                )
            raise UsageError(f"--target {target}: no declared user or group{did_you_mean(target, keys.values())}")
    return frozenset(target.casefold() for target in targets)


def identify(desired: DesiredState, request: PlanRequest) -> tuple[Identity, ...]:
    """What is declared, or with targets those and whom they refer to, as it is to be found in live state."""
    everyone = (*desired.users, *desired.groups)
    if request.everything:
        return tuple(_identity(each, request, needs_members=each.members is not None) for each in everyone)
    by_name = {Member(each.type, each.key): each for each in everyone}
    chosen = {name: each for name, each in by_name.items() if each.key.casefold() in request.targets}
    needed = {need: by_name[need] for each in chosen.values() for need in _references(each) if need in by_name}
    return (
        *(_identity(each, request, needs_members=each.members is not None) for each in chosen.values()),
        *(_identity(each, request, is_reference=True) for name, each in needed.items() if name not in chosen),
    )


def _references(desired: Desired) -> Iterator[Member]:
    manager = desired.attributes.get(MANAGER)
    if isinstance(manager, str):
        yield Member(ResourceType.USER, manager)
    yield from sorted(desired.members or ())


def _identity(
    each: Desired, request: PlanRequest, *, needs_members: bool = False, is_reference: bool = False
) -> Identity:
    attributes = request.match_users if each.type is ResourceType.USER else request.match_groups
    matching = tuple((name, str(each.attributes[name])) for name in attributes if each.attributes.get(name))
    return Identity(each.type, matching, needs_members, is_reference, each.key)
