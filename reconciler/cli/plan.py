"""`reconciler plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_plan
from reconciler.cli.links import link_options, places_for
from reconciler.cli.options import (
    allow_option,
    at_option,
    manifests_argument,
    max_wait_option,
    plan_options,
    refresh_option,
    results_format_option,
    target_option,
)
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(
    epilog="Example: reconciler plan manifests --out plan.json --detailed-exitcode. Exit codes: 0 planned, 1 error,"
    " 2 changes pending (with --detailed-exitcode), 3 refused by a guard."
)
@manifests_argument
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Also save the plan, for apply --plan.")
@click.option(
    "--sign-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sign the saved plan with this Ed25519 private key.",
)
@results_format_option
@audience_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there is something to do.")
@target_option
@refresh_option
@allow_option
@at_option
@max_wait_option
@link_options
@click.pass_obj
def command(console: Console, /, manifests: Path, out: Path | None, output_format: str, **chosen: object) -> int:
    """Show what apply would change in 4me. Only reads."""
    from reconciler import run
    from reconciler.cli.plan_files import save_plan
    from reconciler.cli.rendering import render, say_forecast, tell_reading
    from reconciler.signing import load_signer

    sign_key = chosen["sign_key"]
    if sign_key and not out:
        raise UsageError("--sign-key signs the saved plan: say where to save it with --out")
    signer = load_signer(sign_key) if isinstance(sign_key, Path) else None
    places = places_for(manifests, output_format, chosen)
    with console.progress("reading 4me") as read:
        planned = run.plan(plan_options(console, manifests, read, **chosen))
    tell_reading(console, planned)
    if out:
        save_plan(planned.plan, out, signer)
    console.out(render(shown_plan(console, planned.plan), output_format, console, places=places))
    run.refuse_breached(planned)
    say_forecast(console, planned.forecast)
    if out:
        console.say(f"saved to {out}; apply exactly this with: reconciler apply {manifests} --plan {out}")
    return 2 if chosen["detailed_exitcode"] and planned.plan.actions else 0
