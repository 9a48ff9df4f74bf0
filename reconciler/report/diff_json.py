"""What a change does to people's access, as JSON: versioned, complete, the same bytes for the same change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.report.json_text import json_text

if TYPE_CHECKING:
    from reconciler.core.access import (
        AccessDiff,
        AttributeChange,
        GroupChange,
        MembershipChange,
        PersonChange,
        Side,
        Who,
    )
    from reconciler.core.model import Source

    Json = dict[str, object]

FORMAT_VERSION = "1.0"


def render_diff_json(diff: AccessDiff) -> str:
    """All of it; keys may be added within a major version, never changed (docs/diff.md)."""
    return json_text(diff_as_values(diff))


def diff_as_values(diff: AccessDiff) -> Json:
    """All of it as JSON values."""
    summary = diff.summary
    return {
        "formatVersion": FORMAT_VERSION,
        **({"audience": "public"} if diff.public else {}),
        "effectiveChange": bool(diff),
        "base": _side(diff.base),
        "head": _side(diff.head),
        "summary": {
            "people": {
                "join": summary.joins,
                "return": summary.returns,
                "leave": summary.leaves,
                "renamed": summary.renamed,
                "otherAttributes": summary.attributes,
                "newManager": summary.new_managers,
                "newIdentity": summary.new_identities,
                "leftWithoutGroup": summary.left_without_group,
                "leavingManagers": summary.leaving_managers,
                "gaining": summary.gaining_people,
                "losing": summary.losing_people,
            },
            "groups": {
                "join": summary.groups_join,
                "leave": summary.groups_leave,
                "renamed": summary.groups_renamed,
                "emptied": summary.groups_emptied,
                "changed": summary.groups_changed,
            },
            "memberships": {
                "gained": summary.gains,
                "lost": summary.losses,
                "unsureGained": summary.unsure_gains,
                "unsureLost": summary.unsure_losses,
                "directAdded": summary.direct_added,
                "directRemoved": summary.direct_removed,
            },
        },
        "people": [_person(each) for each in diff.people],
        "groups": [_group(each) for each in diff.groups],
        "policies": [
            {"subject": subject, "name": name, "before": before, "after": after}
            for subject, name, before, after in diff.policies
        ],
        "notes": list(diff.notes),
    }


def _side(side: Side) -> Json:
    return {
        "name": side.name,
        "commit": side.commit,
        "folder": side.folder,
        "users": side.users,
        "groups": side.groups,
    }


def _person(change: PersonChange) -> Json:
    return {
        **_common(change),
        "newIdentity": change.new_identity,
        "leftWithoutGroup": change.left_without_group,
        "groupsBefore": change.groups_before,
        "groupsAfter": change.groups_after,
        "reports": [each.key for each in change.reports],
        "memberships": [{"group": each.group.key, **_membership(each)} for each in change.memberships],
    }


def _group(change: GroupChange) -> Json:
    return {
        **_common(change),
        "membershipBefore": change.membership_before,
        "membershipAfter": change.membership_after,
        "emptied": change.emptied,
        "peopleBefore": change.people_before,
        "peopleAfter": change.people_after,
        "knownBefore": change.known_before,
        "knownAfter": change.known_after,
        "members": {"add": [_member(each) for each in change.add], "remove": [_member(each) for each in change.remove]},
        "memberships": [{"person": each.person.key, **_membership(each)} for each in change.memberships],
    }


def _common(change: PersonChange | GroupChange) -> Json:
    return {
        "key": change.who.key,
        "was": change.who.was,
        "transition": change.transition.value,
        "reason": change.reason,
        "adopts": change.adopts,
        "sources": {"before": _source(change.before), "after": _source(change.after)},
        "changes": [_attribute(each) for each in change.attributes],
    }


def _attribute(change: AttributeChange) -> Json:
    return {
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "managedBefore": change.managed_before,
        "managedAfter": change.managed_after,
    }


def _membership(change: MembershipChange) -> Json:
    """`before` and `after`: null where there is none, [] for a direct one, else the groups that it comes through."""
    kind = "gain" if change.gained else "lose" if change.lost else "move"
    before, after = (None if via is None else list(via) for via in (change.before, change.after))
    return {"change": kind, "before": before, "after": after, "sure": change.sure}


def _member(who: Who) -> Json | str:
    return {"group": who.key} if who.type is ResourceType.GROUP else who.key


def _source(source: Source | None) -> Json | None:
    return {"file": source.file, "line": source.line} if source else None
