"""`reconciler completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconciler.cli.console import Console


@click.command(epilog='Example, in ~/.bashrc: eval "$(reconciler completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the script that completes commands and options in your shell."""
    completion = get_completion_class(shell)
    console = context.find_object(Console)
    if completion and console:
        console.out(completion(context.find_root().command, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return 0
