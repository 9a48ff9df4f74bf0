"""`reconciler undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option
from reconciler.cli.links import link_options, places_for
from reconciler.cli.options import (
    allow_option,
    manifests_argument,
    max_wait_option,
    plan_options,
    results_format_option,
    target_option,
)
from reconciler.cli.plan_files import out_option, saving_from, sign_key_option

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(
    epilog="Examples: reconciler undo last manifests --out undo.json, then reconciler apply manifests --plan undo.json;"
    " reconciler undo 20261124T1015 shows the reverse of the run whose name begins so. Exit codes: 0 planned,"
    " 1 error, 2 something to undo (with --detailed-exitcode), 3 refused by a guard."
)
@click.argument("run_name", metavar="RUN")
@manifests_argument
@out_option
@sign_key_option
@results_format_option
@audience_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there is something to undo.")
@target_option
@allow_option
@max_wait_option
@link_options
@click.pass_obj
def command(console: Console, /, run_name: str, manifests: Path, out: Path | None, **chosen: object) -> int:
    """Plan the reverse of an earlier apply, from the journal. Only reads.

    RUN is the name of a run as history lists it, the beginning of one, or `last`. What was changed since is left
    alone and told. To carry it out, save the plan with --out and apply it with apply --plan.
    """
    from reconciler import undo
    from reconciler.cli.rendering import present_plan

    output_format = str(chosen["output_format"])
    saving = saving_from(out, chosen["sign_key"])
    places = places_for(manifests, output_format, chosen)
    with console.progress("reading 4me") as read:
        planned = undo.undo(plan_options(console, manifests, read, **chosen), run_name)
    present_plan(console, planned, output_format, places, saving)
    return 2 if chosen["detailed_exitcode"] and planned.plan.actions else 0
