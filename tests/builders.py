"""Plans and their parts with little ceremony; counts follow from the actions."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from reconciler.core.directory import Question
from reconciler.core.model import Member, ReadSummary, ResourceType, Source
from reconciler.core.names import Names
from reconciler.core.plan_model import (
    Action,
    ActionKind,
    Change,
    Counts,
    LiveCounts,
    ManifestSummary,
    MemberChanges,
    Plan,
    Summary,
    TenantIdentity,
)
from reconciler.core.tolerance import Tolerances
from reconciler.core.verdicts import Sides, tell_apart
from reconciler.report.text_drift import render_drift

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.directory import Identity
    from reconciler.core.drift import Drift
    from reconciler.core.model import Value
    from reconciler.core.plan_model import Guard

DIGEST = "sha256:" + "0" * 64
TIME = "2026-11-24T10:00:00Z"
DOMAIN = "@widget.example"
REASONS = {
    ActionKind.CREATE: "declared, not in 4me",
    ActionKind.UPDATE: "title differs",
    ActionKind.REACTIVATE: "inactive in 4me, declared active",
    ActionKind.DEACTIVATE: "declared nowhere",
}


def user(name: str) -> Member:
    """The user `name@widget.example` as a member."""
    return Member(ResourceType.USER, f"{name}{DOMAIN}")


def group(name: str) -> Member:
    """The group `name` as a member."""
    return Member(ResourceType.GROUP, name)


def created(**values: Value) -> tuple[Change, ...]:
    """The changes of a create, `name__givenName` for `name.givenName`."""
    return tuple(Change(path.replace("__", "."), None, after) for path, after in values.items())


def action(
    kind: ActionKind,
    who: Member,
    *changes: Change,
    add: Iterable[Member] = (),
    remove: Iterable[Member] = (),
    line: int | None = None,
) -> Action:
    """What is done to `who`, declared in `line` of users.yaml or groups.yaml."""
    file = "users.yaml" if who.type is ResourceType.USER else "groups.yaml"
    return Action(
        kind,
        who.type,
        who.name,
        None if kind is ActionKind.CREATE else "7",
        REASONS[kind],
        changes,
        MemberChanges(tuple(add), tuple(remove)),
        DIGEST,
        Source(file, line) if line else None,
    )


def plan(
    *actions: Action, guards: tuple[Guard, ...] = (), warnings: tuple[str, ...] = (), complete: bool = True
) -> Plan:
    """A plan of these actions for widget's production account."""
    return Plan(
        tool_version="1.0.0",
        created_at=TIME,
        fingerprint=DIGEST,
        tenant=TenantIdentity("production", "https://api.4me.com/scim/v2", "widget"),
        manifests=ManifestSummary(DIGEST, 812, 31),
        live=LiveCounts(830, 31, ReadSummary("scan", 66, complete, TIME)),
        summary=Summary(
            _counts(actions, ResourceType.USER, unchanged=808, unmanaged=18),
            _counts(actions, ResourceType.GROUP, unchanged=30, unmanaged=0),
            sum(len(each.members.add) for each in actions),
            sum(len(each.members.remove) for each in actions),
        ),
        actions=actions,
        guards=guards,
        warnings=warnings,
    )


def _counts(actions: Iterable[Action], resource: ResourceType, *, unchanged: int, unmanaged: int) -> Counts:
    kinds = Counter(each.kind for each in actions if each.type is resource)
    return Counts(**{kind.value: kinds[kind] for kind in ActionKind}, unchanged=unchanged, unmanaged=unmanaged)


def drift_of(found: Plan) -> Drift:
    """A plan's actions as drift, of which it is not known what was last applied."""
    names = Names({each: {} for each in ResourceType}, {each: {} for each in ResourceType}, frozenset())
    return tell_apart(found.actions, Sides({}, {}, names), None, Tolerances((), date(2026, 11, 24), {}))


def drift_text(found: Plan, *, color: bool = False, width: int = 80) -> str:
    """The same as text."""
    return render_drift(found, drift_of(found), color=color, width=width)


def asking(declared: Iterable[Identity], *, everything: bool = True, full: bool = False) -> Question:
    """A question about live state by somebody who knows at once what is declared."""
    identities = tuple(declared)
    return Question(lambda: identities, everything=everything, full=full)
