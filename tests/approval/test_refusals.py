"""What is asked of a saved plan before anything is read: every reason for a refusal, one by one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.approval import CLOCK_SKEW, MAX_AGE, Terms, accept_plan, find_refusals, plan_clock
from reconciler.core.digest import digest
from reconciler.core.plan_model import ActionKind, Change, Outcome, OutcomeStatus, TenantIdentity
from reconciler.core.signature import signed_bytes
from reconciler.errors import OperatorError
from reconciler.journal.writing import Approval, Origin, open_journal
from reconciler.report.plan_json import SavedPlan, content_of, parse_plan_json, plan_document, render_plan_json
from reconciler.signing import load_signer
from tests.builders import TIME, action, plan, user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.core.plan_model import Plan

NOW = datetime.fromisoformat(TIME)
PLAN = plan(action(ActionKind.UPDATE, user("ann"), Change("title", "A", "B"), line=3))
EDITED = "it was changed after it was saved: its content does not agree with its digest"
OLD = "it was saved by an older version of reconciler, which did not seal plans"


def saved(made: Plan = PLAN, **changed: Any) -> SavedPlan:
    return parse_plan_json(json.dumps(plan_document(made) | changed))


def older() -> SavedPlan:
    """As versions before seals, clocks and targets saved plans."""
    new = ("at", "targets", "contentDigest", "signature")
    return parse_plan_json(json.dumps({key: value for key, value in plan_document(PLAN).items() if key not in new}))


def reasons(given: SavedPlan, state: Path, now: datetime = NOW, terms: Terms = Terms()) -> list[str]:
    return [refusal.message for refusal in find_refusals(given, terms, state, now)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(saved(), [], id="as it was saved"),
        pytest.param(saved(warnings=["x"]), [EDITED], id="a value changed"),
        pytest.param(saved(contentDigest=None), [OLD], id="no digest"),
        pytest.param(older(), [OLD], id="an old file"),
        pytest.param(saved(contentDigest=digest("x")), [EDITED], id="another digest"),
        pytest.param(
            saved(replace(PLAN, created_at="yesterday")),
            ["it does not say when it was made: yesterday is no time"],
            id="no time",
        ),
        pytest.param(
            saved(replace(PLAN, created_at="2026-11-24T10:00:00")),
            ["it does not say when it was made: 2026-11-24T10:00:00 is no time"],
            id="a time without offset",
        ),
        pytest.param(
            saved(replace(PLAN, created_at="9999-12-31T23:59:59-12:00")),
            ["it does not say when it was made: 9999-12-31T23:59:59-12:00 is no time"],
            id="a time beyond the calendar",
        ),
        pytest.param(
            saved(replace(PLAN, at="\u202enoon")),
            ["it does not say when it was made: 2026-11-24T10:00:00Z is no time"],
            id="no clock",
        ),
    ],
)
def test_the_file_itself(given: SavedPlan, expected: list[str], tmp_path: Path) -> None:
    assert reasons(given, tmp_path) == expected


@pytest.mark.parametrize(
    ("age", "terms", "expected"),
    [
        (0, Terms(), []),
        (MAX_AGE, Terms(), []),
        (MAX_AGE + 1, Terms(), ["it is 24 h 1 min old, and holds for 24 h (--max-age)"]),
        (61, Terms(max_age=60), ["it is 1 min 1 s old, and holds for 1 min (--max-age)"]),
        (7 * MAX_AGE, Terms(max_age=8 * MAX_AGE), []),
        (-CLOCK_SKEW, Terms(), []),
        (-CLOCK_SKEW - 1, Terms(), [f"it was made 5 min 1 s from now, at {TIME}"]),
    ],
)
def test_its_age(age: float, terms: Terms, expected: list[str], tmp_path: Path) -> None:
    assert reasons(saved(), tmp_path, NOW + timedelta(seconds=age), terms) == expected


@pytest.mark.parametrize(
    ("tenant", "described"),
    [
        (replace(PLAN.tenant, name="staging"), "staging (https://api.4me.com/scim/v2, account widget)"),
        (replace(PLAN.tenant, endpoint="https://x.example"), "production (https://x.example, account widget)"),
        (replace(PLAN.tenant, account="gadget"), "production (https://api.4me.com/scim/v2, account gadget)"),
        (replace(PLAN.tenant, account=None), "production (https://api.4me.com/scim/v2)"),
    ],
)
def test_another_tenant(tenant: TenantIdentity, described: str, tmp_path: Path) -> None:
    fresh = saved(replace(PLAN, created_at=datetime.now(UTC).isoformat()))
    with pytest.raises(OperatorError) as caught:
        accept_plan(fresh, Terms(), tenant, tmp_path)
    assert caught.value.message == (
        "the approved plan is refused: it was made for production (https://api.4me.com/scim/v2, account widget), not"
        f" for {described}"
    )
    accept_plan(fresh, Terms(), PLAN.tenant, tmp_path)


def run_of(given: SavedPlan, state: Path, *, ended: bool, spent: bool) -> str:
    """An apply of the plan in the journal; gives the run's name."""
    journal = open_journal(state, given.plan.fingerprint, lambda: "2026-11-24T11:00:00.000000Z")
    approval = Approval(given.plan.fingerprint, given.digest, given.plan.created_at)
    journal.begin(given.plan, Origin("ann", approval=approval), {})
    if ended:
        journal.end((Outcome(given.plan.actions[0], OutcomeStatus.DONE),), spent=spent)
    journal.close()
    (path,) = (state / "journal").iterdir()
    return path.stem


@pytest.mark.parametrize(("ended", "spent"), [(True, True), (True, False), (False, False)])
def test_once_applied_it_is_not_applied_again(tmp_path: Path, ended: bool, spent: bool) -> None:  # noqa: FBT001
    given = saved()
    run = run_of(given, tmp_path, ended=ended, spent=spent)
    told = f"it has been applied already, by the run {run}, which ended at 2026-11-24T11:00:00.000000Z"
    assert reasons(given, tmp_path) == ([told] if spent else [])
    assert reasons(saved(replace(PLAN, created_at="2026-11-24T10:00:01Z")), tmp_path, NOW) == []


def signed(private: Path, made: Plan = PLAN) -> SavedPlan:
    signature = load_signer(private).sign(signed_bytes(content_of(plan_document(made))))
    return parse_plan_json(render_plan_json(made, signature))


def test_a_signature_that_holds(keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    assert reasons(signed(private), tmp_path, terms=Terms(keys=(public, public))) == []
    assert reasons(signed(private), tmp_path) == []


def _unsigned(given: SavedPlan) -> SavedPlan:
    return parse_plan_json(json.dumps(given.document | {"signature": None}))


def _another_key(given: SavedPlan) -> SavedPlan:
    return parse_plan_json(
        json.dumps(given.document | {"signature": given.document["signature"] | {"keyId": digest("x")}})
    )


def _resealed(given: SavedPlan) -> SavedPlan:
    """Changed, and its digest made to fit, by somebody without the key."""
    content = given.content | {"warnings": ["nothing to see"]}
    return parse_plan_json(json.dumps(given.document | content | {"contentDigest": digest(content)}))


@pytest.mark.parametrize(
    ("forge", "expected"),
    [
        (_unsigned, "it is not signed, and a key of {public} has to vouch for it"),
        (_another_key, f"it is signed with the key {digest('x')}, which is not in {{public}}"),
        (_resealed, "its signature does not hold: it is not what was signed with the key {key}"),
    ],
)
def test_a_signature_that_does_not_hold(
    forge: Callable[[SavedPlan], SavedPlan], expected: str, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    private, public = keys
    genuine = signed(private)
    assert genuine.signature
    told = reasons(forge(genuine), tmp_path, terms=Terms(keys=(public,)))
    assert told == [expected.format(public=public, key=genuine.signature.key_id)]


@pytest.mark.parametrize(
    ("at", "expected"),
    [(None, NOW), ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)), ("2026-11-01", None)],
)
def test_the_clock_is_the_plans(at: str | None, expected: datetime | None) -> None:
    assert plan_clock(replace(PLAN, at=at)) == expected
