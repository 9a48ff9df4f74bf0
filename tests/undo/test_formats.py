"""A plan that undoes a run, in every format; its name in a saved plan is nothing but a name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.core.model import Source
from reconciler.core.plan_model import ActionKind, Change
from reconciler.errors import OperatorError
from reconciler.report.annotations import render_annotations
from reconciler.report.html import render_html
from reconciler.report.junit import render_junit
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_json import parse_plan_json, plan_document, render_plan_json
from reconciler.report.results import Report, plan_results
from reconciler.report.review_plan import plan_review
from reconciler.report.sarif import render_sarif
from reconciler.report.text import render_plan
from tests.builders import action, group, plan, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.plan_model import Plan

GOLDEN = Path(__file__).parent / "golden"
RUN = "20261124T101500.000001Z-1a2b3c4d"
_, UPDATE, REACTIVATE, DEACTIVATE = ActionKind
EXAMPLE = replace(
    plan(
        replace(
            action(REACTIVATE, user("peter"), Change("active", before=False, after=True)),
            reason="deactivated by that run",
        ),
        action(UPDATE, user("liam"), Change("title", "Lead", "Agent")),
        replace(
            action(DEACTIVATE, user("nina"), Change("active", before=True, after=False)),
            reason="created by that run, and nothing is ever deleted",
        ),
        action(UPDATE, group("Desk"), add=[user("peter")], remove=[user("nina")]),
        warnings=(
            f'title of {user("ann").name}: that run left "Lead", 4me now has "Chief": changed since, left alone',
        ),
    ),
    undoes=RUN,
)
EMPTY = replace(plan(), undoes=RUN)


def _report(example: Plan) -> Report:
    return Report("undo", "manifests", plan_results(example), "production", Source("tenant.yaml", 1))


FORMATS: dict[str, Callable[[Plan], str]] = {
    "undo.txt": render_plan,
    "undo.md": lambda each: render_markdown(plan_review(each)),
    "undo.html": lambda each: render_html(plan_review(each)),
    "undo.json": render_plan_json,
    "undo.xml": lambda each: render_junit(_report(each)),
    "undo.sarif": lambda each: render_sarif(_report(each)),
    "undo.github.txt": lambda each: render_annotations(_report(each)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str) -> None:
    assert FORMATS[name](EXAMPLE).rstrip("\n") == (GOLDEN / name).read_text(encoding="utf-8").rstrip("\n")


def test_nothing_to_undo_says_so() -> None:
    assert render_plan(EMPTY).splitlines()[-1] == "Nothing to undo."
    assert "Nothing to undo." in render_markdown(plan_review(EMPTY))
    assert "Nothing to undo." in render_html(plan_review(EMPTY))


def test_it_comes_back_as_it_was_and_the_run_is_sealed_with_the_rest() -> None:
    saved = parse_plan_json(render_plan_json(EXAMPLE))
    assert (saved.plan.undoes, saved.sealed) == (RUN, saved.digest)
    other = parse_plan_json(json.dumps({**saved.document, "undoes": f"{RUN}-1"}))
    assert other.sealed != other.digest


def test_a_plan_of_manifests_has_no_such_key() -> None:
    assert "undoes" not in plan_document(plan())


@pytest.mark.parametrize("name", ["", "../x", "a/b", "<script>", "x" * 101, "a\nb", 7])
def test_what_is_no_name_of_a_run_is_refused(name: object) -> None:
    with pytest.raises(OperatorError, match="not a saved plan: undoes"):
        parse_plan_json(json.dumps({**plan_document(EXAMPLE), "undoes": name}))
