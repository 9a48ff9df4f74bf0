"""`reconciler sandbox`."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.sandbox import SandboxOptions


@click.command(
    epilog="Example: reconciler sandbox --port 8080 --users 1000 --groups 20 --fault status=503,path=/Users,times=2."
    " Stop it with Ctrl-C. docs/sandbox.md lists every fault."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Loopback port (default: a free one).")
@click.option("--database", type=click.Path(dir_okay=False, path_type=Path), help="Keep the data in this file.")
@click.option("--empty", is_flag=True, help="Start without users and groups.")
@click.option("--users", type=click.IntRange(min=0), default=0, help="Generate so many users instead of the example.")
@click.option("--groups", type=click.IntRange(min=0), default=0, help="Generate so many groups.")
@click.option("--members-per-group", type=click.IntRange(min=0), default=100, show_default=True)
@click.option("--token", help="Demand this bearer token (401 without it).")
@click.option("--account", help="Serve this account only (403 for others).")
@click.option("--rate-limit", type=click.IntRange(min=1), default=3600, show_default=True, help="Requests an hour.")
@click.option("--burst-limit", type=click.IntRange(min=1), help="Requests in any two seconds.")
@click.option("--latency", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait before each answer.")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="Go wrong on demand (repeatable).")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Write each request to this file as JSON.")
@click.pass_obj
def command(console: Console, /, port: int, **given: object) -> int:
    """Serve a local 4me on a loopback port: the same API, quirks and limits. Not for production."""
    from reconciler.sandbox import open_sandbox
    from reconciler.sandbox.server import serve

    sandbox = open_sandbox(_options(given))
    try:
        with serve(sandbox, port) as served:
            console.out(f"4me SANDBOX (local, no real accounts) on {served.url}")
            console.say("in a Tenant document: endpoint: " + served.url + "; stop with Ctrl-C")
            Event().wait()
    except KeyboardInterrupt:
        console.say("stopped")
    finally:
        sandbox.close()
    return 0


def _options(given: dict[str, object]) -> SandboxOptions:
    from reconciler.sandbox import Organisation, SandboxOptions, parse_fault

    generated = ("users", "groups", "members_per_group")
    sizes = [given[name] for name in generated]
    organisation = Organisation(*sizes) if given["users"] or given["groups"] else None  # type: ignore[arg-type]
    direct = {name: value for name, value in given.items() if name not in (*generated, "empty", "faults")}
    faults = given["faults"] if isinstance(given["faults"], tuple) else ()
    return SandboxOptions(
        **direct,  # type: ignore[arg-type]
        organisation=organisation,
        seeded=not given["empty"],
        faults=tuple(map(parse_fault, faults)),
    )
