"""Translations between the two sides: the keys that manifests use and the ids that 4me uses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.model import Member, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.core.model import Desired, Live, LiveState

ByType = dict[ResourceType, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Names:
    """Translations by resource type.

    `ids`: a declared resource's live id, by key. `keys`: what to call a live resource, by id. `creatable`: declared
    resources without a live one that may be created, by key.
    """

    ids: ByType
    keys: ByType
    creatable: frozenset[Member]

    def __contains__(self, member: Member) -> bool:
        """Whether 4me has it, or gets it from this plan."""
        return member.name in self.ids[member.type] or member in self.creatable

    def all_ids(self) -> dict[Member, str]:
        """Ids by every name that a plan may use."""
        found = {Member(each, key): live_id for each, keys in self.keys.items() for live_id, key in keys.items()}
        return found | {Member(each, key): live_id for each, ids in self.ids.items() for key, live_id in ids.items()}


def build_names(pairs: Sequence[tuple[Desired, Live | None]], live: LiveState) -> Names:
    """The names that follow from who is paired with whom."""
    keys = {
        ResourceType.USER: {each.id: each.key for each in live.users},
        ResourceType.GROUP: {each.id: each.key for each in live.groups},
    }
    for member, name in _unread_names(live.member_names, keys).items():
        keys[member.type][member.name] = name
    ids = {each: {one.key: found.id for one, found in pairs if found and one.type is each} for each in ResourceType}
    for each, by_key in ids.items():
        keys[each].update(zip(by_key.values(), by_key, strict=True))
    creatable = frozenset([Member(one.type, one.key) for one, found in pairs if found is None and one.active])
    return Names(ids, keys, creatable)


def _unread_names(displays: Mapping[Member, str], keys: ByType) -> dict[Member, str]:
    """Names of members that were not read themselves; a display that could mean someone else too carries the id."""
    if not displays:
        return {}
    known = (key for by_id in keys.values() for key in by_id.values())
    uses = Counter(name.casefold() for names in (known, displays.values()) for name in names)
    return {
        member: display if uses[display.casefold()] == 1 else f"{display} (id {member.name})"
        for member, display in displays.items()
        if member.name not in keys[member.type]
    }
