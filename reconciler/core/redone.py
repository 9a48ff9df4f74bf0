"""What of an undo the next apply would do again, because the manifests still say what the run applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.diff import diff_attributes
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import fold, is_empty
from reconciler.core.paths import parse_path
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.equivalence import Equivalences
    from reconciler.core.model import Desired, DesiredState, Live, LiveState
    from reconciler.core.names import Names
    from reconciler.core.plan import PlanRequest
    from reconciler.core.plan_model import Action


def find_redone(
    actions: Sequence[Action], sides: tuple[DesiredState, LiveState], names: Names, request: PlanRequest
) -> tuple[Action, ...]:
    """The actions of an undo that the next apply would take back, in whole or in part; `names` are of the undo."""
    desired, live = sides
    lives = {Member(each.type, each.id): each for each in (*live.users, *live.groups)}
    matching = {ResourceType.USER: request.match_users, ResourceType.GROUP: request.match_groups}
    declared = {
        kind: dict(_places(each, matching[kind]))
        for kind, each in ((ResourceType.USER, desired.users), (ResourceType.GROUP, desired.groups))
    }
    found = []
    for action in actions:
        live_one = lives[Member(action.type, action.id or "")]
        places = ((path, fold(live_one.attributes.get(path))) for path in matching[action.type])
        wish = next((declared[action.type][place] for place in places if place in declared[action.type]), None)
        again = (
            _again(action, live_one, wish, (names, request.equivalences))
            if wish
            else _left_out(action, live_one, request)
        )
        if again:
            found.append(action)
    return tuple(found)


def _places(declared: Sequence[Desired], matching: Sequence[str]) -> Iterator[tuple[tuple[str, str], Desired]]:
    for each in declared:
        for path in matching:
            if not is_empty(each.attributes.get(path)):
                yield (path, fold(each.attributes[path])), each


def _left_out(action: Action, live: Live, request: PlanRequest) -> bool:
    """Whether who is declared nowhere, and comes back, would be taken away again."""
    policy = request.policy
    if action.type is ResourceType.USER:
        return action.kind is ActionKind.REACTIVATE and live.owned and policy.unlisted_users == "deactivate"
    return bool(action.members.add) and live.owned and policy.unlisted_groups == "deactivate"


def _again(action: Action, live: Live, desired: Desired, by: tuple[Names, Equivalences]) -> bool:
    return (
        (action.kind is ActionKind.DEACTIVATE and action.type is ResourceType.USER and desired.active)
        or (action.kind is ActionKind.REACTIVATE and not desired.active)
        or _values_again(action, live, desired, by)
        or _members_again(action, desired)
    )


def _values_again(action: Action, live: Live, desired: Desired, by: tuple[Names, Equivalences]) -> bool:
    """Whether a value that goes is the declared one, which 4me has until then."""
    names, rules = by
    changes = diff_attributes(desired, live, names.keys[ResourceType.USER], rules)
    differing = {parse_path(change.path).attribute for change in changes}
    going = {
        parse_path(change.path).attribute: is_empty(change.after)
        for change in action.changes
        if change.path != "active"
    }
    for path in desired.attributes.keys() - desired.create_only:
        attribute = parse_path(path).attribute
        if attribute in going and attribute not in differing and (going[attribute] or path not in desired.only_empty):
            return True
    return False


def _members_again(action: Action, desired: Desired) -> bool:
    if desired.members is None:
        return False
    declared = {(each.type, fold(each.name)) for each in desired.members}
    goes_in = any((each.type, fold(each.name)) in declared for each in action.members.remove)
    comes_out = any((each.type, fold(each.name)) not in declared for each in action.members.add)
    return goes_in or (comes_out and desired.membership == "authoritative")
