"""A plan as one self-contained HTML page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler.core.guards import explain_breach
from reconciler.report.words import (
    NO_CHANGES,
    SYMBOLS,
    impact,
    safe,
    show_member,
    show_path,
    show_value,
    summary_line,
    telling_changes,
    why,
)

if TYPE_CHECKING:
    from jinja2 import Template

    from reconciler.core.model import Plan


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reconciler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "safe_text": safe,
        "value": show_value,
        "short": show_path,
        "member": show_member,
        "why": why,
        "telling": telling_changes,
    }
    return environment.get_template("plan.html.j2")


def render_plan_html(plan: Plan) -> str:
    """Impact and numbers, guards, warnings, and a table that can be searched. Loads nothing from anywhere."""
    return _template().render(
        plan=plan,
        impact=impact(plan),
        summary=summary_line(plan) if plan.actions else NO_CHANGES,
        symbols=SYMBOLS,
        refusals=[explain_breach(guard) for guard in plan.guards if guard.breached],
    )
