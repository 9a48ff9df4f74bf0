"""`reconciler check`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import audience_option
from reconciler.cli.options import manifests_argument, max_wait_option, plan_options
from reconciler.settings import describe_token

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.console import Console
    from reconciler.core.tenant import Tenant


@click.command(epilog="Examples: reconciler --tenant production check manifests; reconciler check manifests --notify")
@manifests_argument
@click.option("--notify", "test", is_flag=True, help="Also send a test message to all that `notify` names.")
@audience_option
@max_wait_option
@click.pass_obj
def command(console: Console, /, manifests: Path, *, test: bool, **chosen: object) -> int:
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
    works = not test or _test_notifications(console, tenant)
    return 0 if works and all(works for _, works in probe.filters) else 1


def _test_notifications(console: Console, tenant: Tenant) -> bool:
    """Whether a test message arrived everywhere."""
    from reconciler.notify import send_test

    deliveries = send_test(tenant)
    for each in deliveries:
        console.out(f"notify    {each.env}: {each.failure or 'delivered'}")
    if not deliveries:
        console.out("notify    nobody: there is no `notify` in the Tenant document")
    return all(each.failure is None for each in deliveries)
