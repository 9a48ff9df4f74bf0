"""`reconciler apply`."""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler.apply import STOPPED
from reconciler.cli.audience import audience_option, shown_leftover, shown_outcomes, shown_plan, shown_stored
from reconciler.cli.options import (
    allow_option,
    at_option,
    canary_option,
    manifests_argument,
    max_wait_option,
    plan_options,
)
from reconciler.cli.plan_files import max_age_option, verify_key_option
from reconciler.cli.stopping import stopping
from reconciler.core.canary import count_read_backs, split_stages
from reconciler.core.forecast import with_more
from reconciler.errors import NotConfirmed, OperatorError, PartialApply, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.console import Console
    from reconciler.core.canary import Canary, Stage
    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Action
    from reconciler.execution import Applied
    from reconciler.planning import Planned
    from reconciler.readback import Verdict

INDENT = " " * 6
SHOWN = 10
"""Differences that are told again at the end."""
GO_ON = (
    "put right what stopped it and run it again, it continues; without --canary it goes on regardless;"
    " `reconciler undo last` plans the way back"
)
PLAN_AGAIN = "plan again, and have what is left approved"


@click.command(
    epilog="Examples: reconciler apply manifests; reconciler apply manifests --plan plan.json --canary 5. Exit codes: 0"
    " done or nothing to do, 1 error, or the plan is not accepted, 3 refused by a guard, 4 applied in part: run it"
    " again, it continues; what is no longer as approved has to be planned and approved again."
)
@manifests_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Carry out exactly the actions of this saved plan that are still the same.",
)
@max_age_option
@verify_key_option
@canary_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@audience_option
@allow_option
@at_option
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, plan_file: Path | None, **chosen: object) -> int:
    """Make 4me what the manifests say: plan, show, ask, carry out."""
    from reconciler import run
    from reconciler.cli.plan_files import load_plan, terms_from
    from reconciler.cli.progress import Progress
    from reconciler.cli.rendering import render
    from reconciler.report.text import render_outcomes
    from reconciler.report.words import NO_CHANGES, NOTHING_TO_UNDO

    if chosen["verify_key"] and not plan_file:
        raise UsageError("--verify-key is for an approved plan: say which one with --plan")
    terms = terms_from(chosen["max_age"], chosen["verify_key"])
    approved = load_plan(plan_file) if plan_file else None
    canary: Canary | None = chosen["canary"]  # type: ignore[assignment] # as the option's type makes it
    verdicts: list[Verdict] = []

    def confirm(planned: Planned) -> bool:
        read.close()
        console.out(render(shown_plan(console, planned.plan), "text", console))
        stages = split_stages(planned.plan.actions, canary)
        _say_beforehand(console, with_more(planned.forecast, count_read_backs(stages)), stages if canary else ())
        return bool(chosen["yes"]) or _ask(planned, console)

    def start(forecast: Forecast, stages: Sequence[Stage]) -> None:
        stop.gently = True
        if approved:
            read.close()
            _say_beforehand(console, forecast, stages if canary else ())
        told.start()

    def hear_verdict(verdict: Verdict) -> None:
        verdicts.append(verdict)
        if not verdict.reason:
            console.say(f"canary: {len(verdict.outcomes)} read back, all as asked for")

    with console.progress("reading 4me") as read, console.progress("applying") as bar, stopping(console.say) as stop:
        told = Progress(console, bar, read)
        options = plan_options(console, manifests, read, **chosen)
        how = run.ApplyOptions(
            approved,
            terms,
            confirm,
            canary,
            on_start=start,
            on_pace=told.hear_pace,
            on_outcome=told.hear,
            on_verdict=hear_verdict,
            on_journal=lambda name, head: console.say(f"journal: run {name}, head {head}"),
            stop=stop.event,
        )
        try:
            applied = run.apply(options, how)
        except run.Refused as refusal:
            read.close()
            console.out(render(shown_plan(console, refusal.planned.plan), "text", console))
            raise
    if not applied.confirmed:
        raise NotConfirmed("not confirmed, nothing was changed")
    if not applied.outcomes and not applied.unapproved and not applied.outdated and not applied.settled:
        console.out(NOTHING_TO_UNDO if approved and approved.plan.undoes else NO_CHANGES)
        return 0
    console.heard.outcomes[:] = applied.outcomes
    outcomes = shown_outcomes(console, applied.outcomes)
    console.out(render_outcomes(outcomes, color=console.color, width=console.width))
    _tell_stored(applied, console)
    return _conclude(applied, console, verdicts)


def _tell_stored(applied: Applied, console: Console) -> None:
    from reconciler.report.stored import HINT, render_stored

    if applied.stored:
        console.out(render_stored(shown_stored(console, applied.stored), width=console.width))
        console.say(f"hint: {HINT}")


def _say_beforehand(console: Console, forecast: Forecast, stages: Sequence[Stage]) -> None:
    from reconciler.cli.rendering import say_forecast
    from reconciler.report.canary import render_stages

    say_forecast(console, forecast)
    if stages:
        console.say(render_stages(stages))


def _ask(planned: Planned, console: Console) -> bool:
    if not sys.stdin.isatty():
        raise OperatorError("nobody to ask here: there is no terminal", hint="look at the plan, then apply with --yes")
    return console.ask(f"Carry out these {len(planned.plan.actions)} actions?")


def _conclude(applied: Applied, console: Console, verdicts: Sequence[Verdict]) -> int:
    _tell(console, "approved, and so already, nothing to do:", [(action, ()) for action in applied.settled])
    _tell(console, "approved, but no longer as approved, not done:", applied.outdated)
    _tell(console, "needed now, but not in the approved plan, not done:", applied.unapproved)
    failed = sum(1 for outcome in applied.outcomes if outcome.status.value != "done")
    other = len(applied.outdated) + len(applied.unapproved)
    if failed or other:
        why = _why(applied, verdicts)
        hints = ([why.hint] if failed else []) + ([PLAN_AGAIN] if other else [])
        raise PartialApply(f"{why.text}: {failed + other} action(s) not done", hint="; ".join(hints))
    return 0


class _Why(NamedTuple):
    text: str = "applied in part"
    hint: str = "run it again, it continues"


def _why(applied: Applied, verdicts: Sequence[Verdict]) -> _Why:
    """What kept an apply from being whole, and what to do then."""
    statuses = {each.http_status for each in applied.outcomes} | {each.status for each in verdicts}
    if HTTPStatus.UNAUTHORIZED in statuses:
        return _Why(
            "applied in part, the token is not accepted any more (HTTP 401)",
            "rotate the token in 4me (Settings > Apps), then run it again, it continues",
        )
    if any(each.detail == STOPPED for each in applied.outcomes):
        return _Why("stopped, applied in part")
    failed = next((verdict for verdict in verdicts if verdict.reason), None)
    return _why_canary(failed) if failed else _Why()


def _why_canary(verdict: Verdict) -> _Why:
    if verdict.trouble:
        return _Why(f"stopped after the canary, it could not be read back ({verdict.trouble})")
    if not verdict.differences:
        return _Why("stopped after the canary, it failed", GO_ON)
    lines = [
        f"  {action.type.value} {action.key}: {difference}"
        for action, differences in verdict.differences
        for difference in differences
    ]
    more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    told = "\n".join(["stopped after the canary, 4me does not have what was asked for", *lines[:SHOWN], *more])
    return _Why(f"{told}\napplied in part", GO_ON)


def _tell(console: Console, title: str, leftovers: Sequence[tuple[Action, Sequence[str]]]) -> None:
    from reconciler.report.words import safe

    lines = [title] if leftovers else []
    for action, reasons in (shown_leftover(console, *each) for each in leftovers):
        lines.append(f"  {action.kind.value} {action.type.value} {safe(action.key)}")
        for reason in reasons:
            lines += wrap(reason, console.width, initial_indent=INDENT, subsequent_indent=f"{INDENT}  ")
    if lines:
        console.out("\n".join(lines))
