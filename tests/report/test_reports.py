"""Reports of the example plan as golden files, and names that try to be more than names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.model import Member, ReadSummary, ResourceType
from reconciler.core.plan_model import Action, ActionKind, Change, Guard, MemberChanges, Outcome, OutcomeStatus, Plan
from reconciler.errors import OperatorError
from reconciler.report.html import render_html
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_json import parse_plan_json, render_plan_json
from reconciler.report.review_plan import plan_review
from reconciler.report.text import render_outcomes, render_plan
from reconciler.report.words import safe
from tests.builders import drift_text

if TYPE_CHECKING:
    from collections.abc import Callable


def render_plan_markdown(plan: Plan) -> str:
    return render_markdown(plan_review(plan))


def render_plan_html(plan: Plan) -> str:
    return render_html(plan_review(plan))


EXAMPLE = Path(__file__).parents[2] / "manifests"
GOLDEN = Path(__file__).parent / "golden"
DIGEST = "sha256:" + "0" * 64
HOSTILE = "x\x1b[31m\u202e|<script>alert(1)</script>`@all`[a](http://b)\n*_#"


@pytest.fixture(name="plan", scope="module")
def _plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    found = run.plan(run.PlanOptions(EXAMPLE, tmp_path_factory.mktemp("state"))).plan
    live = replace(found.live, summary=ReadSummary("scan", 7, complete=True, read_at="2026-11-24T10:00:00Z"))
    breached = Guard("deactivations", 57, 50, breached=True)
    return replace(found, created_at="2026-11-24T10:00:00Z", live=live, guards=(breached, found.guards[1]))


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("plan.txt", render_plan),
        ("plan.color.txt", lambda plan: render_plan(plan, color=True)),
        ("drift.txt", drift_text),
        ("plan.md", render_plan_markdown),
        ("plan.html", render_plan_html),
        ("plan.json", render_plan_json),
    ],
)
def test_golden(plan: Plan, name: str, render: Callable[[Plan], str]) -> None:
    assert render(plan).rstrip("\n") == (GOLDEN / name).read_text(encoding="utf-8").rstrip("\n")


def test_text_fits_eighty_columns(plan: Plan) -> None:
    assert [line for line in render_plan(plan).splitlines() if len(line) > 80] == []


def hostile(plan: Plan, name: str) -> Plan:
    action = Action(
        ActionKind.UPDATE,
        ResourceType.GROUP,
        name,
        "1",
        name,
        (Change(name, name, name),),
        MemberChanges((Member(ResourceType.USER, name),)),
        DIGEST,
    )
    return replace(plan, actions=(action,), warnings=(name,))


def test_hostile_names_do_nothing(plan: Plan) -> None:
    evil = hostile(plan, HOSTILE)
    for text in (render_plan(evil), render_plan_markdown(evil), render_plan_html(evil)):
        assert not {"\x1b", "\u202e"} & set(text)
    assert "<script>alert" not in render_plan_html(evil) + render_plan_markdown(evil)
    rows = [line for line in render_plan_markdown(evil).splitlines() if line.startswith("| <code>")]
    assert [row.count("|") for row in rows] == [3, 4]
    assert not {"@", "`", "["} & set(rows[0])


@given(st.text())
def test_safe_text_is_printable(text: str) -> None:
    assert all(each.isprintable() or each.isspace() for each in safe(text))
    assert "\n" not in safe(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_comes_back_as_it_was(name: str) -> None:
    golden = parse_plan_json((GOLDEN / "plan.json").read_text(encoding="utf-8")).plan
    text = render_plan_json(hostile(golden, name))
    assert render_plan_json(parse_plan_json(text).plan) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{",
            "not a saved plan: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        ("[]", "not a saved plan: it is no JSON object"),
        (
            '{"formatVersion": "2.0"}',
            "the plan was made by a newer version of reconciler: it has format 2.0, this version reads 1.0",
        ),
        ('{"formatVersion": "1.0"}', "not a saved plan: tool: field required"),
    ],
)
def test_what_is_no_plan_says_so(text: str, message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse_plan_json(text)
    assert caught.value.message == message


def test_outcomes(plan: Plan) -> None:
    first, second, third = plan.actions[:3]
    text = render_outcomes(
        (
            Outcome(first, OutcomeStatus.DONE, "", "9"),
            Outcome(second, OutcomeStatus.FAILED, "PATCH /Users/3: HTTP 422: Validation Failed: title is too long"),
            Outcome(third, OutcomeStatus.SKIPPED, "its manager nina.alvarez@widget.example is not in 4me"),
        )
    )
    assert text.splitlines() == [
        "  done    + User nina.alvarez@widget.example",
        "  FAILED  ↻ User omar.haddad@widget.example",
        "          PATCH /Users/3: HTTP 422: Validation Failed: title is too long",
        "  skipped + User tom.becker@widget.example",
        "          its manager nina.alvarez@widget.example is not in 4me",
        "Applied: 1 of 3 done, 1 failed, 1 skipped.",
    ]


def test_members_of_a_saved_plan_are_told_apart_as_in_the_plan_itself(plan: Plan) -> None:
    assert [each.members for each in parse_plan_json(render_plan_json(plan)).plan.actions] == [
        each.members for each in plan.actions
    ]
