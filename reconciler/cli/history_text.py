"""The journal for people: its runs, what one did, what changed for whom, and whether it is as it was written."""

from __future__ import annotations

from datetime import UTC
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.core.counts import counted
from reconciler.core.model import ResourceType
from reconciler.core.times import parse_time
from reconciler.journal.changes import read_facts
from reconciler.report.words import CHANGED, is_hidden, safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Value
    from reconciler.journal.changes import Changed, Query, RunFacts
    from reconciler.journal.reading import RunEntries, RunEntry
    from reconciler.journal.verifying import Fault, Verdict

COMMIT = 12
"""Characters of a commit that people look at."""
KEEP = (
    "A chain shows what was changed inside it. Whoever can write all of it can make it anew, or cut its end off: keep"
    " the head elsewhere, and check with --head."
)


def render_history(runs: Sequence[RunEntry], width: int) -> str:
    """One block a run, the newest first."""
    if not runs:
        return "No apply has been recorded in this state directory."
    return "\n".join(line for run in reversed(runs) for line in _run_lines(run, width))


def render_run(run: RunEntries, width: int) -> str:
    """Where one run came from, and each of its actions with its outcome, before and after."""
    told = {"outcome": _outcome_lines, "canary": _canary_lines}
    lines = (line for entry in run.entries if entry["entry"] in told for line in told[entry["entry"]](entry, width))
    return "\n".join((*_fact_lines(read_facts(run), width), *lines))


def render_changes(changes: Sequence[Changed], query: Query, width: int) -> str:
    """One line a change, below the run that made it and the user or group that it was made to, oldest first."""
    if not changes:
        return "\n".join(wrap(f"Nothing about {_asked(query)}.", width))
    lines: list[str] = []
    for facts, made in groupby(changes, lambda change: change.run):
        lines += _fact_lines(facts, width)
        for heading, of_one in groupby(made, _heading):
            whats = [_what(change) for change in of_one]
            lines += _wrapped(f"{heading}: {whats[0]}" if len(whats) == 1 else heading, width, "  ")
            lines += [line for what in whats if len(whats) > 1 for line in _wrapped(what, width, " " * 6)]
    return "\n".join((*lines, f"{counted(len(changes), 'change')}: {_asked(query)}."))


def render_verdict(verdict: Verdict, width: int, *, kept: bool) -> str:
    """Whether the journal is as it was written; `kept`: it was held against a head kept elsewhere."""
    runs = f"{counted(verdict.runs, 'run')}, {verdict.entries} entries"
    lines = []
    if verdict.faults:
        lines += _wrapped(f"The journal is not as it was written ({runs}):", width)
        for fault in verdict.faults:
            lines += _wrapped(_fault_line(fault), width, "  ")
    else:
        lines.append(f"The journal is whole and unchanged: {runs}.")
    for note in verdict.notes:
        lines += _wrapped(f"note: {note}", width)
    if verdict.older:
        lines.append(f"note: {counted(verdict.older, 'run')} of an older format, not chained")
    if verdict.head:
        lines += [f"head: {verdict.head}", f"      of run {verdict.head_run}"]
    if not kept and not verdict.faults:
        lines += wrap(KEEP, width)
    return "\n".join(lines)


def _run_lines(run: RunEntry, width: int) -> Iterator[str]:
    yield f"{run.run}  {run.status}"
    origin = f"{_second(run.started_at)} by {safe(run.who)} on {safe(run.tenant)}"
    counts = f"{run.done} of {run.planned} done, {run.failed} failed, {run.skipped} skipped"
    yield from _wrapped(f"{origin}: {counts}", width, "  ")
    if run.in_flight:
        yield from _wrapped(f"in flight when it stopped: {', '.join(map(safe, run.in_flight))}", width, "  ")


def _fact_lines(facts: RunFacts, width: int) -> Iterator[str]:
    yield facts.run
    commit = f", commit {safe(facts.commit)[:COMMIT]}" if facts.commit else ""
    dirty = " with changes that were not committed" if facts.dirty else ""
    yield from _wrapped(f"by {safe(facts.who)} on {safe(facts.tenant)}{commit}{dirty}", width, "  ")
    if facts.undoes:
        yield from _wrapped(f"undoes {safe(facts.undoes)}", width, "  ")
    if facts.plan:
        yield from _wrapped(f"plan {safe(facts.plan)}", width, "  ")
        yield from _wrapped(f"made {safe(facts.planned_at or 'before its time was noted')}", width, "  ")
    for key in facts.keys:
        yield from _wrapped(f"key  {safe(key)}", width, "  ")
    if facts.link:
        yield from _wrapped(safe(facts.link), width, "  ")


def _canary_lines(entry: dict[str, Any], width: int) -> Iterator[str]:
    became = safe(entry["reason"]) or "read back, all as asked for"
    yield from _wrapped(f"{_second(entry['at'])}  canary of {entry['actions']} of {entry['total']}: {became}", width)
    for each in entry["differences"]:
        sides = f"asked for {show_value(each.get('asked'))}, 4me has {show_value(each.get('got'))}"
        what = f"{safe(each['resource'])} {safe(each['key'])}: {show_path(each['path'])}: {sides}"
        yield from _wrapped(what, width, "    ")


def _heading(change: Changed) -> str:
    """When, to whom, and how it ended."""
    detail = f" ({safe(change.detail)})" if change.detail else ""
    group = " (group)" if change.resource == ResourceType.GROUP.value else ""
    return f"{_second(change.at)}  {safe(change.status)}{detail}  {safe(change.name)}{group}"


def _second(at: str) -> str:
    moment = parse_time(at)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else safe(at)


def _what(change: Changed) -> str:
    if change.attribute is not None:
        return f"{show_path(change.attribute)}: {_values(change.before, change.after)}"
    return safe(change.change if change.group is None else f"{change.change} {change.group}")


def _values(before: Value, after: Value) -> str:
    return show_value(CHANGED) if is_hidden(before, after) else f"{show_value(before)} → {show_value(after)}"


def _asked(query: Query) -> str:
    """What was asked for, in words."""
    who = [f"{word} {safe(name)}" for word, name in (("user", query.user), ("group", query.group)) if name is not None]
    times = [
        f"{word} {moment:%Y-%m-%dT%H:%M:%SZ}"
        for word, moment in (("since", query.since), ("until", query.until))
        if moment
    ]
    return " ".join([" and ".join(who) or "anybody", *times])


def _fault_line(fault: Fault) -> str:
    line = f":{fault.line}" if fault.line else ""
    entry = f" ({safe(' '.join(filter(None, (fault.entry, fault.key))))})" if fault.entry else ""
    place = f"{safe(fault.file)}{line}{entry}: " if fault.file else ""
    return f"{place}{safe(fault.problem)}"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(text, width, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False)


def _outcome_lines(entry: dict[str, Any], width: int) -> Iterator[str]:
    detail = f": {safe(entry['detail'])}" if entry["detail"] else ""
    what = f"{safe(entry['action'])} {safe(entry['resource'])} {safe(entry['key'])}"
    yield from _wrapped(f"{_second(entry['at'])}  {safe(entry['status'])}  {what}{detail}", width)
    for each in entry["changes"]:
        yield from _wrapped(f"{show_path(each['path'])}: {_values(each['before'], each['after'])}", width, "    ")
    for sign, side in (("+", "add"), ("-", "remove")):
        for name in entry["members"][side]:
            yield from _wrapped(f"{sign} {safe(name)}", width, "    ")
