"""`reconciler drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option, manifests_argument, plan_options, refresh_option, target_option

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler drift manifests --format json. Exit codes: 0 none, 1 error, 2 drift found.")
@manifests_argument
@format_option
@target_option
@refresh_option
@click.pass_obj
def command(console: Console, /, manifests: Path, output_format: str, **chosen: object) -> int:
    """Show where 4me differs from the manifests. Cannot write."""
    from reconciler import run
    from reconciler.cli.rendering import render

    with console.progress("reading 4me") as read:
        planned = run.plan(plan_options(console, manifests, read, **chosen))
    found = planned.plan.live.summary
    console.detail(f"read by {found.strategy} with {found.requests} requests, fingerprint {planned.plan.fingerprint}")
    console.out(render(planned.plan, output_format, console, as_drift=True))
    return 2 if planned.plan.actions or planned.breached else 0
