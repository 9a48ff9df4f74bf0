"""Results in the formats that pipelines read, with places as the pipeline sees them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.audience import redactor
from reconciler.report.results import Report, drift_results, plan_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.console import Console
    from reconciler.core.plan_model import Plan
    from reconciler.report.results import Result


def render_results(results: tuple[Result, ...], output_format: str, folder: Path, command: str) -> str:
    """What `command` found in the manifests of `folder`, in a format of `MACHINE_FORMATS`."""
    return _renderer(output_format)(Report(command, seen_from_root(folder), results))


def render_plan_results(plan: Plan, output_format: str, console: Console, folder: Path, *, as_drift: bool) -> str:
    """A plan's results; what has no place in the manifests is shown at the tenant's."""
    tenant, concealing = console.heard.tenant, redactor(console)
    place = tenant.source if tenant else None
    report = Report(
        "drift" if as_drift else "undo" if plan.undoes else "plan",
        seen_from_root(folder),
        (drift_results if as_drift else plan_results)(plan),
        plan.tenant.name,
        concealing.source(place) if concealing else place,
    )
    return _renderer(output_format)(report)


def seen_from_root(folder: Path) -> str:
    """The folder as a posix path from the root of its git repository, else from the working folder, else absolute."""
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay what they are called
    root = next((each for each in (absolute, *absolute.parents) if (each / ".git").exists()), Path.cwd())
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()


def _renderer(output_format: str) -> Callable[[Report], str]:
    if output_format == "junit":
        from reconciler.report.junit import render_junit

        return render_junit
    if output_format == "sarif":
        from reconciler.report.sarif import render_sarif

        return render_sarif
    from reconciler.report.annotations import render_annotations

    return render_annotations
