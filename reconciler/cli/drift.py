"""`reconciler drift`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import (
    at_option,
    manifests_argument,
    max_wait_option,
    plan_options,
    refresh_option,
    results_format_option,
    target_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler drift manifests --format json. Exit codes: 0 none, 1 error, 2 drift found.")
@manifests_argument
@results_format_option
@target_option
@refresh_option
@at_option
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, output_format: str, **chosen: object) -> int:
    """Show where 4me differs from the manifests. Cannot write."""
    from reconciler import run
    from reconciler.cli.rendering import render, tell_reading
    from reconciler.report.reading import render_reliance

    with console.progress("reading 4me") as read:
        planned = run.plan(plan_options(console, manifests, read, **chosen))
    tell_reading(console, planned)
    console.out(render(planned.plan, output_format, console, manifests=manifests, as_drift=True))
    console.say(render_reliance(planned.reading, time.time()))
    if not planned.plan.actions and not planned.breached:
        return 0
    console.heard.drift = planned.plan
    return 2
