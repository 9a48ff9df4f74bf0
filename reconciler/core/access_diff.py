"""Two desired states to what changes for people and groups between them. Sets decide; only what differs is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.access import AccessDiff, Side, Transition
from reconciler.core.access_changes import INACTIVE, Comparison
from reconciler.core.access_pairs import Sided, pair_sides
from reconciler.core.access_policies import match_changes, tenant_changes, unlisted_notes
from reconciler.core.access_summary import summarise
from reconciler.core.model import DesiredState, ResourceType
from reconciler.core.schema import MATCHABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.access import GroupChange, PersonChange, PolicyChange
    from reconciler.core.access_pairs import Pair
    from reconciler.core.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Declared:
    """All that one of two manifest sets says. `match_users`, `match_groups`: in order of precedence."""

    side: Side
    desired: DesiredState = DesiredState()
    tenants: tuple[Tenant, ...] = ()
    match_users: tuple[str, ...] = MATCHABLE[ResourceType.USER]
    match_groups: tuple[str, ...] = MATCHABLE[ResourceType.GROUP]


def compare_access(base: Declared, head: Declared, notes: Sequence[str] = ()) -> AccessDiff:
    """What HEAD changes against BASE. `notes` about the reading come first among those of the diff."""
    comparison = Comparison(
        _pairs(ResourceType.USER, base, head, (*head.match_users, *base.match_users)),
        _pairs(ResourceType.GROUP, base, head, (*head.match_groups, *base.match_groups)),
    )
    people, groups = comparison.people(), comparison.groups()
    return AccessDiff(
        _counted(base),
        _counted(head),
        people,
        groups,
        tuple(_policies(base, head)),
        (
            *notes,
            *_notes(base),
            *_notes(head),
            *unlisted_notes(head.tenants, (_undeclared(people), _undeclared(groups))),
        ),
        summarise(people, groups),
    )


def _pairs(resource: ResourceType, base: Declared, head: Declared, match: Iterable[str]) -> list[Pair]:
    sides = [
        Sided(
            declared.desired.users if resource is ResourceType.USER else declared.desired.groups,
            [each for each in declared.desired.outside if each.type is resource],
        )
        for declared in (base, head)
    ]
    return pair_sides(resource, sides[0], sides[1], match)


def _counted(declared: Declared) -> Side:
    return declared.side._replace(users=len(declared.desired.users), groups=len(declared.desired.groups))


def _notes(declared: Declared) -> Iterator[str]:
    for note in declared.desired.notes:
        yield f"{declared.side.name}: {note}"


def _policies(base: Declared, head: Declared) -> Iterator[PolicyChange]:
    yield from tenant_changes(base.tenants, head.tenants)
    yield from match_changes("users", base.match_users, head.match_users)
    yield from match_changes("groups", base.match_groups, head.match_groups)


def _undeclared(changes: Iterable[PersonChange | GroupChange]) -> int:
    return sum(1 for each in changes if each.transition is Transition.LEAVE and each.reason != INACTIVE)
