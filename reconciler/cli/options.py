"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.audience import hear_states, relay
from reconciler.cli.durations import Duration
from reconciler.core.guards import ALLOWABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.console import Console
    from reconciler.core.canary import Canary
    from reconciler.run import PlanOptions

FORMATS = ("text", "json", "markdown", "html")
PAGES = ("markdown", "html")
"""For people who decide."""
MACHINE_FORMATS = ("junit", "sarif", "github")
"""For pipelines: results with their places in the manifests."""


class Allowance(click.ParamType[tuple[str, int]]):
    """`GUARD=COUNT`."""

    name = "GUARD=COUNT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value[0], value[1]
        found = re.fullmatch(r"(\w+)=(\d{1,9})", str(value), re.ASCII)
        if not found or found[1] not in ALLOWABLE:
            self.fail(f"{value!r} is not GUARD=COUNT with GUARD one of {', '.join(ALLOWABLE)}", param, ctx)
        return found[1], int(found[2])


class CanaryType(click.ParamType["Canary"]):
    """`N` or `P%`."""

    name = "N|P%"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Canary:
        from reconciler.core.canary import Canary, parse_canary

        if isinstance(value, Canary):
            return value
        try:
            return parse_canary(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Clock(click.ParamType[datetime]):
    """A point in time."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        from reconciler.mapping.clock import parse_clock

        try:
            return parse_clock(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


manifests_argument = click.argument(
    "manifests", type=click.Path(path_type=Path), default=Path("manifests"), metavar="[MANIFESTS]"
)
allow_option = click.option(
    "--allow",
    multiple=True,
    type=Allowance(),
    help="Let a guard pass up to this count, for example deactivations=57.",
)
target_option = click.option(
    "--target", "targets", multiple=True, metavar="KEY", help="Only this userName or group displayName (repeatable)."
)
max_wait_option = click.option(
    "--max-wait",
    type=Duration(),
    help="Longest wait for the service's limits, such as 90s, 10m or 2h; a longer one ends the run at once.",
)
canary_option = click.option(
    "--canary",
    type=CanaryType(),
    help="Carry out so many actions first (5, or 10% of all), read them back, and go on only if 4me has what was asked"
    " for.",
)
at_option = click.option(
    "--at", type=Clock(), help="What Now() in mappings gives, such as 2026-11-01 (default: the start of the run)."
)
refresh_option = click.option(
    "--refresh",
    type=click.Choice(["auto", "full"]),
    default="auto",
    show_default=True,
    help="full: read everything anew.",
)
format_option = click.option(
    "--format", "output_format", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print it."
)
results_format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice([*FORMATS, *MACHINE_FORMATS]),
    default="text",
    show_default=True,
    help="How to print it; junit, sarif and github are for pipelines.",
)


def plan_options(
    console: Console, manifests: Path, read: Callable[[int, int | None], None], **chosen: object
) -> PlanOptions:
    """What the command line says about planning.

    `chosen`: targets, allow, refresh, at and max_wait, as far as the command has them.
    """
    from reconciler.run import PlanOptions

    targets, allow, max_wait = chosen.get("targets", ()), chosen.get("allow", ()), chosen.get("max_wait")
    at = chosen.get("at")
    return PlanOptions(
        manifests,
        console.state,
        tenant=console.tenant,
        targets=targets if isinstance(targets, tuple) else (),
        full=chosen.get("refresh") == "full",
        allow=dict(allow) if isinstance(allow, tuple) else {},
        at=at if isinstance(at, datetime) else None,
        max_wait=max_wait if isinstance(max_wait, float) else None,
        timing=console.timing,
        on_read=read,
        on_talk=partial(relay, console),
        on_tenant=console.heard.hear_tenant,
        on_exchange=console.on_exchange(),
        command=click.get_current_context().info_name or "",
        lock_timeout=console.lock_timeout,
        on_states=partial(hear_states, console),
    )
