"""The laws of undoing: an apply and its undo leave all that was there before as it was; an undo of the undo leaves
all as the apply did; nothing is ever deleted; a plan only reads."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.report.plan_json import parse_plan_json, render_plan_json
from reconciler.sandbox.messages import Request
from reconciler.undo import undo
from tests.laws.test_laws import NAMES, converge, organisations
from tests.services import options, service, write

if TYPE_CHECKING:
    from reconciler.planning import Planned
    from reconciler.sandbox import Sandbox


def state_of(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Every user and group as the service shows it, by id, without times and in one order."""
    rows: dict[str, dict[str, Any]] = {}
    for kind in ("Users", "Groups"):
        listed = _get(sandbox, kind)
        assert listed["totalResults"] == len(listed.get("Resources", ()))
        for each in listed.get("Resources", ()):
            row = _get(sandbox, f"{kind}/{each['id']}")
            rows[f"{kind} {row['id']}"] = _settled(row)
    return rows


def _get(sandbox: Sandbox, path: str) -> dict[str, Any]:
    response = sandbox.handle(Request("GET", f"/scim/v2/{path}", "", {}, b""))
    assert response.status == HTTPStatus.OK
    found: dict[str, Any] = json.loads(response.body)
    return found


def _settled(row: dict[str, Any]) -> dict[str, Any]:
    """Without times, without what has no value, and without an order where there is none."""
    kept = {}
    for name, value in row.items():
        found = value
        if isinstance(value, list):
            found = sorted(json.dumps(each, sort_keys=True) for each in value)
        elif isinstance(value, dict):
            found = _settled(value)
        if name != "meta" and found not in ("", [], {}, None):
            kept[name] = found
    return kept


def rename(organisation: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The same people under other names; their externalIds stay."""
    text = json.dumps(organisation)
    for name in names:
        text = text.replace(f'"{name}"', f'"new.{name}"')
    found: dict[str, Any] = json.loads(text)
    return found


def undo_last(folder: Path) -> Planned:
    """Plan it, save it, and carry out what was saved."""
    planned = undo(options(folder), "last")
    saved = parse_plan_json(render_plan_json(planned.plan))
    applied = run.apply(options(folder), run.ApplyOptions(saved))
    assert {outcome.status.value for outcome in applied.outcomes} <= {"done"}
    assert (applied.unapproved, applied.outdated) == ((), ())
    return planned


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@given(before=organisations(), after=organisations(), renamed=st.sets(st.sampled_from(NAMES), max_size=3))
@settings(max_examples=10)
def test_an_apply_and_its_undo_leave_what_was_there_as_it_was(
    dialect: str, before: dict[str, Any], after: dict[str, Any], renamed: set[str]
) -> None:
    after = rename(after, renamed)
    with TemporaryDirectory() as name, service() as (sandbox, url):
        folder = Path(name)
        write(folder / "manifests", before, url, dialect)
        converge(folder)
        then = state_of(sandbox)
        write(folder / "manifests", after, url, dialect)
        planned, applied = converge(folder)
        if not applied.outcomes:
            return
        there = state_of(sandbox)
        written = len(sandbox.requests)
        undone = undo(options(folder), "last")
        assert {each.method for each in sandbox.requests[written:]} <= {"GET"}
        assert undone.plan.undoes
        undo_last(folder)
        now = state_of(sandbox)
        assert {name: now[name] for name in then} == then
        new = [now[name] for name in now.keys() - then.keys()]
        assert [row for row in new if row.get("active") is True or row.get("members")] == []
        assert len(undone.plan.actions) <= len(planned.plan.actions)
        undo_last(folder)
        assert state_of(sandbox) == there
        assert "DELETE" not in {each.method for each in sandbox.requests}
