"""`reconciler validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import at_option, manifests_argument

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler validate manifests. Exit codes: 0 valid, 1 problems found (all are listed).")
@manifests_argument
@at_option
@click.pass_obj
def command(console: Console, /, manifests: Path, at: datetime | None) -> int:
    """Check the manifests: everything that needs no network and no token, the tests of mappings included."""
    from reconciler import run
    from reconciler.report.words import safe

    found = run.validate(manifests, at)
    for warning in found.warnings:
        for line in (f"warning: {warning}", *warning.excerpt.splitlines()):
            console.say(safe(line))
    counts = (
        (len(found.tenants), "tenant"),
        (len(found.desired.users), "user"),
        (len(found.desired.groups), "group"),
    )
    console.out("Valid: " + ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts))
    return 0
