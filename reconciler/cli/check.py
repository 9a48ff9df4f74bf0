"""`reconciler check`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import manifests_argument, max_wait_option, plan_options
from reconciler.settings import describe_token

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console


@click.command(epilog="Example: reconciler --tenant production check manifests")
@manifests_argument
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, **chosen: object) -> int:
    """Test a tenant: endpoint, token and its age, capabilities, matching attributes, rate limit left."""
    from reconciler import run
    from reconciler.report.forecast import render_budget

    tenant, probe = run.check(plan_options(console, manifests, lambda _done, _total: None, **chosen))
    lines = [
        f"tenant    {tenant.name}",
        f"endpoint  {tenant.endpoint}" + (f", account {tenant.account}" if tenant.account else ""),
        f"answers   in {probe.milliseconds} ms, dialect {probe.dialect}",
        f"holds     {probe.users} users, {probe.groups} groups",
        f"token     {describe_token(tenant.token)}",
        f"left      {render_budget(probe.budget, datetime.now().astimezone())}",
        *(f"filter    {name}: {'works' if works else 'DOES NOT WORK'}" for name, works in probe.filters),
    ]
    console.out("\n".join(lines))
    return 0 if all(works for _, works in probe.filters) else 1
