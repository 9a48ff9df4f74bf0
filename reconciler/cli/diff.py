"""`reconciler diff`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.audience import audience_option, hear_declared, shown_diff
from reconciler.cli.links import link_options, places_for
from reconciler.cli.options import PAGES, at_option, format_option

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.cli.links import Places
    from reconciler.core.access import AccessDiff, Side


@click.command(
    epilog="Examples: reconciler diff main; reconciler diff origin/main HEAD --merge-base --format json; reconciler"
    " diff HEAD --exit-code. Exit codes: 0 compared, 1 error, 2 something changes effectively (with --exit-code)."
)
@click.argument("base")
@click.argument("head", required=False)
@click.argument("manifests", type=click.Path(path_type=Path), required=False, metavar="[MANIFESTS]")
@click.option("--merge-base", is_flag=True, help="Compare with the common ancestor of both, as pull requests do.")
@click.option(
    "--base-manifests",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The manifests of BASE, where they have been moved since.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 2 where anything changes effectively, with 0 where nothing.")
@at_option
@format_option
@audience_option
@link_options
@click.pass_obj
def command(console: Console, /, base: str, head: str | None, manifests: Path | None, **chosen: Any) -> int:
    """Show what a change to the manifests does to people's access.

    Compares two git revisions; without HEAD, BASE with the files of the working tree. Needs no network and no token.
    """
    from reconciler.diff import DiffOptions, diff

    found = diff(
        DiffOptions(
            base,
            head,
            manifests,
            chosen["base_manifests"],
            merge_base=chosen["merge_base"],
            at=chosen["at"],
            on_sides=partial(hear_declared, console),
        )
    )
    places = places_for(Path(found.head.folder), chosen["output_format"], _where(found.head, chosen))
    console.out(_render(shown_diff(console, found), chosen["output_format"], console, places))
    return 2 if found and chosen["exit_code"] else 0


def _where(head: Side, chosen: dict[str, Any]) -> dict[str, Any]:
    """Where HEAD's places are on the web, unless options say otherwise; the working tree's have no commit."""
    given = {name: value for name, value in chosen.items() if value is not None}
    return {"repository_path": "" if head.folder == "." else head.folder, "revision": head.commit} | given


def _render(found: AccessDiff, output_format: str, console: Console, places: Places) -> str:
    if output_format in PAGES:
        from reconciler.cli.rendering import render_review
        from reconciler.report.review_diff import diff_review

        return render_review(diff_review(found), output_format, places)
    if output_format == "json":
        from reconciler.report.diff_json import render_diff_json

        return render_diff_json(found)
    from reconciler.report.diff_text import render_diff

    return render_diff(found, color=console.color, width=console.width, everything=console.verbose)
