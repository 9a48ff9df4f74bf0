"""What the journal says, for those who may read it: `--audience public` of `history`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cli.audience import know, redactor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.cli.console import Console
    from reconciler.journal.changes import Changed, Query
    from reconciler.journal.reading import RunEntries, RunEntry
    from reconciler.journal.verifying import Fault
    from reconciler.report.redaction.redactor import Redactor


def shown_runs(console: Console, runs: Sequence[RunEntry]) -> Sequence[RunEntry]:
    """What earlier applies came to; who ran them is a pseudonym, and what was in flight a number."""
    found = redactor(console)
    if found is None:
        return runs
    from reconciler.report.redaction.texts import count_hidden

    return [
        replace(run, who=found.person(run.who), in_flight=count_hidden(len(run.in_flight), "action")) for run in runs
    ]


def shown_entries(console: Console, entries: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """A run's entries for those who read along."""
    found = redactor(console)
    if found is None:
        return entries
    from reconciler.report.redaction.journals import conceal_entries

    return conceal_entries(entries, found)


def shown_changes(console: Console, changes: tuple[Changed, ...], runs: Iterable[RunEntries]) -> tuple[Changed, ...]:
    """What runs of the journal say of changes, for those who read along."""
    found = redactor(console)
    if found is None:
        return changes
    from reconciler.report.redaction.journals import people_in_entries

    know(console, people_in_entries([entry for run in runs for entry in run.entries]))
    found = redactor(console) or found
    return tuple(_concealed(each, found) for each in changes)


def _concealed(change: Changed, found: Redactor) -> Changed:
    from reconciler.core.model import ResourceType
    from reconciler.report.redaction.texts import harmless

    resource = ResourceType.USER if change.resource == ResourceType.USER.value else ResourceType.GROUP
    before, after = change.before, change.after
    if change.attribute is not None:
        before, after = found.values(resource, change.attribute, before, after)
    return replace(
        change,
        name=found.called(resource, change.name),
        id=None,
        attribute=None if change.attribute is None else found.path(change.attribute),
        before=before,
        after=after,
        group=None if change.group is None else found.group(change.group),
        group_id=None,
        source=None,
        detail=harmless(change.detail),
        run=replace(change.run, who=found.person(change.run.who), plan=None, keys=(), link=None),
    )


def shown_faults(console: Console, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Where the journal is not as it was written, without whom the entry there is about."""
    found = redactor(console)
    return faults if found is None else tuple(each._replace(file=found.word(each.file), key="") for each in faults)


def shown_query(console: Console, query: Query) -> Query:
    """What was asked for, for those who read along; whoever is a person is known by then."""
    found = redactor(console)
    if found is None:
        return query
    return query._replace(
        user=None if query.user is None else found.person(query.user),
        group=None if query.group is None else found.group(query.group),
    )
