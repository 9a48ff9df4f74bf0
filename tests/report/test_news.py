"""What is told: no more of anybody's data than is allowed, and nothing that a chat program acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.drift import COUNTED, Drift, DriftKind, Judged, Verdict
from reconciler.core.plan_model import ActionKind, Change, Guard, Outcome, OutcomeStatus
from reconciler.errors import (
    ManifestError,
    MatchError,
    NotApproved,
    NotSent,
    OperatorError,
    PartialApply,
    Problem,
    ReconcilerError,
    ServiceError,
)
from reconciler.report.news import drift_news, failed_news, refused_news, render_news, token_news, unapproved_news
from tests.builders import action, group, plan, user

if TYPE_CHECKING:
    from reconciler.core.notifications import Detail
    from reconciler.core.plan_model import Plan
    from reconciler.report.news import News

UPDATE, DEACTIVATE = ActionKind.UPDATE, ActionKind.DEACTIVATE


def about(name: str) -> Plan:
    return plan(
        action(UPDATE, user(name), Change("title", f"{name}'s", f"{name}!")),
        action(UPDATE, group(name), remove=[user(name)]),
        guards=(Guard("deactivations", 9, 5, breached=True),),
        warnings=(f"{name} is odd",),
    )


def drifted(made: Plan, kind: DriftKind = DriftKind.DRIFT) -> News:
    """All of the plan's differences are of one kind, and that counts."""
    verdict = Verdict(kind)
    judged = [
        Judged(each, *(tuple(verdict for _ in side) for side in (each.changes, each.members.add, each.members.remove)))
        for each in made.actions
    ]
    return drift_news(made, Drift(tuple(judged)), COUNTED)


def outcomes(name: str) -> list[Outcome]:
    first, second = about(name).actions
    detail = f"HTTP 422: {name}: department is unknown"
    return [Outcome(first, OutcomeStatus.FAILED, detail), Outcome(second, OutcomeStatus.DONE)]


def news(name: str) -> list[News]:
    return [
        drifted(about(name)),
        refused_news(about(name), "plan"),
        unapproved_news("apply", NotApproved(f"{name} signed it")),
        failed_news("apply", PartialApply(f"applied in part: {name}"), outcomes(name)),
        *(failed_news("apply", kind(f"{name} failed"), ()) for kind in (ServiceError, MatchError, OperatorError)),
        failed_news("apply", ManifestError([Problem(f"{name}.yaml", 1, 1, name)]), ()),
        failed_news("drift", KeyError(name), ()),
    ]


def bodies(name: str, detail: Detail) -> list[str]:
    return ["\n".join(render_news(each, "production", detail, None)) for each in news(name)]


def test_counts_tell_the_same_of_everybody() -> None:
    assert bodies("ann", "counts") == bodies("bob", "counts")


def test_names_tell_who_but_not_what() -> None:
    told = bodies("ann", "names")
    assert told[0].endswith("\n\n- changed in 4me: update User ann@widget.example\n- changed in 4me: update Group ann")
    assert told[3].endswith("\n\n- failed: update User ann@widget.example")
    assert not [each for each in told if "title" in each or "department" in each or "failed:" in each[:20]]


def test_changes_tell_everything() -> None:
    told = bodies("ann", "changes")
    assert told[0].endswith(
        '\n\n- changed in 4me: update User ann@widget.example: title "ann\'s" → "ann!"'
        "\n- changed in 4me: update Group ann: - ann@widget.example"
    )
    assert told[3].endswith(
        "\n\n- applied in part: ann\n- failed: update User ann@widget.example: HTTP 422: ann: department is unknown"
    )


def test_the_whole_of_a_message() -> None:
    assert render_news(drifted(about("ann")), "production", "counts", "https://ci.example/1") == (
        "reconciler: production: drift found",
        (
            "Refused: 9 deactivations, at most 5 allowed.\nchanged in 4me: update User: 1\n"
            "changed in 4me: update Group: 1\n\nRun: https://ci.example/1"
        ),
    )
    refused = render_news(refused_news(about("ann"), "plan"), "production", "counts", None)
    assert refused.title == "reconciler: production: plan refused"
    assert refused.body == (
        "Refused: 9 deactivations, at most 5 allowed.\n0 to create, 2 to update, 0 to reactivate, 0 to deactivate;"
        " memberships: 0 to add, 1 to remove; 838 unchanged, 18 unmanaged."
    )
    expiry = render_news(token_news("the token expires on 2026-12-01, in 6 day(s)"), "production", "counts", None)
    assert expiry.body == "The token expires on 2026-12-01, in 6 day(s)."


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ServiceError("x", status=503), "4me answered with HTTP status 503."),
        (ServiceError("x"), "4me could not be asked, or what it answered is of no use."),
        (NotSent("x"), "The service's limits would have made it wait too long."),
        (MatchError("x"), "Records and live resources cannot be paired one to one."),
        (OperatorError("x"), "Settings, the token or local files are not usable."),
        (ManifestError([]), "The manifests have problems."),
        (ReconcilerError("x"), "It could not be done."),
        (KeyError("ann"), "Unexpected KeyError."),
    ],
)
def test_a_failure_says_of_what_kind_it_is(error: Exception, cause: str) -> None:
    assert failed_news("apply", error, ()).counts == (cause,)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (outcomes("ann"), ("1 of 2 actions done.", "Run it again, it continues.")),
        (outcomes("ann")[1:], ("1 of 1 actions done.", "Some of what was approved is no longer so: plan again.")),
        ([], ("Some of what was approved is no longer so: plan again.",)),
    ],
)
def test_a_partial_apply_says_how_to_go_on(found: list[Outcome], counts: tuple[str, ...]) -> None:
    assert failed_news("apply", PartialApply("x"), found).counts == counts


def test_changed_news_is_other_news() -> None:
    digests = [each.digest for name in ("ann", "bob") for each in news(name)]
    assert len(set(digests)) == len(digests) - 2  # two failures tell nothing but their kind
    assert [each.digest for each in news("ann")] == [each.digest for each in news("ann")]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("@all @here <!channel> <@U1>", "@\u200ball @\u200bhere <\u200b!channel> <\u200b@\u200bU1>"),
        ("[reset](https://evil.example)", "[reset]\u200b(https://evil.example)"),
        ("ann@widget.example", "ann@widget.example"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("x" * 600, f"{'x' * 483}…"),
    ],
)
def test_nobody_is_called_and_no_link_lies(name: str, told: str) -> None:
    body = render_news(refused_news(plan(action(DEACTIVATE, group(name))), "plan"), "t", "names", None).body
    assert body.splitlines()[-1] == f"- deactivate Group {told}"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (DriftKind.CONFLICT, ("changed in 4me and in the manifests: update User: 1",)),
        (DriftKind.PENDING, ("changed in the manifests, not applied: update User: 1",)),
        (DriftKind.UNKNOWN, ("differs: update User: 1",)),
        (DriftKind.TOLERATED, ()),
    ],
)
def test_only_what_counts_is_told(kind: DriftKind, told: tuple[str, ...]) -> None:
    made = plan(action(UPDATE, user("ann"), Change("title", "a", "b")))
    found = drifted(made, kind)
    assert found.counts == told
    assert len(found.names) == len(found.changes) == len(told)


def test_a_message_is_of_bounded_length() -> None:
    many = plan(*(action(DEACTIVATE, user(f"u{number:03}")) for number in range(200)))
    lines = render_news(refused_news(many, "plan"), "t", "names", None).body.splitlines()
    assert (len(lines), lines[-1]) == (53, "- and 150 more")
