"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_plan
from reconciler.cli.links import link_options, places_for
from reconciler.cli.options import format_option
from reconciler.cli.plan_files import max_age_option, verify_key_option

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(
    epilog="Example: reconciler show plan.json --format markdown. Exit codes: 0 shown, whether or not it would still be"
    " applied, 1 error, or the key that was given does not vouch for it."
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@format_option
@audience_option
@max_age_option
@verify_key_option
@link_options
@click.pass_obj
def command(console: Console, /, file: Path, output_format: str, **chosen: object) -> int:
    """Print a saved plan, stale or not, and say whether it would still be applied. Reads nothing of 4me."""
    from reconciler.cli.plan_files import load_plan, say_standing, terms_from
    from reconciler.cli.rendering import render
    from reconciler.report.plan_json import render_document

    places = places_for(Path("manifests"), output_format, chosen)
    saved = load_plan(file)
    plan = shown_plan(console, saved.plan)
    as_saved = output_format == "json" and plan is saved.plan
    console.out(render_document(saved.document) if as_saved else render(plan, output_format, console, places=places))
    say_standing(console, saved, terms_from(chosen["max_age"], chosen["verify_key"]))
    return 0
