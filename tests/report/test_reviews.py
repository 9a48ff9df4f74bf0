"""Drift and diff as reviews: all verdicts and transitions, in golden files; and hostile names in each field."""

from __future__ import annotations

from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.core.access import (
    AccessDiff,
    AccessSummary,
    AttributeChange,
    GroupChange,
    MembershipChange,
    PersonChange,
    PolicyChange,
    Side,
    Transition,
    Who,
)
from reconciler.core.drift import Drift, DriftKind, Judged, Origin, Verdict
from reconciler.core.model import ResourceType, Source
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import Change
from reconciler.core.tolerance import Tolerance
from reconciler.report.html import render_html
from reconciler.report.links import Links
from reconciler.report.markdown import render_markdown
from reconciler.report.review_diff import diff_review
from reconciler.report.review_drift import drift_review
from tests.builders import action, group, plan, user
from tests.report.examples import HOSTILE, UPDATE, unprintable
from tests.report.test_markdown import Page, tables_are_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.report.review import Review

GOLDEN = Path(__file__).parent / "golden" / "reviews"
LINKS = Links("https://github.com/widget/access", "abc", "manifests", artifact="https://github.com/widget/runs/7")


def told_apart(name: str) -> Review:
    """One of each verdict on attributes and memberships; `name` wherever somebody may write something."""
    rule = Tolerance(ResourceType.USER, ("*",), name, name, date(2026, 12, 24))
    title = action(UPDATE, user(name), *(Change(f"x{each}", name, "new") for each in DriftKind), line=3)
    member = action(UPDATE, group(name), add=[user("ann"), user("bob")], remove=[user("cid"), group("Desk")], line=4)
    drift = Drift(
        (
            Judged(title, tuple(Verdict(kind, name, rule) for kind in DriftKind)),
            Judged(
                member,
                (),
                (Verdict(DriftKind.DRIFT), Verdict(DriftKind.PENDING)),
                (Verdict(DriftKind.TOLERATED, None, rule), Verdict(DriftKind.DRIFT)),
            ),
        ),
        Origin("revision", name),
        (name,),
    )
    return drift_review(plan(title, member, warnings=(name,)), drift)


def everything_changed(name: str) -> Review:
    """One of each transition; `name` wherever somebody may write something."""
    people = {each: Who(ResourceType.USER, f"{each.value} {name}") for each in Transition}
    desk, team = Who(ResourceType.GROUP, f"Desk {name}", f"Old {name}"), Who(ResourceType.GROUP, f"Team {name}")
    ann, bob = Who(ResourceType.USER, f"ann {name}", f"anna {name}"), Who(ResourceType.USER, f"bob {name}")
    place, gone = Source("users.yaml", 7), Source("old.yaml", 9)
    memberships = (
        MembershipChange(ann, desk, (), None),
        MembershipChange(ann, team, ("Sub",), None, sure=False),
        MembershipChange(bob, desk, None, ("Inner", name), sure=False),
        MembershipChange(bob, team, (), ("Sub",)),
    )
    changes = (
        AttributeChange("title", name, "Lead"),
        AttributeChange(MANAGER, name, None, managed_after="no"),
        AttributeChange("locale", None, name, "no", "create"),
        AttributeChange("timezone", None, name, "empty", "empty"),
    )
    diff = AccessDiff(
        Side(f"main {name}", "base123"),
        Side("HEAD", "head456"),
        (
            *(
                PersonChange(who, transition, f"because {name}", before=gone, adopts=True)
                for transition, who in people.items()
                if transition is not Transition.STAY
            ),
            PersonChange(ann, attributes=changes, memberships=memberships[:1], groups_before=1, after=place),
            PersonChange(
                bob, memberships=memberships[2:], groups_before=1, groups_after=2, reports=(ann,), after=place
            ),
        ),
        (
            GroupChange(desk, memberships=memberships[:1], people_before=1, after=place),
            GroupChange(team, Transition.LEAVE, name, memberships=memberships[1:2], people_before=1, before=gone),
            GroupChange(
                Who(ResourceType.GROUP, "New"), Transition.JOIN, add=(bob, desk), remove=(people[Transition.INACTIVE],)
            ),
            GroupChange(Who(ResourceType.GROUP, "Mode"), membership_after="additive", attributes=changes[:1]),
        ),
        (PolicyChange(f"tenant {name}", "unlisted", "report", None), PolicyChange(f"tenant {name}", name, None, name)),
        (name,),
        AccessSummary(joins=1, returns=1, leaves=1, left_without_group=1, groups_emptied=1, groups_leave=1, renamed=1),
    )
    return diff_review(diff)


REVIEWS = {"drift": told_apart, "diff": everything_changed}


@pytest.mark.parametrize("name", REVIEWS)
@pytest.mark.parametrize(("ending", "render"), [("md", render_markdown), ("html", render_html)], ids=["md", "html"])
def test_golden(name: str, ending: str, render: Callable[[Review, Links], str]) -> None:
    text = render(REVIEWS[name]("x"), LINKS)
    assert text == (GOLDEN / f"{name}.{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("make", REVIEWS.values(), ids=REVIEWS)
def test_hostile_names_are_text(make: Callable[[str], Review], name: str) -> None:
    text = render_markdown(make(name), LINKS)
    page, ordinary = Page(text), Page(render_markdown(make("x"), LINKS))
    assert tables_are_whole(text)
    assert (page.tags, page.targets, page.loose) == (ordinary.tags, ordinary.targets, ordinary.loose)
    shown = render_html(make(name), LINKS)
    assert unprintable(text) + unprintable(shown) == []
    assert tags(shown) == tags(render_html(make("x"), LINKS))


def tags(page: str) -> list[str]:
    """The tags of a page and the names of their attributes."""
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(" ".join([tag, *(name for name, _ in attrs)]))

    Tags().feed(page)
    return found


def test_what_nobody_loses_is_said_so() -> None:
    person = PersonChange(Who(ResourceType.USER, "ann"), Transition.DROPPED)
    diff = AccessDiff(Side("main", "a"), Side("HEAD", "b"), (person,))
    assert "\n\nNobody gains or loses access.\n" in render_markdown(diff_review(diff))
    nothing = AccessDiff(Side("main", "a"), Side("HEAD", "b"))
    assert "\n\nNo effective change: nobody gains or loses anything.\n" in render_markdown(diff_review(nothing))
