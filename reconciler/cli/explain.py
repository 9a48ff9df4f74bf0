"""`reconciler explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option
from reconciler.cli.options import at_option, max_wait_option, plan_options, refresh_option

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(
    epilog="Examples: reconciler explain jane.doe@widget.example; reconciler explain jane.doe@widget.example title"
    " --offline. Exit codes: 0 explained, 1 error, 64 no such user, group or attribute."
)
@click.argument("key")
@click.argument("attribute", required=False)
@click.option(
    "--manifests", type=click.Path(path_type=Path), default=Path("manifests"), show_default=True, metavar="FOLDER"
)
@click.option("--offline", is_flag=True, help="Do not ask 4me what it has.")
@audience_option
@at_option
@refresh_option
@max_wait_option
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(console: Console, /, key: str, attribute: str | None, manifests: Path, **chosen: object) -> int:
    """Show how a user or group gets each SCIM attribute: record, rule, steps, scope, match, live and desired.

    KEY is a userName, a displayName of a group, or an externalId; ATTRIBUTE a SCIM path or an attribute of the record.
    """
    if console.heard.public:
        raise click.UsageError(
            "explain shows one person's values, which are not for the public: say --audience internal"
        )
    from reconciler.explain import explain
    from reconciler.report.explain import explanation_as_values, render_explanation
    from reconciler.report.json_text import json_text

    with console.progress("reading 4me") as read:
        options = plan_options(console, manifests, read, **chosen)
        told = explain(options, key, attribute, offline=bool(chosen["offline"]))
    if chosen["output_format"] == "json":
        console.out(json_text([explanation_as_values(each) for each in told]))
    else:
        console.out("\n\n".join(map(render_explanation, told)))
    return 0
