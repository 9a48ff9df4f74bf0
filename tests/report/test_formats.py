"""One plan with everything in it, and an empty one, in every format; and names that try to be more than names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from reconciler.core.model import ReadSummary
from reconciler.core.plan_model import Change, LiveCounts, Outcome, OutcomeStatus
from reconciler.errors import OperatorError
from reconciler.report.html import render_html
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_json import FORMAT_VERSION, parse_plan_json, plan_document, plan_schema, render_plan_json
from reconciler.report.review_plan import plan_review
from reconciler.report.text import render_outcome_line, render_outcomes, render_plan
from tests.builders import DIGEST, action, created, drift_text, group, plan, user
from tests.report.examples import (
    CHANGED,
    CREATE,
    DEACTIVATE,
    EVERYTHING,
    GONE,
    HOSTILE,
    NEW,
    PLANS,
    REGROUPED,
    UPDATE,
    evil,
    unprintable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.plan_model import Plan

GOLDEN = Path(__file__).parent / "golden" / "built"
OUTCOMES = (
    Outcome(NEW, OutcomeStatus.DONE, "", "9"),
    Outcome(CHANGED, OutcomeStatus.FAILED, "PATCH /Users/7: HTTP 422: Validation Failed: department is unknown"),
    Outcome(REGROUPED, OutcomeStatus.SKIPPED, "its member liam@widget.example failed"),
)


def render_plan_markdown(example: Plan) -> str:
    return render_markdown(plan_review(example))


def render_plan_html(example: Plan) -> str:
    return render_html(plan_review(example))


FORMATS: dict[str, Callable[[Plan], str]] = {
    "plan.txt": render_plan,
    "color.txt": lambda each: render_plan(each, color=True),
    "drift.txt": drift_text,
    "plan.md": render_plan_markdown,
    "plan.html": render_plan_html,
    "plan.json": render_plan_json,
}
ANSI = re.compile(r"\x1b\[\d+m")


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(" ".join([tag, *(name for name, _ in attrs)]))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("folder", "example"), [("", EVERYTHING), ("empty", plan())], ids=["everything", "empty"])
def test_golden(name: str, folder: str, example: Plan) -> None:
    expected = (GOLDEN / folder / name).read_bytes().decode()
    assert FORMATS[name](example).rstrip("\n") == expected.rstrip("\n")


def test_golden_outcomes() -> None:
    assert render_outcomes(OUTCOMES) == (GOLDEN / "outcomes.txt").read_text(encoding="utf-8").rstrip("\n")
    assert [render_outcome_line(each) for each in OUTCOMES] == [
        "done + User nina@widget.example",
        "failed ~ User liam@widget.example: PATCH /Users/7: HTTP 422: Validation Failed: department is unknown",
        "skipped ~ Group Service Desk: its member liam@widget.example failed",
    ]


@pytest.mark.parametrize("render", [render_plan, drift_text])
@pytest.mark.parametrize("width", [80, 100, 132])
def test_text_keeps_to_the_width(render: Callable[..., str], width: int) -> None:
    assert [line for line in render(EVERYTHING, width=width).splitlines() if len(line) > width] == []


def test_wide_characters_take_two_columns() -> None:
    change = Change("title", "営業部長" * 4, "技術部長" * 4)
    text = render_plan(plan(action(UPDATE, group("日本語"), change, line=7)))
    assert text.splitlines()[4:7] == [
        f"  ~ 日本語{' ' * 57}groups.yaml:7",
        f'      title  "{change.before}"',
        f'             → "{change.after}"',
    ]


def test_one_resource_differs() -> None:
    assert "Drift: 1 resource differs; to mend: 0 to create," in drift_text(plan(GONE))


def test_a_plan_file_cannot_steer_the_terminal() -> None:
    live = LiveCounts(1, 1, ReadSummary("\x1b[2J", 1, complete=True, read_at="\u202e"))
    steering = replace(plan(GONE), created_at="\u202e", live=live)
    for render in FORMATS.values():
        assert unprintable(ANSI.sub("", render(steering))) == []


def test_color_only_helps() -> None:
    assert ANSI.sub("", render_plan(EVERYTHING, color=True)) == render_plan(EVERYTHING)
    assert ANSI.sub("", render_outcomes(OUTCOMES, color=True)) == render_outcomes(OUTCOMES)


def test_a_new_user_that_is_not_active_says_so() -> None:
    text = render_plan(plan(action(CREATE, user("ann"), *created(userName=user("ann").name, active=False))))
    assert "      active  false" in text.splitlines()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing_in_a_terminal(name: str) -> None:
    outcome = Outcome(action(DEACTIVATE, user(name)), OutcomeStatus.FAILED, name)
    ordinary = len(render_plan(evil("x")).splitlines())
    assert unprintable(render_plan(evil(name)) + drift_text(evil(name)) + render_outcomes([outcome])) == []
    assert unprintable(render_outcome_line(outcome)) == []
    headings = [line for line in render_plan(evil(name)).splitlines() if re.match(r"  [~+-] |\S", line)]
    assert len(headings) <= ordinary


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing_in_markdown(name: str) -> None:
    text, ordinary = render_plan_markdown(evil(name)), render_plan_markdown(evil("x"))
    assert unprintable(text) == []
    assert [line.count("|") for line in text.splitlines()] == [line.count("|") for line in ordinary.splitlines()]
    assert [tag for tag in Tags(text).found if tag != "wbr"] == [tag for tag in Tags(ordinary).found if tag != "wbr"]
    codes = re.findall(r"<code>(.*?)</code>", text)
    loose = [re.sub(r"&#\d+;(<wbr>)?", "", each) for each in codes]
    assert [each for each in loose if not re.fullmatch(r"[^\W_]*([ .,/-]+[^\W_]+)*[ .,/-]*", each)] == []
    assert [each for each in codes if re.search(r"www\.|&#64;(?!<wbr>)|://", each, re.IGNORECASE)] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing_in_html(name: str) -> None:
    text, ordinary = render_plan_html(evil(name)), render_plan_html(evil("x"))
    assert unprintable(text) == []
    assert Tags(text).found == Tags(ordinary).found


def test_html_loads_nothing() -> None:
    text = render_plan_html(EVERYTHING)
    assert re.findall(r"src=|href=\"[^#]|\baction=|url\(|@import|fetch\(", text) == []
    assert "default-src 'none'" in text


@pytest.mark.parametrize("name", [*HOSTILE, "half \ud800 character"])
def test_hostile_names_are_data_in_json(name: str) -> None:
    text = render_plan_json(evil(name))
    assert unprintable(text) == []
    assert json.loads(text.encode()) == plan_document(evil(name))


@given(PLANS)
def test_json_comes_back_as_it_was(example: Plan) -> None:
    text = render_plan_json(example)
    assert render_plan_json(parse_plan_json(text).plan) == text
    assert [error.message for error in Draft202012Validator(plan_schema()).iter_errors(json.loads(text))] == []


@given(PLANS)
def test_every_plan_can_be_told(example: Plan) -> None:
    for render in (render_plan, drift_text, render_plan_markdown, render_plan_html):
        assert unprintable(render(example)) == []


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(plan_schema())


def changed(**values: object) -> str:
    return json.dumps(plan_document(EVERYTHING) | values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[" * 100_000, "nested too deeply"),
        ("null", "it is no JSON object"),
        ("{}", "formatVersion: field required"),
        (changed(tool={"version": "1"}), "tool.name: field required"),
        (changed(created_at="x"), "created_at: extra inputs are not permitted"),
        (
            changed(summary=plan_document(EVERYTHING)["summary"] | {"memberships": {"add": "3", "remove": 0}}),
            "summary.memberships.add: input should be a valid integer",
        ),
        (
            changed(actions=[plan_document(EVERYTHING)["actions"][0] | {"action": "delete"}]),
            "actions.0.action: input should be 'create', 'update', 'reactivate' or 'deactivate'",
        ),
        (changed(**{"\x1b[2J": 1}), "\\x1b[2J: extra inputs are not permitted"),
        (changed(formatVersion=1), "formatVersion: input should be a valid string"),
        (changed(fingerprint=DIGEST[:-1]), "fingerprint: string should match pattern '^sha256:[0-9a-f]{64}$'"),
        (changed(actions={}), "actions: input should be a valid list"),
        (changed(tenant="production"), "tenant: not an object"),
        (changed(extra=1), "extra: extra inputs are not permitted"),
        (
            changed(guards=[{"name": "deactivations", "count": -1, "limit": 5, "breached": False}]),
            "guards.0.count: input should be greater than or equal to 0",
        ),
    ],
)
def test_what_is_no_plan_says_so(text: str, message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse_plan_json(text)
    assert caught.value.message == f"not a saved plan: {message}"
    assert caught.value.hint == "save one with: reconciler plan --out FILE"


def test_a_plan_of_another_format_says_which() -> None:
    with pytest.raises(OperatorError) as caught:
        parse_plan_json(changed(formatVersion="2.3"))
    assert caught.value.message == (
        f"the plan was made by a newer version of reconciler: it has format 2.3, this version reads {FORMAT_VERSION}"
    )
