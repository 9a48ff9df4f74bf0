"""`reconciler validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option, shown_problems
from reconciler.cli.options import MACHINE_FORMATS, at_option, manifests_argument
from reconciler.core.counts import counted
from reconciler.errors import ManifestError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconciler.cli.console import Console
    from reconciler.manifests.read import Manifests


@click.command(
    epilog="Examples: reconciler validate manifests; reconciler validate manifests --format sarif > reconciler.sarif."
    " Exit codes: 0 valid, 1 problems found (all are listed)."
)
@manifests_argument
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", *MACHINE_FORMATS]),
    default="text",
    show_default=True,
    help="How to print it; junit, sarif and github are for pipelines.",
)
@audience_option
@at_option
@click.pass_obj
def command(console: Console, /, manifests: Path, output_format: str, at: datetime | None) -> int:
    """Check the manifests: everything that needs no network and no token, the tests of mappings included."""
    from reconciler import run

    try:
        found = run.validate(manifests, at)
    except ManifestError as error:
        if output_format != "text":
            _report(console, manifests, output_format, error)
        raise
    _tell_warnings(console, found)
    if output_format == "text":
        _tell(console, found)
    else:
        _report(console, manifests, output_format, found)
    return 0


def _report(console: Console, folder: Path, output_format: str, found: ManifestError | Manifests) -> None:
    from reconciler.cli.machine_formats import render_results
    from reconciler.report.results import problem_results

    problems = found.problems if isinstance(found, ManifestError) else ()
    results = problem_results(shown_problems(console, problems), shown_problems(console, found.warnings))
    console.out(render_results(results, output_format, folder, "validate"))


def _tell_warnings(console: Console, found: Manifests) -> None:
    from reconciler.report.words import safe

    for warning in shown_problems(console, found.warnings):
        for line in (f"warning: {warning}", *warning.excerpt.splitlines()):
            console.say(safe(line))


def _tell(console: Console, found: Manifests) -> None:
    always = (
        (len(found.tenants), "tenant", ""),
        (len(found.desired.users), "user", ""),
        (len(found.desired.groups), "group", ""),
    )
    where_any = (
        (found.mappings, "mapping", ""),
        (found.tests, "test", " passed"),
        (len(found.desired.outside), "record", " out of scope"),
    )
    counts = (*always, *(each for each in where_any if each[0]))
    console.out("Valid: " + ", ".join(f"{counted(count, noun)}{how}" for count, noun, how in counts))
