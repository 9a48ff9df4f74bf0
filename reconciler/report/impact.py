"""The blast radius of a plan, of drift and of a diff: what happens to people's access, counted, worst first. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from reconciler.core.drift import DriftKind
from reconciler.core.model import ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.access import AccessDiff
    from reconciler.core.drift import Drift
    from reconciler.core.model import Member
    from reconciler.core.plan_model import Action, Plan

Tone = Literal["danger", "caution", "good", "plain"]
"""How much a reviewer should mind: access is lost, access is narrowed or moved, access is given, anything else."""

_Words: TypeAlias = "tuple[str, Tone, str, str, str]"
"""Name of the count, tone, words for one and for many, and the view of the HTML report that shows them."""


class Fact(NamedTuple):
    """So many of something. `view`: the HTML report's filters that show them, as a URL fragment."""

    number: int
    text: str
    tone: Tone
    view: str

    def __str__(self) -> str:
        return f"{self.number:,} {self.text}"


_PLAN: tuple[_Words, ...] = (
    ("deactivate User", "danger", "person loses all access", "people lose all access", "kind=deactivate&type=User"),
    ("deactivate Group", "danger", "group is emptied", "groups are emptied", "kind=deactivate&type=Group"),
    ("remove User", "caution", "person loses memberships", "people lose memberships", "change=lose&type=User"),
    ("remove Group", "caution", "group leaves others", "groups leave others", "change=lose&type=Group"),
    ("manager", "caution", "manager changes", "managers change", "attribute=manager"),
    ("roles", "caution", "person gets other roles", "people get other roles", "attribute=roles"),
    ("renamed", "caution", "person is renamed", "people are renamed", "attribute=userName"),
    ("create User", "good", "person is new", "people are new", "kind=create&type=User"),
    ("reactivate User", "good", "person comes back", "people come back", "kind=reactivate"),
    ("add User", "good", "person gains memberships", "people gain memberships", "change=gain&type=User"),
    ("add Group", "good", "group joins others", "groups join others", "change=gain&type=Group"),
    ("create Group", "good", "group is new", "groups are new", "kind=create&type=Group"),
    ("other User", "plain", "person changes otherwise", "people change otherwise", "kind=update&type=User"),
    ("other Group", "plain", "group changes otherwise", "groups change otherwise", "kind=update&type=Group"),
)
_DRIFT: tuple[_Words, ...] = (
    (
        "deactivate User",
        "danger",
        "person has access that the manifests do not give",
        "people have access that the manifests do not give",
        "kind=deactivate&type=User",
    ),
    (
        "deactivate Group",
        "danger",
        "group has members that the manifests do not give it",
        "groups have members that the manifests do not give them",
        "kind=deactivate&type=Group",
    ),
    (
        "remove User",
        "danger",
        "person is in groups in 4me only",
        "people are in groups in 4me only",
        "change=lose&type=User",
    ),
    ("remove Group", "danger", "group is in others in 4me only", "groups are in others in 4me only", "change=lose"),
    ("manager", "caution", "manager differs", "managers differ", "attribute=manager"),
    ("roles", "caution", "person has other roles", "people have other roles", "attribute=roles"),
    ("renamed", "caution", "person has another user name", "people have another user name", "attribute=userName"),
    ("create User", "caution", "person is missing", "people are missing", "kind=create&type=User"),
    ("reactivate User", "caution", "person is inactive", "people are inactive", "kind=reactivate"),
    ("add User", "caution", "person lacks memberships", "people lack memberships", "change=gain&type=User"),
    ("add Group", "caution", "group is missing in others", "groups are missing in others", "change=gain&type=Group"),
    ("create Group", "caution", "group is missing", "groups are missing", "kind=create&type=Group"),
    ("other User", "plain", "person differs otherwise", "people differ otherwise", "kind=update&type=User"),
    ("other Group", "plain", "group differs otherwise", "groups differ otherwise", "kind=update&type=Group"),
)
_CONFLICTS: tuple[_Words, ...] = (
    ("conflict", "danger", "resource is in conflict", "resources are in conflict", "verdict=conflict"),
)
_QUIET: tuple[_Words, ...] = (
    ("pending", "plain", "resource waits to be applied", "resources wait to be applied", "verdict=pending"),
    ("tolerated", "plain", "resource differs as tolerated", "resources differ as tolerated", "verdict=tolerated"),
)
_DIFF: tuple[_Words, ...] = (
    ("leaves", "danger", "person loses all access", "people lose all access", "kind=leave&type=User"),
    (
        "leaving_managers",
        "danger",
        "manager leaves who still has reports",
        "managers leave who still have reports",
        "q=still+manages",
    ),
    ("left_without_group", "danger", "person is left in no group", "people are left in no group", "kind=groupless"),
    ("groups_emptied", "danger", "group is emptied", "groups are emptied", "kind=emptied"),
    ("groups_leave", "danger", "group is no longer declared", "groups are no longer declared", "kind=leave&type=Group"),
    (
        "new_identities",
        "danger",
        "name goes to another identity",
        "names go to other identities",
        "attribute=externalId",
    ),
    ("losing", "caution", "person loses memberships", "people lose memberships", "change=lose&type=User"),
    ("new_managers", "caution", "manager changes", "managers change", "attribute=manager"),
    ("renamed", "caution", "person is renamed", "people are renamed", "q=was+named"),
    ("groups_renamed", "caution", "group is renamed", "groups are renamed", "q=was+named&type=Group"),
    ("policies", "caution", "rule changes", "rules change", "type=Policy"),
    ("joins", "good", "person is new", "people are new", "kind=join&type=User"),
    ("returns", "good", "person comes back", "people come back", "kind=return"),
    ("gaining", "good", "person gains memberships", "people gain memberships", "change=gain&type=User"),
    ("groups_join", "good", "group is new", "groups are new", "kind=join&type=Group"),
    ("attributes", "plain", "person has other attributes", "people have other attributes", "kind=update&type=User"),
)


def plan_facts(plan: Plan) -> tuple[Fact, ...]:
    """What applying the plan does to people's access."""
    return _told(_count(plan.actions), _PLAN)


def drift_facts(drift: Drift) -> tuple[Fact, ...]:
    """How 4me's access differs from the manifests, and how much of that somebody tolerates or waits to be applied."""
    told = _told(_count(drift.of(DriftKind.DRIFT, DriftKind.CONFLICT, DriftKind.UNKNOWN)), _DRIFT)
    counts = {kind.value: count for kind, count in drift.counts().items()}
    return (*_told(counts, _CONFLICTS), *told, *_told(counts, _QUIET))


def diff_facts(diff: AccessDiff) -> tuple[Fact, ...]:
    """What a change to the manifests does to people's access."""
    summary = diff.summary
    counts = {name: getattr(summary, name) for name in summary.__slots__}
    leaving = {each.who for each in diff.people if each.transition == "leave"}
    arriving = {each.who for each in diff.people if each.transition in ("join", "return")}
    lost = [
        each
        for person in diff.people
        if person.who not in leaving
        for each in person.memberships
        if each.lost and each.sure
    ]
    staying = (person for person in diff.people if person.who not in arriving)
    gained = [each for person in staying for each in person.memberships if each.gained]
    counts |= {
        "losing": len({each.person for each in lost}),
        "gaining": len({each.person for each in gained}),
        "policies": len(diff.policies),
    }
    return _told(counts, _DIFF)


def impact(plan: Plan) -> str:
    """What applying the plan does to people's access, in a sentence's worth of words."""
    return tell(plan_facts(plan))


def tell(facts: Sequence[Fact]) -> str:
    """The facts as a sentence's worth of words."""
    return ", ".join(map(str, facts)) or "nothing changes"


def _told(counts: dict[str, int], words: Iterable[_Words]) -> tuple[Fact, ...]:
    return tuple(
        Fact(count, one if count == 1 else many, tone, view)
        for name, tone, one, many, view in words
        if (count := counts.get(name, 0))
    )


def _count(actions: Sequence[Action]) -> dict[str, int]:
    counts = Counter(f"{each.kind.value} {each.type.value}" for each in actions)
    told = {_who(each) for each in actions if each.kind is not ActionKind.UPDATE}
    for name, member in _moved(actions, told):
        counts[f"{name} {member.type.value}"] += 1
    for each in actions:
        if each.type is ResourceType.USER and each.kind in (ActionKind.UPDATE, ActionKind.REACTIVATE):
            paths = {change.path for change in each.changes}
            counts["manager"] += MANAGER in paths
            counts["roles"] += "roles" in paths
            counts["renamed"] += "userName" in paths
        if each.kind is ActionKind.UPDATE and each.changes:
            telling = {MANAGER, "roles", "userName"} & {change.path for change in each.changes}
            counts[f"other {each.type.value}"] += not telling
    return counts


def _moved(actions: Sequence[Action], told: set[tuple[ResourceType, str]]) -> Iterable[tuple[str, Member]]:
    """Who gains and who loses memberships, each once, but those of whom the plan tells more than that anyway."""
    for name, members in (
        ("add", {member for each in actions for member in each.members.add}),
        ("remove", {member for each in actions for member in each.members.remove}),
    ):
        yield from ((name, member) for member in members if (member.type, member.name) not in told)


def _who(action: Action) -> tuple[ResourceType, str]:
    return action.type, action.key
