"""What an apply leaves behind, as far as the manifests declare it: the base that drift is told apart by.

Only what was done counts. What an action did not come to keeps what an earlier apply left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.drift import Base, Origin
from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType
from reconciler.core.paths import MANAGER, parse_path
from reconciler.core.plan_model import OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Desired
    from reconciler.core.names import Names
    from reconciler.core.plan_model import Action, Outcome


class Settlement:
    """An apply that is over: what was planned and what came of it.

    `pairs`: the declared resources that it was planned for, with what 4me had of them. `names`: of the plan.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Desired, Live | None]],
        names: Names,
        actions: Iterable[Action],
        outcomes: Iterable[Outcome] = (),
    ) -> None:
        self._pairs = pairs
        self._ids = {type_: dict(ids) for type_, ids in names.ids.items()}
        self._left = {(each.type, each.key, each.id): each for each in actions}
        self._done: dict[Member, Action] = {}
        for outcome in outcomes:
            action = outcome.action
            if outcome.id:
                self._ids[action.type][action.key] = outcome.id
            if outcome.status is OutcomeStatus.DONE or outcome.requests:  # written, but without some members
                self._done[Member(action.type, action.key)] = action
                self._left.pop((action.type, action.key, action.id), None)

    @property
    def left(self) -> frozenset[Member]:
        """The live resources, by id, whose actions were not done."""
        return frozenset(Member(each.type, each.id) for each in self._left.values() if each.id)

    @property
    def declared(self) -> frozenset[Member]:
        """The live resources, by id, of which it is now known what they were left as."""
        found = (Member(desired.type, self._ids[desired.type].get(desired.key, "")) for desired, _ in self._pairs)
        return frozenset(each for each in found if each.name)

    def resources(self, before: Mapping[Member, Live]) -> Iterator[Live]:
        """Each declared resource as it was left; `before`: what earlier applies left of those in `left`."""
        for desired, live in self._pairs:
            id_ = self._ids[desired.type].get(desired.key)
            if id_ is None:
                continue
            action = self._left.get((desired.type, desired.key, live.id if live else None))
            earlier = before.get(Member(desired.type, id_))
            yield Live(
                desired.type,
                id_,
                desired.key,
                self._attributes(desired, action, earlier),
                self._active(desired, live, action, earlier),
                self._members(desired, action, earlier),
            )

    def _attributes(self, desired: Desired, action: Action | None, earlier: Live | None) -> Attributes:
        attributes = desired.attributes
        manager = attributes.get(MANAGER)
        open_paths = {change.path for change in action.changes} if action else set[str]()
        if isinstance(manager, str) and manager not in self._ids[ResourceType.USER]:
            open_paths.add(MANAGER)
        if not open_paths:
            return attributes
        whole = {parse_path(path).attribute for path in open_paths if parse_path(path).by}
        known = earlier.attributes if earlier else {}
        settled = {path: value for path, value in attributes.items() if path not in open_paths and path not in whole}
        return settled | {path: known[path] for path in (*open_paths, *whole) if path in known}

    def _active(self, desired: Desired, live: Live | None, action: Action | None, earlier: Live | None) -> bool:
        """Somebody protected is not deactivated, so that the manifests alone do not tell."""
        done = self._done.get(Member(desired.type, desired.key))
        if live is None or (done and any(change.path == "active" for change in done.changes)):
            return desired.active
        if action and any(change.path == "active" for change in action.changes):
            return earlier.active if earlier else live.active
        return live.active

    def _members(self, desired: Desired, action: Action | None, earlier: Live | None) -> Members | None:
        if desired.members is None:
            return None
        members = _with_ids(desired.members, self._ids)
        if action:
            undone = _with_ids((*action.members.add, *action.members.remove), self._ids)
            known = set(earlier.members or ()) if earlier else set[Member]()
            members = (members - undone) | (known & undone)
        return Members.of(members)


def base_of_revision(revision: str, pairs: Iterable[tuple[Desired, Live | None]], names: Names) -> Base:
    """What manifests say that were applied whole, each resource paired with the live one that it is."""
    by_id: dict[Member, Live] = {}
    by_key: dict[Member, Live] = {}
    for desired, live in pairs:
        members = None if desired.members is None else Members.of(_with_ids(desired.members, names.ids))
        id_ = live.id if live else ""
        left = Live(desired.type, id_, desired.key, desired.attributes, desired.active, members)
        by_key[Member(desired.type, desired.key.casefold())] = left
        if live:
            by_id[Member(desired.type, id_)] = left
    return Base(Origin("revision", revision), by_id, by_key)


def _with_ids(members: Iterable[Member], ids: Mapping[ResourceType, Mapping[str, str]]) -> set[Member]:
    """These members by id, those without one left out."""
    return {Member(type_, id_) for type_, key in members if (id_ := ids[type_].get(key))}
