"""Where output goes: data on stdout, talk and progress on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.heard import Heard
from reconciler.cli.log import Log, describe_request, request_fields
from reconciler.settings import color_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.progress import Progress

    from reconciler.scim.exchanged import Exchanged
    from reconciler.scim.pacing import Timing

NARROWEST, WIDEST = 60, 120
REQUESTS = 2
"""How verbose to be to show each request."""


@dataclass(frozen=True, slots=True)
class Console:
    """The global options, and how to talk.

    `verbosity`: 1 for details, 2 for each request; `bodies`: with its bodies. `timing`: where requests take their time
    from, None for the usual clock.
    """

    tenant: str | None
    state: Path
    lock_timeout: float = 60.0
    verbosity: int = 0
    quiet: bool = False
    plain: bool = False
    telling: bool = True
    timing: Timing | None = None
    bodies: bool = False
    log: Log = field(default_factory=Log)
    heard: Heard = field(default_factory=Heard, init=False, repr=False, compare=False)
    bars: list[Bar] = field(default_factory=list, init=False, repr=False, compare=False)

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

    @property
    def verbose(self) -> bool:
        """Whether more is asked for than usual."""
        return self.verbosity > 0

    def say(self, text: str, **fields: Any) -> None:
        """Talk, unless it is to be quiet; `fields` are for tools that read the log."""
        if not self.quiet:
            self._talk(self.log.render(text, **fields))

    def warn(self, text: str) -> None:
        """Talk that is told even where it is to be quiet."""
        self._talk(self.log.render(text, "warning"))

    def detail(self, text: str) -> None:
        """Talk for those who asked for more."""
        if self.verbose:
            self._talk(self.log.render(text, "debug"))

    def ask(self, question: str) -> bool:
        """Whether a person says yes; on stdout where tools read stderr. Raises click.Abort."""
        return click.confirm(question, err=self.log.is_text)

    def ask_for(self, question: str, default: str, choice: Sequence[str]) -> str:
        """A person's answer, one of `choice` where that is given; on the same side as `ask`. Raises click.Abort."""
        kind = click.Choice(choice) if choice else str
        answer = click.prompt(question, default, type=kind, show_default=bool(default), err=self.log.is_text)
        return str(answer)

    def on_exchange(self) -> Callable[[Exchanged], None] | None:
        """Who hears of each request, if anybody asked for that."""
        return self._tell_request if self.verbosity >= REQUESTS else None

    def _tell_request(self, exchanged: Exchanged) -> None:
        bodies = self.bodies and not self.heard.public
        exchanged = exchanged.without_ids() if self.heard.public else exchanged
        fields = {} if self.log.is_text else request_fields(exchanged, bodies=bodies)
        for line in describe_request(exchanged, bodies=bodies and self.log.is_text):
            self._talk(self.log.render(line, "debug", **fields))

    def _talk(self, line: str) -> None:
        """Above the bar that is on the screen, if there is one."""
        if not any(bar.say(line) for bar in self.bars):
            click.echo(line, err=True)

    @contextmanager
    def progress(self, label: str) -> Iterator[Bar]:
        """A bar with counts, rate and time left on a terminal; silent in a pipeline."""
        shown = self.log.is_text and not self.quiet and sys.stderr.isatty()
        bar = Bar(label, shown=shown, plain=self.plain)
        self.bars.append(bar)
        try:
            yield bar
        finally:
            bar.close()
            self.bars.remove(bar)


class Bar:
    """Progress that appears with the first step and goes when it is closed."""

    def __init__(self, label: str, *, shown: bool, plain: bool) -> None:
        self._label, self.shown, self._plain = label, shown, plain
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int | None, until: str = "") -> None:
        """So many of so many are done; `until`: when all are, where that is known better than from the rate."""
        if not self.shown:
            return
        progress = self._progress = self._progress or self._start()
        elapsed = progress.tasks[0].elapsed or 0
        rate = f"{done / elapsed:.0f}" if elapsed else "-"
        of = "" if total is None else f"/{total}"
        progress.update(progress.tasks[0].id, completed=done, total=total, of=of, rate=rate, until=until)

    def say(self, text: str) -> bool:
        """Show a line above it, where it is on the screen; whether it is."""
        progress = self._progress
        if progress:
            progress.console.out(text, highlight=False)
        return progress is not None

    def close(self) -> None:
        """Take it off the screen; a further step shows it again."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _start(self) -> Progress:
        from rich.console import Console as RichConsole
        from rich.console import RenderableType
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

        class End(ProgressColumn):
            """When all will be done, or in what time at the rate so far."""

            by_rate = TimeRemainingColumn()

            def render(self, task: Task) -> RenderableType:
                return until if (until := str(task.fields["until"])) else self.by_rate(task)

        counts = TextColumn("{task.completed}{task.fields[of]} ({task.fields[rate]}/s)")
        columns = (TextColumn("{task.description}"), BarColumn(), counts, End())
        progress = Progress(*columns, console=RichConsole(stderr=True, no_color=self._plain), transient=True)
        progress.add_task(self._label, total=None, of="", rate="-", until="")
        progress.start()
        return progress
