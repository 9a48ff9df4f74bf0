"""`reconciler schema`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

PROFILES = ("default", "entra-scim")

if TYPE_CHECKING:
    from reconciler.cli.console import Console


@click.command(
    epilog="Example: reconciler schema > .manifests.schema.json, then name it in your editor's YAML settings."
)
@click.argument("what", type=click.Choice(["manifests", "plan"]), default="manifests")
@click.option(
    "--profile", type=click.Choice(PROFILES), help="Print this built-in mapping as Mapping documents instead."
)
@click.pass_obj
def command(console: Console, /, what: str, profile: str | None) -> int:
    """Print the JSON Schema of the manifests (for editors) or of the plan's JSON (for programs)."""
    if profile:
        from reconciler.manifests.profiles import profile_text

        console.out(profile_text(profile))
        return 0
    if what == "plan":
        from reconciler.report.plan_json import plan_schema

        document = plan_schema()
    else:
        from reconciler.manifests.json_schema import manifest_json_schema

        document = manifest_json_schema()
    console.out(json.dumps(document, indent=2, ensure_ascii=False))
    return 0
