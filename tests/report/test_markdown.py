"""Markdown as GitHub's readers get it: rendered by a CommonMark parser, at every size, whatever names hold."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.core.plan_model import Change, Guard
from reconciler.report.links import Links
from reconciler.report.markdown import LADDER, LIMIT, render_markdown, render_whole
from reconciler.report.review_plan import plan_review
from reconciler.report.words import safe
from tests.builders import action, group, plan, user
from tests.report.examples import CREATE, DEACTIVATE, EVERYTHING, HOSTILE, PLANS, UPDATE, evil

if TYPE_CHECKING:
    from reconciler.core.plan_model import Action, Plan

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINKS = Links("https://github.com/widget/access", "abc", "manifests", artifact="https://github.com/widget/runs/7")
VOID = {"br", "wbr", "hr"}


class Page(HTMLParser):
    """The rendered comment: its tags, whether they are balanced, the texts of its codes, and where its links go."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.codes: list[str] = []
        self.loose: list[str] = []
        self.targets: list[str] = []
        self._open: list[str] = []
        self.feed(PARSER.render(markdown))
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":
            self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href", "open"}
        if tag == "code":
            self.codes.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self.codes[-1] += data
        else:
            self.loose.append(data)


def tables_are_whole(text: str) -> bool:
    """Whether each table has a head, its line, and as many cells in each row, and ends with an empty line."""
    for is_table, block in groupby(text.split("\n"), lambda line: line.startswith("|")):
        if is_table:
            rows = [line.count("|") for line in block]
            if len(rows) < 2 or len(set(rows)) != 1:
                return False
    after = [below for line, below in pairwise(text.split("\n")) if line.startswith("|") and not below.startswith("|")]
    return all(line == "" for line in after)


def many(number: int, text: str) -> Plan:
    """So many changes of each kind, with long values."""
    actions: list[Action] = []
    for index in range(number):
        who, where = user(f"{text}{index}"), group(f"{text}{index}")
        actions += [
            action(DEACTIVATE, who, Change("active", before=True, after=False)),
            action(UPDATE, user(f"u{index}"), Change("title", text, text * 2), line=index + 1),
            action(CREATE, user(f"{text}.{index}"), Change("title", None, text), line=index + 1),
            action(DEACTIVATE, group(f"{text}.{index}"), remove=[who]),
            action(UPDATE, where, add=[user(f"m{index}.{each}") for each in range(index % 30)], remove=[who], line=7),
        ]
    guards = tuple(Guard(text, number, 1, breached=True) for _ in range(min(number, 50)))
    return plan(*actions, guards=guards, warnings=tuple(f"{text} {index}" for index in range(number)))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("links", [Links(), LINKS], ids=["plain", "linked"])
def test_hostile_names_are_text(name: str, links: Links) -> None:
    page = Page(render_markdown(plan_review(evil(name)), links))
    ordinary = Page(render_markdown(plan_review(evil("x")), links))
    assert page.tags == ordinary.tags
    assert page.targets == ordinary.targets
    assert page.loose == ordinary.loose
    assert safe(name).strip() in [each.strip() for each in page.codes]


@pytest.mark.parametrize("depth", LADDER, ids=range(len(LADDER)))
@given(PLANS)
def test_every_depth_is_well_formed(depth: object, example: Plan) -> None:
    text = render_whole(plan_review(example), next(each for each in LADDER if each is depth), LINKS)
    assert tables_are_whole(text)
    Page(text)


@given(PLANS, st.integers(0, 200))
def test_any_plan_fits(example: Plan, times: int) -> None:
    actions = example.actions * times
    text = render_markdown(plan_review(plan(*actions, warnings=example.warnings * times)), LINKS)
    assert len(text.encode()) < LIMIT
    assert len(text) < LIMIT
    assert tables_are_whole(text)
    assert text.count("<details") == text.count("</details>")


@pytest.mark.parametrize("text", ["x", "日本語" * 40, "\U0001f600|" * 60, "\u202e" * 300, "@" * 5000])
@pytest.mark.parametrize("number", [1, 40, 900])
def test_large_plans_fit(text: str, number: int) -> None:
    comment = render_markdown(plan_review(many(number, text)), LINKS)
    assert len(comment.encode()) < LIMIT
    assert tables_are_whole(comment)
    Page(comment)


@pytest.mark.parametrize(
    ("number", "tail"),
    [
        (2, None),
        (100, "values of what changes, and tables after 200 rows"),
        (400, "values of what changes, and tables after 25 rows"),
    ],
)
def test_the_end_says_what_is_left_out(number: int, tail: str | None) -> None:
    text = render_markdown(plan_review(many(number, "x" * 30)), LINKS)
    told = re.findall(r"\*\*Left out here:\*\* (.+?)\. All of it: \[the whole report\]\(https://(\S+)\)\.", text)
    assert told == ([(tail, "github.com/widget/runs/7")] if tail else [])
    assert ("[the whole report]" in text or "[The whole report]" in text) is True


def test_every_rung_is_taken() -> None:
    found = Counter[str]()
    crowd = action(UPDATE, group("Everybody"), add=[user(f"u{number}") for number in range(2000)])
    examples = (many(1, "x"), plan(crowd), many(150, "x"), many(400, "x"), many(900, "@" * 900))
    for example in examples:
        comment = render_markdown(plan_review(example))
        told = re.search(r"Left out here:\*\* (.+?)\. All of it", comment)
        found[told[1] if told else ""] += 1
    assert set(found) == {depth.left_out for depth in LADDER}


def test_who_loses_access_is_named_as_long_as_it_can_be() -> None:
    gone = [action(DEACTIVATE, user(f"x{number}")) for number in range(220)]
    changed = [action(UPDATE, user(f"y{number}"), Change("title", "a", "b" * 90)) for number in range(900)]
    text = render_markdown(plan_review(plan(*gone, *changed)))
    assert "<details open><summary>People who lose all access (220)</summary>" in text
    assert text.index("x199") < text.index("and 20 more") < text.index("</details>")


def test_an_artefact_in_words() -> None:
    text = render_markdown(plan_review(EVERYTHING), Links(artifact="artefact `plan` of @run"))
    assert "The whole report: <code>artefact &#96;plan&#96; of &#64;<wbr>run</code>" in text
