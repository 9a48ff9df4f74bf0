"""Undoing by case files: what a run did and what 4me has now in, actions and what is told out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from reconciler.core.equivalence import Equivalence, Equivalences, Ignored
from reconciler.core.guards import Limit, Policy
from reconciler.core.members import Members
from reconciler.core.model import Live, LiveState, Member, ResourceType
from reconciler.core.plan import PlanRequest
from reconciler.core.plan_model import ActionKind, Change, MemberChanges
from reconciler.core.reversal import Ending, Later, Reversal, Step
from reconciler.core.undo import plan_undo

if TYPE_CHECKING:
    from reconciler.core.plan_model import Action

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
NAMES = {ResourceType.USER: "userName", ResourceType.GROUP: "displayName"}


def _load(path: Path) -> list[dict[str, Any]]:
    return [dict(case) for case in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8"))]


def _member(name: str) -> Member:
    return Member(ResourceType.GROUP, name[1:]) if name.startswith("@") else Member(ResourceType.USER, name)


def _live(kind: ResourceType, each: dict[str, Any]) -> Live:
    attributes = {name: value for name, value in each.items() if name not in {"key", "id", "members", "active"}}
    attributes[NAMES[kind]] = each["key"]
    members = None if each.get("members") is None else Members.of([_member(str(name)) for name in each["members"]])
    return Live(kind, str(each["id"]), each["key"], attributes, active=each.get("active", True), members=members)


def _step(each: dict[str, Any]) -> Step:
    kind, who = next((kind, each[kind.value]) for kind in ActionKind if kind.value in each)
    member = _member(who)
    sides = [tuple(sorted(map(_member, each.get(side, ())))) for side in ("add", "remove")]
    return Step(
        kind,
        member.type,
        member.name,
        str(each["id"]) if "id" in each else None,
        tuple(Change(path, *sides) for path, sides in each.get("changes", {}).items()),
        MemberChanges(*sides),
        {_member(name): str(id_) for name, id_ in each.get("ids", {}).items()},
        each.get("stored", {}),
        Ending(each.get("ending", "done")),
        told=each.get("told", True),
    )


def _told(action: Action) -> dict[str, Any]:
    mark = {ResourceType.USER: "", ResourceType.GROUP: "@"}
    told: dict[str, Any] = {action.kind.value: f"{mark[action.type]}{action.key}", "because": action.reason}
    if action.changes:
        told["changes"] = {each.path: [each.before, each.after] for each in action.changes}
    for side, members in (("add", action.members.add), ("remove", action.members.remove)):
        if members:
            told[side] = [f"{mark[each.type]}{each.name}" for each in members]
    return told


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{path.stem}: {case['case']}") for path in CASES for case in _load(path)],
)
def test_case(case: dict[str, Any]) -> None:
    live = LiveState(
        tuple(_live(ResourceType.USER, each) for each in case.get("users", ())),
        tuple(_live(ResourceType.GROUP, each) for each in case.get("groups", ())),
        {_member(name): display for name, display in case.get("displays", {}).items()},
        shows_fields=case.get("showsFields", False),
    )
    later = {
        (Member(ResourceType.USER, str(each["id"])), each["path"]): Later(each["run"], each["value"])
        for each in case.get("later", ())
    }
    moved = {
        (Member(ResourceType.GROUP, str(each["group"])), Member(ResourceType.USER, str(each["member"]))): each["run"]
        for each in case.get("moved", ())
    }
    steps = tuple(map(_step, case["run"]))
    policy = Policy(protected=tuple(case.get("protected", ())), deactivations=Limit(number=0))
    rules = Equivalences.of(
        Equivalence(ResourceType.USER, each["attribute"], tuple(map(Ignored, each["ignore"])))
        for each in case.get("equivalences", ())
    )
    request = PlanRequest(policy=policy, equivalences=rules)
    found = plan_undo(Reversal("R", steps, later, moved, case.get("unfinished", 0)), live, request)
    assert [_told(action) for action in found.actions] == case.get("actions", [])
    assert list(found.warnings) == case.get("told", [])
    assert [guard.name for guard in found.guards if guard.breached] == case.get("breached", [])
    assert {action.id for action in found.actions if action.digest} == {action.id for action in found.actions}
    assert found.summary.users.unchanged + found.summary.groups.unchanged == len(steps) - len(found.actions)
