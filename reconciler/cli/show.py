"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler show plan.json --format markdown")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@format_option
@click.pass_obj
def command(console: Console, file: Path, output_format: str) -> int:
    """Print a saved plan in any format. Nothing is read from 4me, so the plan may be stale."""
    from reconciler.cli.rendering import load_plan, render

    plan = load_plan(file)
    console.out(render(plan, output_format, console))
    console.say(f"planned at {plan.created_at}; 4me may have changed since")
    return 0
