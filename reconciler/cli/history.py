"""`reconciler history`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reconciler.cli.audience import audience_option, relay
from reconciler.cli.audience_history import shown_changes, shown_entries, shown_faults, shown_query, shown_runs
from reconciler.cli.moments import Moment
from reconciler.core.counts import counted
from reconciler.errors import UsageError
from reconciler.state_lock import find_holder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.cli.console import Console

_ASKED = ("since", "until", "user", "group")
_PROVED = ("head", "after")


class Hash(click.ParamType[str]):
    """The hash of an entry."""

    name = "HASH"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch("sha256:[0-9a-f]{64}", str(value)):
            self.fail(f"{value!r} is not sha256: and 64 digits, as apply says at its end", param, ctx)
        return str(value)


@click.command(
    epilog="Examples: reconciler history; reconciler history last shows each action of the newest run; reconciler"
    " history --since 30d --user ann@widget.example --format csv tells an auditor; reconciler history --verify --head"
    " sha256:... proves it. Exit codes: 0 fine, 1 error, or the journal is not as it was written."
)
@click.argument("run", required=False)
@click.option("--since", type=Moment(), help="Changes since then: 2026-11-01, a time, or 7d for seven days ago.")
@click.option("--until", type=Moment(whole_days=True), help="Changes until then, a day as a whole.")
@click.option("--user", metavar="NAME", help="Changes to this user and their memberships, by any userName they had.")
@click.option("--group", metavar="NAME", help="Changes to this group and its members, by any name that it had.")
@click.option("--verify", is_flag=True, help="Prove that the journal is whole and unchanged.")
@click.option("--head", type=Hash(), help="With --verify: a hash kept elsewhere, which has to be in the journal.")
@click.option("--after", type=Hash(), help="With --verify: the hash that the oldest run left here has to follow.")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
@audience_option
@click.pass_obj
def command(console: Console, /, run: str | None, *, verify: bool, output_format: str, **chosen: Any) -> int:
    """Show what earlier applies did, from the journal in the state directory: who changed what, when, and why.

    RUN is the name of a run as it is listed, the beginning of one, or `last`.
    """
    asked = [name for name in _ASKED if chosen[name] is not None]
    proved = [name for name in _PROVED if chosen[name] is not None]
    if proved and not verify:
        raise UsageError(f"--{proved[0]} is for --verify")
    if verify + bool(run) + bool(asked) > 1:
        raise UsageError(
            "a run, --verify, and what changed (--since, --until, --user, --group) are asked for one by one"
        )
    holder = find_holder(console.state)
    if holder:
        relay(console, f"{holder}: what it has not finished yet is shown as interrupted")
    if chosen["since"] and chosen["until"] and chosen["since"] >= chosen["until"]:
        raise UsageError("--until is before --since: nothing is in between")
    if verify:
        return _show_verdict(console, output_format, chosen)
    if run:
        _show_run(console, run, output_format)
    elif asked:
        _show_changes(console, output_format, chosen)
    else:
        _show_runs(console, output_format)
    return 0


def _show_runs(console: Console, output_format: str) -> None:
    from reconciler.cli.history_tables import RUNS, history_document, run_row
    from reconciler.cli.history_text import render_history
    from reconciler.journal.reading import read_all, summarise

    found = tuple(read_all(console.state))
    summaries = map(summarise, (run for run in found if run.entries))
    runs = shown_runs(console, [run for run in summaries if console.tenant in (None, run.tenant)])
    views = Views(partial(render_history, runs, console.width), history_document(runs), RUNS, map(run_row, runs))
    _show(console, output_format, views)
    _say_unreadable(console, [(run.run, run.unreadable) for run in found if run.unreadable])


def _show_run(console: Console, run: str, output_format: str) -> None:
    from reconciler.cli.history_tables import CHANGES, change_row
    from reconciler.cli.history_text import render_run
    from reconciler.journal.changes import Query, find_changes
    from reconciler.journal.reading import read_run

    found = read_run(console.state, run, console.tenant)
    shown = found._replace(entries=shown_entries(console, found.entries))
    changes = shown_changes(console, find_changes([found], Query()).changes, [found])
    views = Views(partial(render_run, shown, console.width), shown.entries, CHANGES, map(change_row, changes))
    _show(console, output_format, views)
    _say_unreadable(console, [(found.run, found.unreadable)] if found.unreadable else ())


def _show_changes(console: Console, output_format: str, chosen: dict[str, Any]) -> None:
    from reconciler.cli.history_tables import CHANGES, change_row, changes_document
    from reconciler.cli.history_text import render_changes
    from reconciler.journal.changes import Query, find_changes
    from reconciler.journal.reading import read_all

    query = Query(**{name: chosen[name] for name in _ASKED}, tenant=console.tenant)
    runs = tuple(read_all(console.state))
    answer = find_changes(runs, query)
    answer = replace(answer, changes=shown_changes(console, answer.changes, runs))
    text = partial(render_changes, answer.changes, shown_query(console, query), console.width)
    _show(console, output_format, Views(text, changes_document(answer), CHANGES, map(change_row, answer.changes)))
    _say_unreadable(console, answer.unreadable)


def _show_verdict(console: Console, output_format: str, chosen: dict[str, Any]) -> int:
    from reconciler.cli.history_tables import FAULTS, verdict_document
    from reconciler.cli.history_text import render_verdict
    from reconciler.journal.verifying import verify_journal

    verdict = verify_journal(console.state, chosen["head"], chosen["after"])
    verdict = replace(verdict, faults=shown_faults(console, verdict.faults))
    text = partial(render_verdict, verdict, console.width, kept=chosen["head"] is not None)
    rows = (fault._asdict() for fault in verdict.faults)
    _show(console, output_format, Views(text, verdict_document(verdict), FAULTS, rows))
    return 1 if verdict.faults else 0


class Views(NamedTuple):
    """One answer in each format."""

    text: Callable[[], str]
    document: object
    columns: Sequence[str]
    rows: Iterable[Mapping[str, object]]


def _show(console: Console, output_format: str, views: Views) -> None:
    from reconciler.cli.history_tables import csv_text
    from reconciler.report.json_text import json_text

    if output_format == "json":
        console.out(json_text(views.document))
    else:
        console.out(csv_text(views.columns, views.rows) if output_format == "csv" else views.text())


def _say_unreadable(console: Console, unreadable: Iterable[tuple[str, int]]) -> None:
    for run, count in unreadable:
        lines = f"{counted(count, 'line')} of run {run} cannot be read"
        console.say(f"warning: {lines}: reconciler history --verify tells more")
