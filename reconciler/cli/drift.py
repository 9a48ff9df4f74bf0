"""`reconciler drift`."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_drift
from reconciler.cli.heard import FoundDrift
from reconciler.cli.links import link_options, places_for
from reconciler.cli.options import (
    MACHINE_FORMATS,
    PAGES,
    at_option,
    manifests_argument,
    max_wait_option,
    plan_options,
    refresh_option,
    results_format_option,
    target_option,
)
from reconciler.core.drift import COUNTED, DriftKind, counts_as_drift

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console
    from reconciler.cli.links import Places
    from reconciler.core.drift import Drift
    from reconciler.drift import Drifted
    from reconciler.run import PlanOptions


@click.command(
    epilog="Examples: reconciler drift manifests --format json; reconciler drift manifests --base origin/main"
    " --fail-on drift --fail-on conflict; reconciler drift manifests --adopt. Exit codes: 0 none but what is tolerated,"
    " 1 error, 2 drift found."
)
@manifests_argument
@results_format_option
@audience_option
@click.option(
    "--base",
    metavar="REV",
    help="The git revision that was last applied, for where the state directory knows of no apply.",
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([each.value for each in COUNTED]),
    help="Exit with 2 for these only (repeatable; default: all). What cannot be told apart always counts.",
)
@click.option("--adopt", is_flag=True, help="Write into the manifests what was changed in 4me, after showing it.")
@click.option("--dry-run", is_flag=True, help="With --adopt: only show it.")
@click.option("--yes", is_flag=True, help="With --adopt: do not ask.")
@target_option
@refresh_option
@at_option
@max_wait_option
@link_options
@click.pass_obj
def command(console: Console, /, manifests: Path, output_format: str, base: str | None, **chosen: object) -> int:
    """Show where 4me differs from the manifests, and which side changed. Cannot write to 4me."""
    from reconciler.cli.rendering import tell_reading
    from reconciler.drift import find_drift
    from reconciler.report.reading import render_reliance
    from reconciler.report.text_drift import UNKNOWN_BASE

    if not chosen["adopt"] and (chosen["dry_run"] or chosen["yes"]):
        raise click.UsageError("--dry-run and --yes go with --adopt")
    if chosen["adopt"] and output_format != "text":
        raise click.UsageError("--adopt shows what changes in the manifests, as text only")
    if chosen["adopt"] and console.heard.public:
        raise click.UsageError("--adopt shows manifests, which are not for the public: say --audience internal")
    places = places_for(manifests, output_format, chosen)
    with console.progress("reading 4me") as read:
        options = plan_options(console, manifests, read, **chosen)
        drifted = find_drift(options, base)
    tell_reading(console, drifted.planned)
    if chosen["adopt"]:
        return _adopt(console, drifted, options, chosen)
    console.out(_render(drifted, output_format, console, places))
    console.say(render_reliance(drifted.planned.reading, time.time()))
    if drifted.planned.plan.actions and drifted.drift.origin is None:
        console.say(f"hint: {UNKNOWN_BASE}")
    counted = _counted(chosen)
    if not counts_as_drift(drifted.drift, counted, drifted.planned.plan.guards):
        return 0
    if output_format == "text":
        console.say(_ways_out(drifted.drift, shlex.quote(str(manifests))))
    console.heard.drift = FoundDrift(drifted.planned.plan, drifted.drift, counted)
    return 2


def _ways_out(drift: Drift, folder: str) -> str:
    if not drift.of(DriftKind.DRIFT, DriftKind.CONFLICT, DriftKind.UNKNOWN):
        return f"to apply what is pending: reconciler apply {folder}"
    return (
        f"to take it back: reconciler apply {folder}; to keep it: reconciler drift {folder} --adopt;"
        " to live with it until a day: `tolerate` in the Tenant document"
    )


def _adopt(console: Console, drifted: Drifted, options: PlanOptions, chosen: dict[str, object]) -> int:
    """Whether anything that counts is left."""
    from reconciler.cli.adopt_dialogue import offer_adoption

    only_show = bool(chosen["dry_run"])
    adopting = offer_adoption(console, drifted, options, confirmed=bool(chosen["yes"]), only_show=only_show)
    left = drifted.drift if only_show else drifted.drift.without(adopting.adopted)
    return 2 if counts_as_drift(left, _counted(chosen), drifted.planned.plan.guards) else 0


def _counted(chosen: dict[str, object]) -> frozenset[DriftKind]:
    given = chosen.get("fail_on")
    return frozenset(map(DriftKind, given if isinstance(given, tuple) and given else COUNTED))


def _render(drifted: Drifted, output_format: str, console: Console, places: Places) -> str:
    """In any of `FORMATS`; what is tolerated fails no pipeline, so that the formats for these leave it out."""
    plan, drift = shown_drift(console, drifted.planned.plan, drifted.drift)
    if output_format == "text":
        from reconciler.report.text_drift import render_drift

        return render_drift(plan, drift, color=console.color, width=console.width)
    if output_format == "json":
        from reconciler.report.drift_json import render_drift_json

        return render_drift_json(plan, drift)
    from reconciler.cli.rendering import render, render_review

    if output_format in PAGES:
        from reconciler.report.review_drift import drift_review

        return render_review(drift_review(plan, drift), output_format, places)
    if output_format in MACHINE_FORMATS:
        plan = replace(plan, actions=drift.of(*COUNTED, DriftKind.UNKNOWN))
    return render(plan, output_format, console, places=places, as_drift=True)
