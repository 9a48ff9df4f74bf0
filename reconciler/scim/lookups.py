"""The declared ones only, in batches: all that matters where a few are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.model import Live, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.scim.lists import is_among
from reconciler.scim.memberships import wanted_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.directory import Identity
    from reconciler.scim.lists import Lists


def look_up_declared(
    lists: Lists, users: Sequence[Identity], groups: Sequence[Identity]
) -> dict[ResourceType, dict[str, Live]]:
    """The live resources of these identities, by type and id. Raises FilterIgnored.

    Groups first: 4me shows each member's userName, so that members who are in the group already need not be looked up.
    """
    kept = _by_id(lists, (each for each in groups if each.id and each.needs_members))
    found_groups = lists.look_up(
        ResourceType.GROUP, [each for each in groups if not each.is_reference and not (each.id and each.needs_members)]
    )
    wanted = wanted_groups(groups)
    needed = [group for group in found_groups.values() if is_among(group, wanted) and group.members is None]
    found_groups |= {group.id: group for group in lists.pool.map(lists.with_members, needed)}
    found_groups |= kept
    shown = _shown_members(lists, {(each.type, fold(each.key)) for each in (*users, *groups) if each.is_reference})
    found = {ResourceType.USER: shown[ResourceType.USER], ResourceType.GROUP: shown[ResourceType.GROUP] | found_groups}
    for resource, declared in ((ResourceType.USER, users), (ResourceType.GROUP, groups)):
        names = {fold(live.key) for live in found[resource].values()}
        unknown = [each for each in declared if not (each.is_reference and fold(each.key) in names)]
        rest = [each for each in unknown if resource is ResourceType.USER or each.is_reference]
        found[resource] |= lists.look_up(resource, rest)
        unseen = (each for each in declared if each.id and each.id not in found[resource] and not each.needs_members)
        found[resource] |= _by_id(lists, unseen)
    return found


def _by_id(lists: Lists, known: Iterable[Identity]) -> dict[str, Live]:
    """Those that are there still, by id, whatever they are called now."""
    found = lists.pool.map(lambda each: lists.by_id(each.type, each.id or ""), known)
    return {live.id: live for live in found if live}


def _shown_members(lists: Lists, wanted: set[tuple[ResourceType, str]]) -> dict[ResourceType, dict[str, Live]]:
    """The wanted among the members that groups show: name and id, which is all that a membership needs."""
    shown: dict[ResourceType, dict[str, Live]] = {resource: {} for resource in ResourceType}
    if lists.dialect.name == "4me":
        for member, name in lists.displays.items():
            if (member.type, fold(name)) not in wanted:
                continue
            attribute = KEY_ATTRIBUTE[member.type]
            shown[member.type][member.name] = Live(member.type, member.name, name, {attribute: name})
    return shown
