"""A plan as a review: people first, each with the groups that it gains and loses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from reconciler.core.guards import explain_breach
from reconciler.core.model import ResourceType
from reconciler.core.plan_model import ActionKind
from reconciler.report.impact import plan_facts
from reconciler.report.review import Line, Membership, Review, Row, Section
from reconciler.report.words import (
    PUBLIC,
    nothing_to_do,
    plan_title,
    show_before,
    show_member,
    show_path,
    show_value,
    summary_line,
    telling_changes,
    why,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.model import Member
    from reconciler.core.plan_model import Action, Plan
    from reconciler.report.review import Sign

Note: TypeAlias = "Callable[[Action, str | Member], str]"
"""What is to be said of an action's change (by its path) or of a membership; "" for nothing."""

_ACTIVE = {ActionKind.CREATE: True, ActionKind.REACTIVATE: True, ActionKind.DEACTIVATE: False}

PLAN_SECTIONS = (
    Section("deactivate", "User", "-", "deactivate", "People who lose all access", "danger"),
    Section("deactivate", "Group", "-", "empty", "Groups that are emptied", "danger"),
    Section("create", "User", "+", "create", "New people", "good"),
    Section("reactivate", "User", "↻", "reactivate", "People who come back", "good"),
    Section("update", "User", "~", "update", "People who change"),
    Section("membership", "User", "±", "memberships", "People of whom only memberships change"),
    Section("create", "Group", "+", "create", "New groups", "good"),
    Section("update", "Group", "~", "update", "Groups that change"),
)


def _no_note(_action: Action, _what: str | Member) -> str:
    return ""


def plan_review(plan: Plan) -> Review:
    """What apply would do."""
    review = Review(
        heading=plan_title(plan),
        facts=plan_facts(plan),
        nothing=nothing_to_do(plan),
        rows=tuple(rows_of(plan.actions, PLAN_SECTIONS)),
        sections=PLAN_SECTIONS,
        legend="before → after; memberships: + gained, − lost",
        again=f"reconciler undo {plan.undoes}" if plan.undoes else "reconciler plan",
    )
    return with_plan(review, plan)


def with_plan(review: Review, plan: Plan) -> Review:
    """A review with what is told of every plan: its numbers, guards and warnings, and what it rests on."""
    live, summary = plan.live, plan.live.summary
    complete = "" if summary.complete else ", INCOMPLETE"
    requests = f"{summary.requests} request{'s' * (summary.requests != 1)}"
    read = f"{live.users} users, {live.groups} groups ({summary.strategy}, {requests}{complete})"
    return replace(
        review,
        subject=plan.tenant.name,
        numbers=summary_line(plan),
        refusals=tuple(explain_breach(guard) for guard in plan.guards if guard.breached),
        guards=plan.guards,
        warnings=plan.warnings,
        about=(
            *((("Audience", PUBLIC),) if plan.public else ()),
            ("Endpoint", plan.tenant.endpoint),
            *((("Account", plan.tenant.account),) if plan.tenant.account else ()),
            ("Made", plan.created_at),
            ("4me", read),
            ("Manifests", f"{plan.manifests.users} users, {plan.manifests.groups} groups"),
            ("Fingerprint", plan.fingerprint),
        ),
    )


def rows_of(actions: Iterable[Action], sections: Sequence[Section], note: Note = _no_note) -> Iterator[Row]:
    """A row for each action, people with their groups, then people of whom only memberships change."""
    of = {(section.kind, section.type): section for section in sections}
    actions = list(actions)
    groups = _groups_of_people(actions, note)
    for action in actions:
        own = _members(action, note) if action.type is ResourceType.GROUP else groups.pop(action.key, [])
        yield _row(action, of.get((action.kind.value, action.type.value), of["update", "Group"]), own, note)
    only = of["membership", "User"]
    for key in sorted(groups):
        yield Row(only, key, memberships=tuple(groups[key]))


def _row(action: Action, section: Section, memberships: Iterable[Membership], note: Note) -> Row:
    lines = (
        Line(
            show_path(each.path),
            show_before(each, action.kind),
            show_value(each.after),
            note(action, each.path),
        )
        for each in telling_changes(action)
        if (each.path, each.after) != ("active", _ACTIVE.get(action.kind))
    )
    return Row(section, action.key, tuple(lines), tuple(memberships), action.source, why(action))


def _members(action: Action, note: Note) -> Iterator[Membership]:
    for sign, members in _sides(action):
        yield from (Membership(sign, show_member(member), note(action, member)) for member in members)


def _groups_of_people(actions: Iterable[Action], note: Note) -> dict[str, list[Membership]]:
    found: dict[str, list[Membership]] = {}
    for action in actions:
        for sign, members in _sides(action):
            for member in members:
                if member.type is ResourceType.USER:
                    found.setdefault(member.name, []).append(Membership(sign, action.key, note(action, member)))
    return found


def _sides(action: Action) -> tuple[tuple[Sign, tuple[Member, ...]], ...]:
    return ("+", action.members.add), ("-", action.members.remove)
