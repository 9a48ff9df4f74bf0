"""Planning by case files: desired and live in, actions out. A new case is a YAML file, no Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from reconciler.core.guards import Limit, Policy
from reconciler.core.members import Members
from reconciler.core.model import (
    Desired,
    DesiredState,
    Live,
    LiveState,
    Member,
    Outside,
    ReadSummary,
    ResourceType,
    Source,
)
from reconciler.core.plan import PlanRequest, make_plan
from reconciler.errors import MatchError

if TYPE_CHECKING:
    from reconciler.core.plan_model import Action

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def _load(path: Path) -> list[dict[str, Any]]:
    return [dict(case) for case in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8"))]


def _members(names: list[str] | None) -> frozenset[Member] | None:
    if names is None:
        return None
    return frozenset(
        Member(ResourceType.GROUP, name[1:]) if name.startswith("@") else Member(ResourceType.USER, name)
        for name in names
    )


def _desired(kind: ResourceType, each: dict[str, Any]) -> Desired:
    special = {"key", "members", "membership", "adopt", "active", "createOnly", "onlyEmpty", "choices"}
    attributes = {name: value for name, value in each.items() if name not in special}
    attributes.setdefault("userName" if kind is ResourceType.USER else "displayName", each["key"])
    return Desired(
        kind,
        each["key"],
        attributes,
        Source("m.yaml", 1),
        active=each.get("active", True),
        create_only=frozenset(each.get("createOnly", ())),
        members=_members(each.get("members")),
        membership=each.get("membership", "authoritative"),
        adopt=each.get("adopt", False),
        only_empty=frozenset(each.get("onlyEmpty", ())),
        choices=tuple((path, tuple(candidates)) for path, candidates in each.get("choices", {}).items()),
    )


def _outside(kind: ResourceType, each: dict[str, Any]) -> Outside:
    attributes = {name: value for name, value in each.items() if name != "reason"}
    return Outside(kind, attributes, Source("m.yaml", 9), each["reason"])


def _live(kind: ResourceType, each: dict[str, Any]) -> Live:
    special = {"key", "id", "members", "active", "owned"}
    attributes = {name: value for name, value in each.items() if name not in special}
    attributes.setdefault("userName" if kind is ResourceType.USER else "displayName", each["key"])
    members = _members(each.get("members"))
    return Live(
        kind,
        str(each["id"]),
        each["key"],
        attributes,
        active=each.get("active", True),
        members=None if members is None else Members.of(members),
        owned=each.get("owned", True),
    )


def _policy(given: dict[str, Any]) -> Policy:
    return Policy(
        unlisted_users=given.get("unlistedUsers", "deactivate"),
        unlisted_groups=given.get("unlistedGroups", "deactivate"),
        protected=tuple(given.get("protected", ())),
        deactivations=Limit(number=given.get("deactivations"), percent=10),
        allow=given.get("allow", {}),
    )


def _show(action: Action) -> dict[str, Any]:
    shown: dict[str, Any] = {action.kind.value: action.key}
    if action.reason.startswith("out of scope"):
        shown |= {"reason": action.reason, "source": str(action.source)}
    if action.changes:
        shown["changes"] = {change.path: [change.before, change.after] for change in action.changes}
    if action.members.add:
        shown["add"] = [member.name for member in action.members.add]
    if action.members.remove:
        shown["remove"] = [member.name for member in action.members.remove]
    return shown


def _plan(case: dict[str, Any]) -> dict[str, Any]:
    sides = case.get("desired", {}), case.get("live", {})
    users, groups = ResourceType.USER, ResourceType.GROUP
    desired = DesiredState(
        tuple(_desired(users, each) for each in sides[0].get("users", ())),
        tuple(_desired(groups, each) for each in sides[0].get("groups", ())),
        (
            *(_outside(users, each) for each in sides[0].get("usersOutside", ())),
            *(_outside(groups, each) for each in sides[0].get("groupsOutside", ())),
        ),
    )
    live = LiveState(
        tuple(_live(users, each) for each in sides[1].get("users", ())),
        tuple(_live(groups, each) for each in sides[1].get("groups", ())),
        summary=ReadSummary(complete=case.get("complete", True)),
    )
    request = PlanRequest(
        policy=_policy(case.get("policy", {})),
        targets=frozenset(case.get("targets", ())),
        applied=case.get("applied", {}),
    )
    try:
        changeset = make_plan(desired, live, request)
    except MatchError as error:
        return {"error": error.message.splitlines()}
    found: dict[str, Any] = {"actions": [_show(action) for action in changeset.actions]}
    if changeset.warnings:
        found["warnings"] = list(changeset.warnings)
    if "counts" in case["expect"]:
        counts = changeset.summary.users
        found["counts"] = [counts.deactivate, counts.unchanged, counts.unmanaged]
    breached = [guard.name for guard in changeset.guards if guard.breached]
    if breached:
        found["breached"] = breached
    return found


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{path.stem}: {case['case']}") for path in CASES for case in _load(path)]
)
def test_plan(case: dict[str, Any]) -> None:
    assert _plan(case) == case["expect"]
