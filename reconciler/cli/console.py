"""Where output goes: data on stdout, talk and progress on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from reconciler.settings import color_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NARROWEST, WIDEST = 60, 120


@dataclass(frozen=True, slots=True)
class Console:
    """The global options, and how to talk."""

    tenant: str | None
    state: Path
    verbose: bool = False
    quiet: bool = False
    plain: bool = False

    @property
    def color(self) -> bool:
        """Whether stdout takes colours."""
        return not self.plain and color_wanted(terminal=sys.stdout.isatty())

    @property
    def width(self) -> int:
        """Columns to lay text out for."""
        columns = get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
        return max(NARROWEST, min(columns, WIDEST))

    def out(self, text: str) -> None:
        """Results."""
        click.echo(text.rstrip("\n"))

    def say(self, text: str) -> None:
        """Talk, unless it is to be quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Talk for those who asked for more."""
        if self.verbose:
            click.echo(text, err=True)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int | None], None]]:
        """A bar with counts, rate and time left on a terminal; silent in a pipeline."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        counts = TextColumn("{task.completed}/{task.total} ({task.fields[rate]}/s)")
        columns = (TextColumn("{task.description}"), BarColumn(), counts, TimeRemainingColumn())
        with Progress(*columns, console=RichConsole(stderr=True, no_color=self.plain), transient=True) as bars:
            task = bars.add_task(label, total=None, rate="-")

            def update(done: int, total: int | None) -> None:
                elapsed = bars.tasks[0].elapsed or 0
                rate = f"{done / elapsed:.0f}" if elapsed else "-"
                bars.update(task, completed=done, total=total, rate=rate)

            yield update
