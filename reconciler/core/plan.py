"""Desired and live state to a set of actions: match, diff, guard, order.

The whole of planning is a function of its inputs: no request, no file, no clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.actions import Findings, Planner, has_fields
from reconciler.core.diff import find_unsettled
from reconciler.core.digest import digest
from reconciler.core.equivalence import Equivalences
from reconciler.core.guards import Owned, Policy, check_guards
from reconciler.core.match import match_resources
from reconciler.core.model import ResourceType
from reconciler.core.names import build_names
from reconciler.core.order import order_actions
from reconciler.core.outside import find_outside
from reconciler.core.plan_model import Counts, Summary
from reconciler.core.unique import choose_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.core.match import Pairing
    from reconciler.core.model import Attributes, Desired, DesiredState, Live, LiveState, Member
    from reconciler.core.names import Names
    from reconciler.core.plan_model import Action, Guard, TenantIdentity

LISTED_NAMES = 5
UNSURE_CHOICE = (
    "values of new resources were chosen among what was read, which is not all that 4me has:"
    " plan with --refresh full and without --target to be sure that they are free"
)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to plan by.

    `match_users`, `match_groups`: matching attributes in order of precedence. `everything`: also look for what is
    declared nowhere. `targets`: keys (without case) to plan for, empty for all. `applied`: by user id, the custom
    fields that earlier applies wrote, and what the service is said to drop. `equivalences`: see `core/equivalence.py`.
    """

    match_users: tuple[str, ...] = ("externalId", "userName")
    match_groups: tuple[str, ...] = ("externalId", "displayName")
    policy: Policy = Policy()
    targets: frozenset[str] = frozenset()
    applied: Mapping[str, Attributes] = field(default_factory=dict)
    equivalences: Equivalences = Equivalences()

    @property
    def everything(self) -> bool:
        """Whether resources that are declared nowhere matter."""
        return not self.targets

    def includes(self, desired: Desired) -> bool:
        """Whether this one is planned for."""
        return not self.targets or desired.key.casefold() in self.targets


@dataclass(frozen=True, slots=True)
class Changeset:
    """What planning comes to: actions in order, the guards' verdicts, warnings, the numbers, and who is who.

    `pairs`: what was planned for, each with the live resource that it is.
    """

    actions: tuple[Action, ...]
    guards: tuple[Guard, ...]
    warnings: tuple[str, ...]
    summary: Summary
    names: Names
    pairs: Sequence[tuple[Desired, Live | None]] = ()

    @property
    def ids(self) -> dict[Member, str]:
        """Ids by every name that the plan may use; only an apply needs them."""
        return self.names.all_ids()


def make_plan(desired: DesiredState, live: LiveState, request: PlanRequest) -> Changeset:
    """Everything that has to be done to make `live` what `desired` says.

    Nothing is removed unless `live` is provably complete. Raises MatchError.
    """
    findings = Findings([*live.notes, *desired.notes])
    users = match_resources(desired.users, live.users, request.match_users)
    users = choose_values(users, live.users, findings.warnings.append)
    groups = match_resources(desired.groups, live.groups, request.match_groups)
    groups = choose_values(groups, live.groups, findings.warnings.append)
    outside = {
        **find_outside(desired.outside, users.unlisted, request.match_users),
        **find_outside(desired.outside, groups.unlisted, request.match_groups),
    }
    planner = Planner(
        build_names((*users.pairs, *groups.pairs), live),
        request.policy.protected,
        findings,
        outside,
        may_remove=live.summary.complete,
        unreadable=cache(lambda: not (live.shows_fields or any(has_fields(user.attributes) for user in live.users))),
        applied=request.applied,
        rules=request.equivalences,
    )
    actions = [
        *_planned(planner, users, request),
        *_planned(planner, groups, request),
        *_removals(planner, users.unlisted, request.policy.unlisted_users, request),
        *_removals(planner, groups.unlisted, request.policy.unlisted_groups, request),
    ]
    ordered = tuple(action for wave in order_actions(actions) for action in wave)
    guards = check_guards(ordered, _owned(desired, live, findings), request.policy, everything=request.everything)
    _warn(findings, live, request)
    if _chooses(users, groups) and (request.targets or live.unread_users or not live.summary.complete):
        findings.warnings.append(UNSURE_CHOICE)
    return Changeset(
        ordered,
        guards,
        warnings=tuple(dict.fromkeys(findings.warnings)),
        summary=_summarise(ordered, users, groups, live.unread_users),
        names=planner.names,
        pairs=(*_included(users, request), *_included(groups, request)),
    )


def fingerprint(tenant: TenantIdentity, actions: Sequence[Action]) -> str:
    """Identifies what would be done to which tenant, whenever it was computed."""
    return digest([tenant.endpoint, tenant.account, [_action_values(action) for action in actions]])


def _action_values(action: Action) -> list[object]:
    return [
        action.kind.value,
        action.type.value,
        action.key,
        action.id,
        [[change.path, change.before, change.after] for change in action.changes],
        [[member.name for member in side] for side in (action.members.add, action.members.remove)],
        action.digest,
    ]


def same_action(one: Action, other: Action) -> bool:
    """Whether two actions do the same to the same live values, wherever they were declared."""
    return _action_values(one) == _action_values(other)


def _included(pairing: Pairing, request: PlanRequest) -> Sequence[tuple[Desired, Live | None]]:
    if request.everything:
        return pairing.pairs
    return [pair for pair in pairing.pairs if request.includes(pair[0])]


def _planned(planner: Planner, pairing: Pairing, request: PlanRequest) -> Iterable[Action]:
    unsettled = find_unsettled(_included(pairing, request), planner.names.keys[ResourceType.USER])
    return filter(None, (planner.plan_pair(desired, live) for desired, live in unsettled))


def _removals(planner: Planner, unlisted: Sequence[Live], mode: str, request: PlanRequest) -> Iterable[Action]:
    if not request.everything:
        return
    owned = sorted((live for live in unlisted if live.owned), key=lambda live: (live.key.casefold(), live.id))
    removals = [action for live in owned if (action := planner.plan_unlisted(live))]
    if not removals:
        return
    outside = " or out of scope" if any(each.source for each in removals) else ""
    noun = f"{len(removals)} owned {removals[0].type.value.lower()}(s) declared nowhere{outside}"
    if mode == "report":
        planner.findings.warnings.append(f"{noun}, left alone (unlisted: report): {_listed(removals)}")
    elif not planner.may_remove:
        planner.findings.warnings.append(f"{noun}, not deactivated, the read was not complete: {_listed(removals)}")
    else:
        yield from removals


def _listed(actions: Sequence[Action]) -> str:
    names = ", ".join(action.key for action in actions[:LISTED_NAMES])
    more = len(actions) - LISTED_NAMES
    return f"{names} and {more} more" if more > 0 else names


def _owned(desired: DesiredState, live: LiveState, findings: Findings) -> Owned:
    return Owned(
        active_users=len([user for user in live.users if user.owned and user.active]),
        memberships=sum(len(group.members or ()) for group in live.groups if group.owned),
        declared_users=len(desired.users),
        identity_conflicts=findings.identity_conflicts,
    )


def _warn(findings: Findings, live: LiveState, request: PlanRequest) -> None:
    if findings.unreadable_records:
        findings.warnings.append(
            f"4me gives no custom fields back: those of {findings.unreadable_records} users cannot be compared and are"
            " written at creation and when the record's value differs from what this state directory last applied"
        )
    if request.everything and not live.summary.complete:
        findings.warnings.append("the read was not provably complete: nothing is removed")


def _chooses(*pairings: Pairing) -> bool:
    return any(desired.choices for pairing in pairings for desired in pairing.missing())


def _summarise(actions: Sequence[Action], users: Pairing, groups: Pairing, unread_users: int) -> Summary:
    return Summary(
        users=_counts([each for each in actions if each.type is ResourceType.USER], users, unread_users),
        groups=_counts([each for each in actions if each.type is ResourceType.GROUP], groups),
        memberships_added=sum(len(each.members.add) for each in actions),
        memberships_removed=sum(len(each.members.remove) for each in actions),
    )


def _counts(actions: Sequence[Action], pairing: Pairing, unread: int = 0) -> Counts:
    kinds = Counter(action.kind.value for action in actions)
    nowhere = {live.id for live in pairing.unlisted}
    unlisted = sum(1 for action in actions if action.id in nowhere)
    declared = len(actions) - unlisted
    return Counts(
        **kinds,
        unchanged=len(pairing.pairs) - declared,
        unmanaged=len(pairing.unlisted) - unlisted + unread,
    )
