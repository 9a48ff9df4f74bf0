"""`reconciler history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_entries, shown_runs

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(
    epilog="Examples: reconciler history; reconciler history 20261124T101500Z-1a2b3c4d shows each action of one run."
)
@click.argument("run", required=False)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@audience_option
@click.pass_obj
def command(console: Console, run: str | None, output_format: str) -> int:
    """Show what earlier applies did, from the journal in the state directory."""
    from reconciler.cli.history_text import history_document, render_history, render_run
    from reconciler.journal.reading import read_run, read_runs
    from reconciler.report.json_text import json_text

    if run:
        entries = shown_entries(console, read_run(console.state, run).entries)
        console.out(json_text(entries) if output_format == "json" else render_run(entries))
        return 0
    runs = shown_runs(console, read_runs(console.state))
    as_json = output_format == "json"
    console.out(json_text(history_document(runs)) if as_json else render_history(runs))
    return 0
