"""`reconciler apply`."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from threading import Event
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import allow_option, at_option, manifests_argument, max_wait_option, plan_options
from reconciler.cli.plan_files import max_age_option, verify_key_option
from reconciler.errors import NotConfirmed, OperatorError, PartialApply, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from reconciler.cli.console import Bar, Console
    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Action, Outcome
    from reconciler.execution import Applied
    from reconciler.planning import Planned

INDENT = " " * 6
PLAN_AGAIN = "plan again, and have what is left approved"


@click.command(
    epilog="Examples: reconciler apply manifests; reconciler apply manifests --plan plan.json. Exit codes: 0 done or"
    " nothing to do, 1 error, or the plan is not accepted, 3 refused by a guard, 4 applied in part: run it again, it"
    " continues; what is no longer as approved has to be planned and approved again."
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
@click.option("--yes", is_flag=True, help="Do not ask.")
@allow_option
@at_option
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, plan_file: Path | None, **chosen: object) -> int:
    """Make 4me what the manifests say: plan, show, ask, carry out."""
    from reconciler import run
    from reconciler.cli.plan_files import load_plan, terms_from
    from reconciler.cli.rendering import render, say_forecast
    from reconciler.report.text import render_outcomes

    if chosen["verify_key"] and not plan_file:
        raise UsageError("--verify-key is for an approved plan: say which one with --plan")
    terms = terms_from(chosen["max_age"], chosen["verify_key"])
    approved = load_plan(plan_file) if plan_file else None

    def confirm(planned: Planned) -> bool:
        read.close()
        console.out(render(planned.plan, "text", console))
        say_forecast(console, planned.forecast)
        return bool(chosen["yes"]) or _ask(planned)

    def start(forecast: Forecast) -> None:
        stop.gently = True
        if approved:
            read.close()
            say_forecast(console, forecast)

    with console.progress("reading 4me") as read, _progress(console, read) as told, _stopping(console) as stop:
        options = plan_options(console, manifests, read, **chosen)
        how = run.ApplyOptions(
            approved,
            terms,
            confirm,
            on_start=start,
            on_outcome=told,
            on_journal=lambda name, head: console.say(f"journal: run {name}, head {head}"),
            stop=stop.event,
        )
        try:
            applied = run.apply(options, how)
        except run.Refused as refusal:
            read.close()
            console.out(render(refusal.planned.plan, "text", console))
            raise
    if not applied.confirmed:
        raise NotConfirmed("not confirmed, nothing was changed")
    if not applied.outcomes and not applied.unapproved and not applied.outdated and not applied.settled:
        console.out("No changes. 4me is as the manifests say.")
        return 0
    console.out(render_outcomes(applied.outcomes, color=console.color, width=console.width))
    return _conclude(applied, console)


def _ask(planned: Planned) -> bool:
    if not sys.stdin.isatty():
        raise OperatorError("nobody to ask here: there is no terminal", hint="look at the plan, then apply with --yes")
    return click.confirm(f"Carry out these {len(planned.plan.actions)} actions?", err=True)


@contextmanager
def _progress(console: Console, read: Bar) -> Iterator[Callable[[Outcome, int], None]]:
    """A bar on a terminal, a plain line for each outcome elsewhere."""
    from reconciler.report.text import render_outcome_line

    done = 0
    with console.progress("applying") as bar:

        def told(outcome: Outcome, total: int) -> None:
            nonlocal done
            done += 1
            console.heard.outcomes.append(outcome)
            read.close()
            bar(done, total)
            if not sys.stderr.isatty():
                console.say(f"[{done}/{total}] {render_outcome_line(outcome)}")

        yield told


@dataclass(slots=True)
class _Stop:
    """`event` ends all waits; `gently`, once the apply has begun: what is in flight finishes."""

    event: Event
    gently: bool = False


@contextmanager
def _stopping(console: Console) -> Iterator[_Stop]:
    """Ctrl-C interrupts, but once the apply has begun the first one lets what is in flight finish."""
    stop = _Stop(Event())

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        interrupt = stop.event.is_set() or not stop.gently
        stop.event.set()
        if interrupt:
            raise KeyboardInterrupt
        console.say("stopping: requests in flight finish first (Ctrl-C again to interrupt them)")

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _conclude(applied: Applied, console: Console) -> int:
    _tell(console, "approved, and so already, nothing to do:", [(action, ()) for action in applied.settled])
    _tell(console, "approved, but no longer as approved, not done:", applied.outdated)
    _tell(console, "needed now, but not in the approved plan, not done:", applied.unapproved)
    failed = sum(1 for outcome in applied.outcomes if outcome.status.value != "done")
    other = len(applied.outdated) + len(applied.unapproved)
    if failed or other:
        hints = (["run it again, it continues"] if failed else []) + ([PLAN_AGAIN] if other else [])
        raise PartialApply(f"applied in part: {failed + other} action(s) not done", hint="; ".join(hints))
    return 0


def _tell(console: Console, title: str, leftovers: Sequence[tuple[Action, Sequence[str]]]) -> None:
    from reconciler.report.words import safe

    lines = [title] if leftovers else []
    for action, reasons in leftovers:
        lines.append(f"  {action.kind.value} {action.type.value} {safe(action.key)}")
        for reason in reasons:
            lines += wrap(reason, console.width, initial_indent=INDENT, subsequent_indent=f"{INDENT}  ")
    if lines:
        console.out("\n".join(lines))
