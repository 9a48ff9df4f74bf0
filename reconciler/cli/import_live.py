"""`reconciler import`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_notes
from reconciler.cli.options import manifests_argument, max_wait_option, plan_options

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.importing import Imported

LISTED = 20
"""Notes that are told: they count by reason, and the files say all of it."""
SPLITS = ("auto", "organization", "chunks", "one")


@click.command(
    epilog="Example: reconciler --tenant production import manifests --out imported. Exit codes: 0 written, and a plan"
    " of it has nothing to do; 1 error, nothing was written; 2 written, but a plan of it would not be empty."
)
@manifests_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("imported"),
    show_default=True,
    help="Folder for the manifests; it must hold none yet.",
)
@click.option("--include-inactive", is_flag=True, help="Inactive users too, as `active: false`.")
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    default="auto",
    show_default=True,
    help="Users in a file per organisation, in chunks, or in one file; auto: as their number suggests.",
)
@click.option(
    "--chunk-size", type=click.IntRange(min=1), default=500, show_default=True, help="Most users in one of the files."
)
@click.option("--force", is_flag=True, help="Replace what an earlier import wrote there.")
@audience_option
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, out: Path, **chosen: object) -> int:
    """Write a live tenant as manifests that plan to nothing. Only reads from 4me.

    MANIFESTS needs the Tenant document, and a Mapping where attributes have other names; both are copied.
    """
    from reconciler.importing import ImportOptions, import_live

    what = ImportOptions(
        out,
        datetime.now(UTC).date().isoformat(),
        include_inactive=bool(chosen["include_inactive"]),
        split=str(chosen["split"]),  # type: ignore[arg-type]
        size=int(str(chosen["chunk_size"])),
        force=bool(chosen["force"]),
    )
    with console.progress("reading 4me") as read:
        imported = import_live(plan_options(console, manifests, read, **chosen), what)
    _tell(console, imported, out)
    return 2 if imported.remaining.actions else 0


def _tell(console: Console, imported: Imported, out: Path) -> None:
    from reconciler.report.words import safe

    inventory, summary = imported.inventory, imported.live.summary
    console.out("\n".join(safe(f"{out.as_posix()}/{path}: {count}") for path, count in imported.files.items()))
    notes = shown_notes(console, imported.notes)
    for note in notes[:LISTED]:
        console.warn(safe(f"note: {note}"))
    if len(notes) > LISTED:
        console.warn(f"note: and {len(notes) - LISTED} more")
    console.say(
        f"{len(inventory.users)} users and {len(inventory.groups)} groups imported in {summary.requests} requests;"
        f" left out: {inventory.inactive} inactive users, {inventory.foreign} users and groups that are not owned"
    )
    remaining = imported.remaining.actions
    if remaining:
        reasons = sorted({f"{each.kind.value}: {each.reason}" for each in remaining})
        console.warn(f"warning: a plan of it has {len(remaining)} actions, among them:")
        for reason in shown_notes(console, reasons)[:LISTED]:
            console.warn(safe(f"  {reason}"))
    else:
        console.say("a plan of it has nothing to do")
    console.say(f"look at it with: reconciler plan {out}")
