"""Talk and progress on one terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.console import Console

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        return True


def attach(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    return terminal


def test_what_is_said_stands_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, console = attach(monkeypatch), Console(None, Path())
    with console.progress("reading") as bar:
        console.say("early")
        bar(1, 3)
        console.say("[bold]waiting[/bold] " + "x" * 60)
        bar.close()
        console.say("late")
    shown = terminal.getvalue()
    assert "\r\x1b[2K[bold]waiting[/bold] " + "x" * 60 + "\n" in shown
    assert (shown.startswith("early\n"), shown.endswith("late\n"), console.bars) == (True, True, [])


def test_a_bar_shows_when_it_will_be_done_where_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, console = attach(monkeypatch), Console(None, Path())
    monkeypatch.setenv("COLUMNS", "100")
    with console.progress("applying") as bar:
        bar(1, 3, "done at about 16:37")
    assert "1/3" in terminal.getvalue()
    assert "done at about 16:37" in terminal.getvalue()


def test_a_bar_without_a_total_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, console = attach(monkeypatch), Console(None, Path())
    monkeypatch.setenv("COLUMNS", "100")
    with console.progress("applying") as bar:
        bar(0, None)
        bar.close()
        bar(1, 3)
    assert "None" not in terminal.getvalue()


def test_quiet_shows_no_bar_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, console = attach(monkeypatch), Console(None, Path(), quiet=True, verbosity=1)
    with console.progress("reading") as bar:
        bar(1, 3)
        console.say("waiting")
        console.detail("more")
    assert terminal.getvalue() == "more\n"
