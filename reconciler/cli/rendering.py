"""A plan in the format that was asked for; each format is loaded when it is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.options import MACHINE_FORMATS, PAGES
from reconciler.settings import expiry_during

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.cli.links import Places
    from reconciler.cli.plan_files import Saving
    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Plan
    from reconciler.planning import Planned
    from reconciler.report.review import Review


def render(
    plan: Plan,
    output_format: str,
    console: Console,
    *,
    places: Places | None = None,
    as_drift: bool = False,
) -> str:
    """`plan` in any of `FORMATS`; with `places` also in those for pipelines, there as drift where it is."""
    if places and output_format in MACHINE_FORMATS:
        from reconciler.cli.machine_formats import render_plan_results

        return render_plan_results(plan, output_format, console, places.manifests, as_drift=as_drift)
    if output_format == "json":
        from reconciler.report.plan_json import render_plan_json

        return render_plan_json(plan)
    if output_format in PAGES:
        from reconciler.report.review_plan import plan_review

        return render_review(plan_review(plan), output_format, places)
    from reconciler.report.text import render_plan

    return render_plan(plan, color=console.color, width=console.width)


def render_review(review: Review, output_format: str, places: Places | None) -> str:
    """A review in one of `PAGES`."""
    links = places.links if places else None
    if output_format == "markdown":
        from reconciler.report.markdown import render_markdown

        return render_markdown(review, links)
    from reconciler.report.html import render_html

    return render_html(review, links)


def present_plan(console: Console, planned: Planned, output_format: str, places: Places, saving: Saving) -> None:
    """Save a plan where that is asked for, print it, and say how to apply it. Raises Refused where a guard refuses."""
    from reconciler.cli.audience import shown_plan
    from reconciler.cli.plan_files import save_plan
    from reconciler.planning import refuse_breached

    tell_reading(console, planned)
    if saving.out:
        save_plan(planned.plan, saving.out, saving.signer)
    console.out(render(shown_plan(console, planned.plan), output_format, console, places=places))
    refuse_breached(planned)
    say_forecast(console, planned.forecast)
    if saving.out:
        folder, out = places.manifests, saving.out
        console.say(f"saved to {out}; apply exactly this with: reconciler apply {folder} --plan {out}")


def tell_reading(console: Console, planned: Planned) -> None:
    """How live state was read, for those who asked for more."""
    if console.verbose:
        from reconciler.report.reading import render_ways

        console.detail(f"{render_ways(planned.reading)}\nfingerprint {planned.plan.fingerprint}")


def say_forecast(console: Console, forecast: Forecast) -> None:
    """What an apply will take, where there is something to do, and whether the token would outlive it."""
    from reconciler.report.forecast import render_forecast

    if forecast.requests:
        console.say(render_forecast(forecast, datetime.now().astimezone()))
        tenant = console.heard.tenant
        notice = expiry_during(tenant.token, datetime.now(UTC), forecast.seconds) if tenant else None
        if notice:
            console.say(f"warning: {notice}")
