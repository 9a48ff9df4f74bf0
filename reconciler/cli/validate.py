"""`reconciler validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import manifests_argument

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler validate manifests. Exit codes: 0 valid, 1 problems found (all are listed).")
@manifests_argument
@click.pass_obj
def command(console: Console, manifests: Path) -> int:
    """Check the manifests: everything that needs no network and no token."""
    from reconciler import run

    found = run.validate(manifests)
    counts = (
        (len(found.tenants), "tenant"),
        (len(found.desired.users), "user"),
        (len(found.desired.groups), "group"),
    )
    console.out("Valid: " + ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts))
    return 0
