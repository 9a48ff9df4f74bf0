"""A plan in the format that was asked for; each format is loaded when it is needed."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.cli.options import MACHINE_FORMATS
from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console
    from reconciler.core.forecast import Forecast
    from reconciler.core.model import Plan
    from reconciler.run import Planned


def render(
    plan: Plan, output_format: str, console: Console, *, manifests: Path | None = None, as_drift: bool = False
) -> str:
    """`plan` in any of `FORMATS`, and where its `manifests` are known in those for pipelines.

    As drift: told from 4me's side (text and formats for pipelines).
    """
    if manifests and output_format in MACHINE_FORMATS:
        from reconciler.cli.machine_formats import render_plan_results

        return render_plan_results(plan, output_format, console, manifests, as_drift=as_drift)
    if output_format == "json":
        from reconciler.report.plan_json import render_plan_json

        return render_plan_json(plan)
    if output_format == "markdown":
        from reconciler.report.markdown import render_plan_markdown

        return render_plan_markdown(plan)
    if output_format == "html":
        from reconciler.report.html import render_plan_html

        return render_plan_html(plan)
    from reconciler.report.text import render_drift, render_plan

    return (render_drift if as_drift else render_plan)(plan, color=console.color, width=console.width)


def tell_reading(console: Console, planned: Planned) -> None:
    """How live state was read, for those who asked for more."""
    if console.verbose:
        from reconciler.report.reading import render_ways

        console.detail(f"{render_ways(planned.reading)}\nfingerprint {planned.plan.fingerprint}")


def say_forecast(console: Console, forecast: Forecast) -> None:
    """What an apply will take, where there is something to do."""
    from reconciler.report.forecast import render_forecast

    if forecast.requests:
        console.say(render_forecast(forecast, datetime.now().astimezone()))


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan as JSON, readable by its owner only, whole or not at all. Raises OperatorError."""
    from reconciler.report.plan_json import render_plan_json

    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(render_plan_json(plan))
        partial.replace(path)
    except OSError as error:
        raise OperatorError(f"the plan cannot be written to {path}: {error.strerror}") from error


def load_plan(path: Path) -> Plan:
    """A saved plan. Raises OperatorError where the file is none."""
    from reconciler.report.plan_json import parse_plan_json

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is not a saved plan: it is not UTF-8 text") from None
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error
    return parse_plan_json(text)
