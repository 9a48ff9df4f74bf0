"""Rules that refuse a plan, with the numbers. The way out is a number too: `--allow deactivations=57`."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.plan_model import ActionKind, Guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.core.model import Unlisted
    from reconciler.core.plan_model import Action

NEVER_BITES_AT = 5
ALLOWABLE = ("deactivations", "membershipRemovals")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many, or so many per cent of the whole; never less than `NEVER_BITES_AT`."""

    number: int | None = None
    percent: float | None = None

    def of(self, whole: int) -> int:
        """The highest count that is let through."""
        share = self.number if self.number is not None else floor(whole * (self.percent or 0) / 100)
        return max(share, NEVER_BITES_AT)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the tenant allows. `allow`: guard name -> count that a reviewer let through this once."""

    unlisted_users: Unlisted = "deactivate"
    unlisted_groups: Unlisted = "deactivate"
    protected: tuple[str, ...] = ()
    deactivations: Limit = Limit(percent=10)
    membership_removals: Limit = Limit(percent=25)
    allow: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owned:
    """How much there is to lose: owned active users, memberships of owned groups, declared users."""

    active_users: int
    memberships: int
    declared_users: int
    identity_conflicts: int = 0


def check_guards(actions: Sequence[Action], owned: Owned, policy: Policy, *, everything: bool) -> tuple[Guard, ...]:
    """The verdict of each guard on these actions; `everything`: the plan looked for unlisted resources too."""
    counts = _count(actions)
    whole = {
        "deactivations": policy.deactivations.of(owned.active_users),
        "membershipRemovals": policy.membership_removals.of(owned.memberships),
    }
    guards = [_guard(name, counts[name], max(whole[name], policy.allow.get(name, 0))) for name in ALLOWABLE]
    if everything and owned.active_users and not owned.declared_users:
        guards.append(Guard("emptyManifests", owned.active_users, 0, breached=True))
    if owned.identity_conflicts:
        guards.append(Guard("identityConflicts", owned.identity_conflicts, 0, breached=True))
    return tuple(guards)


def recount_guards(guards: Sequence[Guard], actions: Sequence[Action]) -> tuple[Guard, ...]:
    """The verdicts where only these actions are carried out; what is wrong with the whole stays wrong."""
    counts = _count(actions)
    return tuple(_guard(each.name, counts[each.name], each.limit) if each.name in counts else each for each in guards)


def _count(actions: Sequence[Action]) -> dict[str, int]:
    users = (each for each in actions if each.type is ResourceType.USER)
    return {
        "deactivations": sum(1 for each in users if each.kind is ActionKind.DEACTIVATE),
        "membershipRemovals": sum(len(each.members.remove) for each in actions),
    }


def _guard(name: str, count: int, limit: int) -> Guard:
    return Guard(name, count, limit, breached=count > limit)


def explain_breach(guard: Guard) -> tuple[str, str]:
    """What a breached guard says, and the way out."""
    texts = {
        "emptyManifests": (
            f"the manifests declare no user, but 4me has {guard.count} owned active ones",
            "check the manifests folder and the mapping's scope: an empty set is never applied",
        ),
        "identityConflicts": (
            f"{guard.count} record(s) would take over a live resource with another externalId",
            "see the warnings; `adopt: true` in a record hands the live resource to it",
        ),
    }
    noun = {"deactivations": "deactivations", "membershipRemovals": "membership removals"}.get(guard.name, guard.name)
    default = (
        f"{guard.count} {noun}, at most {guard.limit} allowed",
        f"if that is what you want: --allow {guard.name}={guard.count}",
    )
    return texts.get(guard.name, default)
