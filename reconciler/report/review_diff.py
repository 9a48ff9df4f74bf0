"""What a change to the manifests does to people's access, as a review: per person, per group, and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.access import Transition
from reconciler.core.model import ResourceType
from reconciler.report.impact import diff_facts
from reconciler.report.review import Line, Membership, Review, Row, Section
from reconciler.report.words import PUBLIC, is_hidden, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.access import (
        AccessDiff,
        AttributeChange,
        GroupChange,
        MembershipChange,
        PersonChange,
        PolicyChange,
        Side,
        Via,
        Who,
    )
    from reconciler.report.review import Sign

_USERS = {
    "leave": Section("leave", "User", "-", "leaves", "People who lose all access", "danger"),
    "groupless": Section("groupless", "User", "-", "in no group", "People who are left in no group", "danger"),
    "join": Section("join", "User", "+", "new", "New people", "good"),
    "return": Section("return", "User", "↻", "comes back", "People who come back", "good"),
    "update": Section("update", "User", "~", "changes", "People who change"),
    "membership": Section("membership", "User", "±", "memberships", "People of whom only memberships change"),
    "inactive": Section("inactive", "User", "·", "inactive", "People declared without access, before or now"),
}
_GROUPS = {
    "leave": Section("leave", "Group", "-", "leaves", "Groups that are no longer declared", "danger"),
    "emptied": Section("emptied", "Group", "-", "emptied", "Groups that are emptied", "danger"),
    "join": Section("join", "Group", "+", "new", "New groups", "good"),
    "update": Section("update", "Group", "~", "changes", "Groups that change"),
}
_POLICY = Section("rule", "Policy", "~", "rule", "Rules that change", "caution")
_MANAGED = {"create": "at creation only", "empty": "only where 4me has none", "always": "", "no": ""}
_MEMBERS = {
    "authoritative": "the declared ones and no others",
    "additive": "the declared ones, and others may stay",
    "unmanaged": "not managed",
    "undeclared": "not declared",
}


def diff_review(diff: AccessDiff) -> Review:
    """Worst first: who loses access, groups that are emptied, then all else."""
    rows = (
        *(_person_row(each, diff) for each in diff.people),
        *(_group_row(each, diff) for each in diff.groups),
        *_policy_rows(diff.policies),
    )
    summary = diff.summary
    return Review(
        heading="Access changes from",
        subject=f"{diff.base.name} to {diff.head.name}",
        facts=diff_facts(diff),
        numbers=f"memberships with those through groups: {summary.gains:,} gained, {summary.losses:,} lost;"
        f" declared directly: {summary.direct_added:,} added, {summary.direct_removed:,} removed",
        nothing="No effective change: nobody gains or loses anything.",
        rows=rows,
        sections=(*_USERS.values(), *_GROUPS.values(), _POLICY),
        legend="before → after; memberships: + gained, − lost, ~ had another way",
        warnings=diff.notes,
        about=(
            *((("Audience", PUBLIC),) if diff.public else ()),
            ("Before", _side(diff.base)),
            ("After", _side(diff.head)),
        ),
        again=f"reconciler diff {diff.base.name}",
    )


def _side(side: Side) -> str:
    return f"{side.name} ({side.commit or 'files'}): {side.users} users, {side.groups} groups"


def _person_row(person: PersonChange, diff: AccessDiff) -> Row:
    reports = f"still manages {', '.join(each.key for each in person.reports)}" if person.reports else ""
    counts = f"groups: {person.groups_before} → {person.groups_after}" if person.memberships else ""
    is_new = person.transition in (Transition.JOIN, Transition.INACTIVE)
    return Row(
        _person_section(person),
        person.who.key,
        tuple(_line(each, is_new=is_new) for each in person.attributes),
        tuple(_membership(each, each.group) for each in person.memberships),
        person.after or person.before,
        _reasons(person.reason, _renamed(person.who), reports, counts, _adopted(adopts=person.adopts)),
        (diff.head if person.after else diff.base).commit,
    )


def _group_row(group: GroupChange, diff: AccessDiff) -> Row:
    shown = {each.person for each in group.memberships}
    sides: tuple[tuple[Sign, tuple[Who, ...]], ...] = (("+", group.add), ("-", group.remove))
    members = (
        *(_membership(each, each.person) for each in group.memberships),
        *(Membership(sign, *_direct(who)) for sign, side in sides for who in side if who not in shown),
    )
    counts = f"people: {group.people_before} → {group.people_after}" if group.memberships else ""
    managed = ""
    if group.membership_before != group.membership_after and group.transition is Transition.STAY:
        managed = f"members: {_MEMBERS[group.membership_before]} before, {_MEMBERS[group.membership_after]} now"
    return Row(
        _group_section(group),
        group.who.key,
        tuple(_line(each, is_new=group.transition is Transition.JOIN) for each in group.attributes),
        members,
        group.after or group.before,
        _reasons(group.reason, _renamed(group.who), managed, counts, _adopted(adopts=group.adopts)),
        (diff.head if group.after else diff.base).commit,
    )


def _policy_rows(policies: tuple[PolicyChange, ...]) -> Iterator[Row]:
    by_subject: dict[str, list[Line]] = {}
    for each in policies:
        line = Line(each.name, each.before or "(none)", each.after or "(none)")
        by_subject.setdefault(each.subject, []).append(line)
    for subject, lines in by_subject.items():
        yield Row(_POLICY, subject, tuple(lines))


def _person_section(person: PersonChange) -> Section:
    if person.transition in (Transition.INACTIVE, Transition.DROPPED):
        return _USERS["inactive"]
    if person.transition is not Transition.STAY:
        return _USERS[person.transition.value]
    if person.left_without_group:
        return _USERS["groupless"]
    return _USERS["update" if person.attributes or person.adopts or person.who.was else "membership"]


def _group_section(group: GroupChange) -> Section:
    if group.emptied:
        return _GROUPS["emptied"]
    return _GROUPS.get(group.transition.value, _GROUPS["update"])


def _line(change: AttributeChange, *, is_new: bool) -> Line:
    is_new = is_new or (change.managed_before != "no" and is_hidden(change.before, change.after))
    before = None if is_new else show_value(change.before) if change.managed_before != "no" else "(not managed)"
    after = "(no longer managed, 4me keeps it)" if change.no_longer_managed else show_value(change.after)
    return Line(show_path(change.path), before, after, _MANAGED[change.managed_after])


def _membership(change: MembershipChange, other: Who) -> Membership:
    """One side's view of an effective membership: the group of a person, or the person of a group."""
    if change.lost:
        note = _reasons(_through(change.before), "" if change.sure else "4me keeps it")
        return Membership("-", other.key, note)
    if change.gained:
        note = _reasons(_through(change.after), "" if change.sure else "perhaps there already")
        return Membership("+", other.key, note)
    return Membership(
        "~", other.key, f"{_through(change.before) or 'directly'} → {_through(change.after) or 'directly'}"
    )


def _direct(who: Who) -> tuple[str, str]:
    if who.type is ResourceType.GROUP:
        return f"{who.key} (group)", ""
    return who.key, "declared, without effect"


def _through(via: Via | None) -> str:
    return f"through {' in '.join(via)}" if via else ""


def _renamed(who: Who) -> str:
    return f"was named {who.was}" if who.was else ""


def _adopted(*, adopts: bool) -> str:
    return "takes over what 4me has under this name (adopt)" if adopts else ""


def _reasons(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))
