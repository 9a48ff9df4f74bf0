"""Whether a saved plan may still be applied, and if not, why. Reads the journal and the key files that it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.durations import show_seconds
from reconciler.core.times import parse_time
from reconciler.errors import NotApproved
from reconciler.journal.reading import find_spent
from reconciler.report.words import safe
from reconciler.signing import load_verify_keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.plan_model import Plan, TenantIdentity
    from reconciler.report.plan_json import SavedPlan

MAX_AGE = 24 * 3600.0
"""Seconds for which an approval holds."""
CLOCK_SKEW = 300.0
"""Seconds by which the clocks of two machines may differ."""
PLAN_AGAIN = "plan again, and have that plan approved"


class Refusal(NamedTuple):
    """Why a plan is not applied, and what to do."""

    message: str
    hint: str = PLAN_AGAIN


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a saved plan: not older than `max_age` seconds, and a signature by a key of each of `keys`."""

    max_age: float = MAX_AGE
    keys: tuple[Path, ...] = ()


def accept_plan(saved: SavedPlan, terms: Terms, tenant: TenantIdentity, state: Path) -> None:
    """Raise NotApproved with the first reason why the plan is not applied to this tenant, if there is one."""
    now = datetime.now(UTC)
    for refusal in (*_forgeries(saved, terms), *_strangers(saved.plan, tenant), *_lapses(saved, terms, state, now)):
        raise NotApproved(f"the approved plan is refused: {refusal.message}", hint=refusal.hint)


def find_refusals(saved: SavedPlan, terms: Terms, state: Path, now: datetime) -> tuple[Refusal, ...]:
    """Every reason why the plan would not be applied now to the tenant that it was made for."""
    return (*_forgeries(saved, terms), *_lapses(saved, terms, state, now))


def made_at(plan: Plan) -> datetime | None:
    """When the plan was made; None where its file says no time."""
    return parse_time(plan.created_at)


def plan_clock(plan: Plan) -> datetime | None:
    """What Now() gave when the plan was made, so that time alone makes no action another."""
    return parse_time(plan.at or plan.created_at)


def signature_faults(saved: SavedPlan, terms: Terms) -> Iterator[str]:
    """What is wrong with the signature, by each file of keys. Raises OperatorError where such a file is none."""
    from reconciler.core.signature import signed_bytes

    for path in terms.keys:
        fault = load_verify_keys(path).find_fault(saved.signature, signed_bytes(saved.content))
        if fault:
            yield fault


def _forgeries(saved: SavedPlan, terms: Terms) -> Iterator[Refusal]:
    if saved.plan.public:
        way_out = "apply the plan itself, as `reconciler plan --out FILE` saved it"
        yield Refusal("it is a report for the public, in which people and values are hidden", way_out)
    elif saved.sealed is None:
        yield Refusal("it was saved by an older version of reconciler, which did not seal plans")
    elif saved.sealed != saved.digest:
        yield Refusal("it was changed after it was saved: its content does not agree with its digest")
    for fault in signature_faults(saved, terms):
        yield Refusal(fault, "plan again with --sign-key, and have that plan approved")


def _strangers(plan: Plan, tenant: TenantIdentity) -> Iterator[Refusal]:
    if plan.tenant != tenant:
        made_for, here = map(_described, (plan.tenant, tenant))
        yield Refusal(
            f"it was made for {made_for}, not for {here}", "choose the plan's tenant with --tenant, or plan again"
        )


def _described(tenant: TenantIdentity) -> str:
    account = f", account {tenant.account}" if tenant.account else ""
    return safe(f"{tenant.name} ({tenant.endpoint}{account})")


def _lapses(saved: SavedPlan, terms: Terms, state: Path, now: datetime) -> Iterator[Refusal]:
    made = made_at(saved.plan)
    if made is None or plan_clock(saved.plan) is None:
        yield Refusal(f"it does not say when it was made: {safe(saved.plan.created_at)} is no time")
    else:
        age = (now - made).total_seconds()
        if age < -CLOCK_SKEW:
            yield Refusal(
                f"it was made {show_seconds(-age)} from now, at {safe(saved.plan.created_at)}",
                "set the clock of this machine, or of the one that made the plan, right; then plan again",
            )
        elif age > terms.max_age:
            yield Refusal(f"it is {show_seconds(age)} old, and holds for {show_seconds(terms.max_age)} (--max-age)")
    spent = find_spent(state, saved.digest)
    if spent:
        yield Refusal(f"it has been applied already, by the run {safe(spent.run)}, which ended at {safe(spent.at)}")
