"""Members of groups: a request a group where lists do not carry them, so only for groups that matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.normalise import fold
from reconciler.core.snapshot import learn_touches, modified
from reconciler.scim.lists import is_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.core.directory import Identity
    from reconciler.core.model import Live
    from reconciler.scim.lists import Lists


@dataclass(frozen=True, slots=True)
class Memberships:
    """All groups, those that matter with their members; `read_again`: the ids of those whose members were just read."""

    groups: Mapping[str, Live]
    read_again: tuple[str, ...]

    @property
    def requests(self) -> int:
        """How many requests it took."""
        return len(self.read_again)

    @classmethod
    def read(
        cls,
        lists: Lists,
        lives: tuple[Mapping[str, Live], Mapping[str, Live]],
        declared: Callable[[], Sequence[Identity]],
        *,
        again: bool,
    ) -> Memberships:
        """Read the members of owned and of declared groups, of these users and groups by id.

        `again`: also of those whose members are known already.
        """
        users, groups = lives
        unowned = any(not group.owned for group in groups.values())
        wanted = wanted_groups(declared()) if unowned else frozenset()
        needed = [
            group
            for group in groups.values()
            if (again or group.members is None) and (group.owned or is_among(group, wanted))
        ]
        found = {group.id: group for group in lists.pool.map(lambda group: lists.with_members(group, users), needed)}
        return cls({**groups, **found}, tuple(found))

    def learn(self, known: bool | None, before: Mapping[str, Live], seen_at: float) -> bool | None:  # noqa: FBT001
        """Whether a membership change moves a group's time stamp, as far as these groups show it."""
        for id_ in self.read_again:
            known = learn_touches(known, before.get(id_), self.groups[id_], seen_at=seen_at)
        return known


def wanted_groups(declared: Sequence[Identity]) -> frozenset[tuple[str, str]]:
    """Matching attributes and folded values of the groups whose members are managed."""
    return frozenset((name, fold(value)) for each in declared if each.needs_members for name, value in each.matching)


def keep_members(groups: Mapping[str, Live], known: Mapping[str, Live]) -> dict[str, Live]:
    """Groups as a list without members shows them, with the members known where the time stamp is still the same."""
    return {id_: _kept(group, known.get(id_)) for id_, group in groups.items()}


def _kept(group: Live, known: Live | None) -> Live:
    if known is None or group is known:
        return group
    return known if modified(group) == modified(known) else replace(group, members=None)
