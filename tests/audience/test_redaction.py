"""What is concealed before it is rendered: any plan, outcome and entry; names in texts; and what stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.access import AccessDiff, AttributeChange, PersonChange, PolicyChange, Side, Who
from reconciler.core.durations import show_seconds
from reconciler.core.guards import Limit
from reconciler.core.model import Member, ResourceType, Source
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.plan import UNSURE_CHOICE
from reconciler.core.plan_model import ActionKind, Change, Outcome, OutcomeStatus
from reconciler.core.tenant import TokenSource
from reconciler.errors import (
    Bug,
    GuardRefusal,
    LostAnswer,
    ManifestError,
    MatchError,
    NotApproved,
    NotConfirmed,
    NotSent,
    OperatorError,
    PartialApply,
    Problem,
    ReconcilerError,
    ServiceError,
    UsageError,
)
from reconciler.report.diff_json import render_diff_json
from reconciler.report.diff_text import render_diff
from reconciler.report.html import render_html
from reconciler.report.impact import diff_facts, plan_facts
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_json import parse_plan_json, render_plan_json
from reconciler.report.redaction.diffs import conceal_diff
from reconciler.report.redaction.errors import conceal_error
from reconciler.report.redaction.journals import conceal_entries
from reconciler.report.redaction.people import People, people_of
from reconciler.report.redaction.plans import conceal_outcome, conceal_plan
from reconciler.report.redaction.pseudonyms import Pseudonyms
from reconciler.report.redaction.redactor import Redactor
from reconciler.report.redaction.texts import harmless, is_harmless
from reconciler.report.results import describe_action, plan_results
from reconciler.report.review_diff import diff_review
from reconciler.report.review_plan import plan_review
from reconciler.report.text import render_outcomes, render_plan
from reconciler.report.words import columns, show_value
from reconciler.settings import expiry_warning
from tests.audience.organisation import MARK, leaks
from tests.builders import action, plan
from tests.report.examples import EVERYTHING

if TYPE_CHECKING:
    from reconciler.core.plan_model import Plan

GOLDEN = Path(__file__).parent / "golden"
MARKED = st.text(max_size=8).map(lambda text: f"{MARK}{text}")
VALUES = st.recursive(
    MARKED | st.none() | st.just("") | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "type"]), inner, max_size=2),
    max_leaves=4,
)
PATHS = st.sampled_from(
    [
        "active", "userName", "displayName", "externalId", "title", "emails", 'emails[type eq "work"].value', MANAGER,
        f'emails[type eq "{MARK}"].value', f"{MARK} is no path", f"{ENTERPRISE}:department", f"{CUSTOM_FIELDS}:payroll",
    ]
)  # fmt: skip
USERS = MARKED.map(lambda name: Member(ResourceType.USER, name))
GROUPS = st.sampled_from(["Desk", "Night Shift"]).map(lambda name: Member(ResourceType.GROUP, name))
ACTIONS = st.builds(
    lambda kind, who, changes, add, remove, reason, source: replace(
        action(kind, who, *changes, add=add, remove=remove), reason=reason, source=source, id=f"{MARK}-id"
    ),
    st.sampled_from(ActionKind),
    USERS | GROUPS,
    st.lists(st.builds(Change, PATHS, VALUES, VALUES), max_size=3),
    st.lists(USERS | GROUPS, max_size=3),
    st.lists(USERS | GROUPS, max_size=3),
    MARKED,
    st.none() | st.just(Source("users.yaml", 3)),
)
PLANS = st.builds(
    lambda actions, warnings, targets: replace(plan(*actions, warnings=tuple(warnings)), targets=tuple(targets)),
    st.lists(ACTIONS, max_size=4),
    st.lists(MARKED, max_size=2),
    st.lists(MARKED, max_size=2),
)
KEY = b"a key of the tests"


def redactor(*people: str) -> Redactor:
    return Redactor(Pseudonyms(KEY)).knowing(People(frozenset(people)))


def everything_said(shown: Plan) -> str:
    review = plan_review(shown)
    said = [render_plan(shown), render_plan_json(shown), render_markdown(review), render_html(review)]
    return "\n".join([*said, *map(describe_action, shown.actions), *map(str, plan_results(shown))])


@settings(max_examples=40)
@given(PLANS)
def test_no_plan_says_who_or_what(example: Plan) -> None:
    groups = [replace(each, id="7") if each.type is ResourceType.GROUP else each for each in example.actions]
    example = replace(example, actions=tuple(groups))
    shown = conceal_plan(example, redactor())
    assert leaks(everything_said(shown)) == []
    assert (shown.fingerprint, shown.summary, shown.guards) == (example.fingerprint, example.summary, example.guards)
    assert plan_facts(shown) == plan_facts(example)
    assert conceal_plan(example, redactor()) == shown
    assert parse_plan_json(render_plan_json(shown)).plan.public


@given(ACTIONS, st.sampled_from(OutcomeStatus), MARKED, st.sampled_from([None, 409, 422]))
def test_no_outcome_says_who_or_what(what: object, status: OutcomeStatus, detail: str, http: int | None) -> None:
    shown = conceal_outcome(Outcome(what, status, detail, MARK, http_status=http), redactor())  # type: ignore[arg-type]
    assert leaks(render_outcomes([shown]), shown.detail) == []
    assert shown.detail == (f"HTTP {http} (hidden)" if http else "(hidden)")
    assert shown.live is None


@given(
    st.dictionaries(MARKED, VALUES, max_size=3),
    st.lists(st.builds(lambda *each: dict(zip(("path", "before", "after"), each, strict=True)), PATHS, VALUES, VALUES)),
    st.lists(MARKED, max_size=3),
    MARKED,
)
def test_no_entry_of_a_journal_says_who_or_what(
    more: dict[str, object], changes: list[dict[str, object]], names: list[str], text: str
) -> None:
    """Also not in keys that later versions may add."""
    entries = conceal_entries(
        (
            {"entry": "run", "at": "t", "who": text, "link": text, "approval": {"keys": [text]}, "planned": 3, **more},
            {
                "entry": "outcome", "at": "t", "action": "update", "resource": "User", "key": text, "id": text,
                "status": "failed", "detail": text, "reason": text, "changes": changes, "hash": text, "stored": more,
                "members": {"add": [*names, "Desk"], "remove": names, "groups": ["Desk"]},
                "memberIds": {text: text}, "source": {"file": text, "line": 1},
            },
            {
                "entry": "canary", "at": "t", "actions": 1, "total": 3, "reason": text,
                "differences": [{"resource": "User", "key": text, "path": "title", "asked": text, "got": text}],
            },
            {"entry": "end", "at": "t", "done": 1, "halted": text},
        ),
        redactor(),
    )  # fmt: skip
    assert leaks(json.dumps(entries)) == []
    assert "Desk" in entries[1]["members"]["add"]
    assert [entries[0]["planned"], entries[2]["total"], entries[3]["done"]] == [3, 3, 1]


def test_a_diff_keeps_its_numbers_and_loses_its_names() -> None:
    ann, boss = Who(ResourceType.USER, f"{MARK}ann", f"{MARK}anna"), Who(ResourceType.USER, f"{MARK}boss")
    person = PersonChange(
        ann,
        reason=f"out of scope: {MARK}",
        attributes=(
            AttributeChange("externalId", None, f"{MARK}1"),
            AttributeChange("title", f"{MARK}2", f"{MARK}3", "create", "always"),
            AttributeChange(MANAGER, f"{MARK}boss", None, "always", "no"),
        ),
        reports=(boss,),
        after=Source(f"people/{MARK}-ann.yaml", 1),
    )
    policies = (
        PolicyChange("tenant t", "ownership.protected", f"{MARK}boss", "(none)"),
        PolicyChange("tenant t", "guardrails.deactivations", "10%", str(Limit(5).number)),
    )
    diff = AccessDiff(Side("main", "1" * 40), Side(f"{MARK}ann/fix", None), (person,), (), policies, (MARK,))
    shown = conceal_diff(diff, redactor())
    assert leaks(render_diff(shown), render_diff_json(shown), render_markdown(diff_review(shown))) == []
    assert diff_facts(shown) == diff_facts(diff)
    assert shown.people[0].new_identity == person.new_identity
    assert shown.policies[1] == policies[1]
    assert (shown.head.name, shown.notes, shown.people[0].reason) == (
        "(hidden)",
        ("1 note (hidden)",),
        "out of scope: (hidden)",
    )
    text = render_diff(shown, width=120)
    assert "externalId  changed (hidden)" in text
    assert "title       changed (hidden) (at creation only) → changed (hidden) (always)" in text


@pytest.mark.parametrize("name", ["plan.txt", "plan.md", "outcomes.txt"])
def test_golden(name: str) -> None:
    shown = conceal_plan(EVERYTHING, redactor())
    details = ("", "PATCH /Users/7: HTTP 422: title", "stopped before it was started")
    outcomes = [
        conceal_outcome(Outcome(each, status, detail, http_status=422 if ":" in detail else None), redactor())
        for each, status, detail in zip(EVERYTHING.actions, OutcomeStatus, details, strict=False)
    ]
    rendered = {
        "plan.txt": render_plan(shown),
        "plan.md": render_markdown(plan_review(shown)),
        "outcomes.txt": render_outcomes(outcomes),
    }[name]
    assert rendered.rstrip("\n") == (GOLDEN / name).read_text(encoding="utf-8").rstrip("\n")
    assert name == "plan.md" or [line for line in rendered.splitlines() if columns(line) > 80] == []


def test_the_same_name_is_the_same_pseudonym_whatever_its_case() -> None:
    one, other = Pseudonyms(KEY), Pseudonyms(KEY)
    other.of("person", "somebody else")
    assert one.of("person", "Jane.Doe@Widget.Example") == other.of("person", "jane.doe@widget.example")
    assert one.of("person", "jane") != one.of("group", "jane")
    assert one.of("person", "jane") != Pseudonyms(KEY + b"!").of("person", "jane")
    assert redactor().person("") == ""


def test_no_two_names_share_a_pseudonym() -> None:
    crowded = Pseudonyms(KEY, length=1)
    names = [f"user{number}" for number in range(200)]
    made = [crowded.of("person", name) for name in names]
    assert len(set(made)) == len(names)
    assert [crowded.of("person", name) for name in names] == made
    assert {len(each) - len("person-") for each in made} <= {1, 7, 13}


JANE = people_of(
    [
        (
            "jane.doe@widget.example",
            {
                "externalId": "E55",
                "displayName": "Zoë Müller",
                "name.givenName": "Jane",
                "name.familyName": "Doe",
                "emails": [{"value": "jd.private@home.example", "type": "home"}],
            },
        ),
        ("li@widget.example", {}),
        ("2024", {}),
    ]
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("jane.doe@widget.example", True),
        ("users/jane.doe.yaml", True),
        ("users/Jane_Doe/groups.yaml", True),
        ("people/doe-jane.yaml", True),
        ("Zoe Mueller", False),
        ("Team ZOE MULLER", True),
        ("Team of Zoë Müller", True),
        ("jdprivate's team", True),
        ("badge e55", True),
        ("badge e556", False),
        ("Li's team", True),
        ("Library", False),
        ("Interns 2024", True),
        ("Interns 20245", False),
        ("Service Desk", False),
        ("users.yaml", False),
        ("Jane", False),
        ("", False),
    ],
)
def test_which_texts_name_somebody(text: str, named: bool) -> None:  # noqa: FBT001 - an expectation
    assert JANE.named_in(text) is named


def test_groups_places_and_branches_keep_names_that_are_nobodys() -> None:
    knowing = redactor().knowing(JANE)
    assert knowing.group("Service Desk") == "Service Desk"
    assert knowing.group("Team of Zoë Müller").startswith("group-")
    assert knowing.group("all@widget").startswith("group-")
    assert str(knowing.source(Source("users/jane.doe.yaml", 12))) == "(hidden):12"
    assert knowing.source(Source("users.yaml", 12)) == Source("users.yaml", 12)
    assert (knowing.word("origin/main"), knowing.word("jane-doe/fix")) == ("origin/main", "(hidden)")


def test_which_values_stay() -> None:
    kept = redactor()
    assert kept.values(ResourceType.USER, "active", True, False) == (True, False)  # noqa: FBT003
    assert kept.values(ResourceType.GROUP, "displayName", "Desk", "Service Desk") == ("Desk", "Service Desk")
    assert kept.values(ResourceType.USER, MANAGER, None, "jane") == (None, kept.person("jane"))
    before, after = kept.values(ResourceType.USER, "title", None, "Analyst")
    assert (show_value(before), show_value(after)) == ("changed (hidden)", "changed (hidden)")


@pytest.mark.parametrize(
    "text",
    [
        "",
        UNSURE_CHOICE,
        "the read was not provably complete: nothing is removed",
        "incomplete read of Users: 24 distinct ones seen, the service says 25, 26",
        *(
            f"waiting {show_seconds(each)}, until 10:12:09: the hour's 3600 requests are used up"
            for each in (9, 99, 9999)
        ),
        "45 s to wait, until 2026-11-24 10:12:09: the service asked for it (HTTP 429)",
        *(
            f"warning: {expiry_warning(TokenSource(env='T', issued=date(2026, 11, day)), date(2026, 12, 8))}"
            for day in (1, 10)
        ),
        "applied in part: 3 action(s) not done",
        "what was read last time cannot be used (it is damaged): everything is read again",
        "what was last applied cannot be used (another version wrote it): drift will not be told apart",
        "the journal of the run 20261124T090000.000001Z-1a2b3c4d is damaged: `reconciler history --verify` says where",
    ],
)
def test_texts_about_nobody_stay(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("jane is declared nowhere, but protected: left alone", "(hidden)"),
        ("out of scope: department is Jane's", "out of scope: (hidden)"),
        ("in scope now; before, out of scope: jane", "in scope now; before, out of scope: (hidden)"),
        ("waiting 9 s, until 10:12:09: PATCH /Users/jane", "waiting 9 s, until 10:12:09: (hidden)"),
        ("the run 20261124T090000.1Z-1a2b by jane was interrupted", "the run 20261124T090000.1Z-1a2b by (hidden)"),
        ("the state directory /home/jane cannot be used (full)", "the state directory (hidden)"),
        ("another run holds .reconciler: `apply` by pid 1 on jane-laptop", "another run holds (hidden)"),
        ("declared nowhere\njane", "(hidden)"),
        ("declared nowhere jane", "(hidden)"),
    ],
)
def test_of_other_texts_only_a_known_beginning_stays(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert not is_harmless(text)


@pytest.mark.parametrize(
    "kind",
    [
        MatchError,
        NotApproved,
        NotSent,
        LostAnswer,
        OperatorError,
        PartialApply,
        ServiceError,
        UsageError,
        ReconcilerError,
    ],
)
def test_an_error_says_of_what_kind_it_is(kind: type[ReconcilerError]) -> None:
    error = kind(f"{MARK} broke it", hint=f"ask {MARK}")
    shown = conceal_error(error, redactor())
    assert type(shown) is kind
    assert shown.exit_code == error.exit_code
    assert leaks(shown.message, str(shown), repr(shown.args), str(shown.hint)) == []
    assert "--audience internal" in str(shown.hint)
    assert leaks(error.message) != []


def test_a_service_error_keeps_its_status() -> None:
    shown = conceal_error(ServiceError(f"PATCH /Users/{MARK}: HTTP 409", status=409), redactor())
    assert shown.message == "4me answered with HTTP status 409."


@pytest.mark.parametrize("kind", [GuardRefusal, NotConfirmed, Bug])
def test_errors_in_words_of_the_programs_own_stay(kind: type[ReconcilerError]) -> None:
    error = kind("57 deactivations, at most 50 allowed", hint="--allow deactivations=57")
    assert conceal_error(error, redactor()) is error


def test_a_problem_of_a_manifest_keeps_its_place() -> None:
    problems = [Problem("users.yaml", 3, 5, MARK, MARK), Problem(f"people/{MARK}.yaml", 1, 1, MARK)]
    shown = conceal_error(ManifestError(problems, problems), redactor(MARK))
    assert isinstance(shown, ManifestError)
    assert [str(each) for each in shown.problems] == [
        "(hidden):1:1: what is wrong is (hidden)",
        "users.yaml:3:5: what is wrong is (hidden)",
    ]
    assert leaks(repr(shown.problems), repr(shown.warnings), shown.message) == []
    assert shown.message == "2 problems found, nothing was done"
