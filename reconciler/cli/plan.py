"""`reconciler plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option
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
from reconciler.cli.plan_files import out_option, saving_from, sign_key_option

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console
    from reconciler.planning import Planned
    from reconciler.session import PlanOptions

NOTHING_LEARNED = "nothing to learn: no difference was sent before and stored otherwise"


@click.command(
    epilog="Examples: reconciler plan manifests --out plan.json --detailed-exitcode; reconciler plan manifests --learn."
    " Exit codes: 0 planned, 1 error, 2 changes pending (with --detailed-exitcode), 3 refused by a guard."
)
@manifests_argument
@out_option
@sign_key_option
@results_format_option
@audience_option
@click.option(
    "--learn",
    is_flag=True,
    help="Write into the Tenant document what does not count in what 4me stores otherwise than it was sent.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there is something to do.")
@target_option
@refresh_option
@allow_option
@at_option
@max_wait_option
@link_options
@click.pass_obj
def command(console: Console, /, manifests: Path, out: Path | None, output_format: str, **chosen: object) -> int:
    """Show what apply would change in 4me. Only reads; with --learn, writes into the manifests."""
    from reconciler import run
    from reconciler.cli.rendering import present_plan

    saving = saving_from(out, chosen["sign_key"])
    places = places_for(manifests, output_format, chosen)
    with console.progress("reading 4me") as read:
        options = plan_options(console, manifests, read, **chosen)
        planned = run.plan(options)
        if chosen["learn"] and _learn(console, planned, options):
            planned = run.plan(options)
    present_plan(console, planned, output_format, places, saving)
    return 2 if chosen["detailed_exitcode"] and planned.plan.actions else 0


def _learn(console: Console, planned: Planned, options: PlanOptions) -> bool:
    """Whether the Tenant document was changed, which is told."""
    from reconciler.cli.audience import redactor
    from reconciler.learning import prepare_learning, write_learning
    from reconciler.manifests.rewriting import show_changes
    from reconciler.report.learning import tell_learned

    learning = prepare_learning(planned, options)
    found = (*learning.learned, *learning.unexplained)
    if redactor(console):
        console.say(f"learned of {len(learning.learned)} attributes, not of {len(learning.unexplained)}")
    else:
        console.say("\n".join(map(tell_learned, found)) or NOTHING_LEARNED)
    if learning.file is None:
        return False
    write_learning(learning, options)
    if not redactor(console):
        console.say("\n".join(show_changes([learning.file])))
    console.say(f"written into {learning.file.name}: review it, commit it")
    return True
