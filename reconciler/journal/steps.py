"""One run as its journal tells it: which run is meant, what it did, and what later runs did to the same.

Runs of format 1.0 tell less: no ids of members, not which members are groups, not what was in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.paths import parse_path
from reconciler.core.plan_model import DONE_WITHOUT, ActionKind, Change, MemberChanges, OutcomeStatus, TenantIdentity
from reconciler.core.reversal import Ending, Later, Reversal, Step
from reconciler.errors import OperatorError
from reconciler.journal.reading import LAST, LISTS, find_name, read_all
from reconciler.journal.writing import GROUP_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reconciler.journal.reading import RunEntries


class Recorded(NamedTuple):
    """A run that was found. `commit`: of the manifests that it applied, where that is known."""

    reversal: Reversal
    commit: str | None
    unreadable: int

    @property
    def run(self) -> str:
        """Its whole name."""
        return self.reversal.run


def read_recorded(state: Path, tenant: TenantIdentity, name: str) -> Recorded:
    """The run of this name, the only one whose name begins so, or the `last` one in this tenant.

    Raises OperatorError where there is none, where there are several, and where it was made in another tenant.
    """
    runs = [run for run in read_all(state) if run.entries]
    found = _find(runs, tenant, name, state)
    first = found.entries[0]
    if _tenant_of(found) != (tenant.endpoint, tenant.account):
        made_in = first.get("tenant", {})
        raise OperatorError(
            f"the run {found.run} was made in {made_in.get('name')} ({made_in.get('endpoint')}), not in {tenant.name}"
            f" ({tenant.endpoint})",
            hint=f"choose its tenant: reconciler --tenant {made_in.get('name')} undo {found.run}",
        )
    later = [run for run in runs if run.run > found.run and _tenant_of(run) == _tenant_of(found)]
    try:
        steps = tuple(sorted(_steps(found), key=lambda step: (step.type is ResourceType.GROUP, step.key.casefold())))
        touched = {Member(step.type, step.id) for step in steps if step.id}
        since, moved = _later(later, touched), _moved(later, touched)
    except ValueError as error:
        message = f"the run {found.run} cannot be undone: the journal tells of what this version does not know: {error}"
        raise OperatorError(message, hint="use the version of reconciler that made it, or a later one") from None
    begun = sum(1 for step in steps if step.ending is not Ending.FAILED)
    reversal = Reversal(found.run, steps, since, moved, unfinished=max(first.get("planned", 0) - begun, 0))
    commit = first.get("commit")
    return Recorded(reversal, commit if isinstance(commit, str) else None, found.unreadable)


def _find(runs: Sequence[RunEntries], tenant: TenantIdentity, name: str, state: Path) -> RunEntries:
    if name == LAST:
        own = [run for run in runs if _tenant_of(run) == (tenant.endpoint, tenant.account)]
        if not own:
            raise OperatorError(f"no apply to {tenant.name} has been recorded in {state}", hint=LISTS)
        return own[-1]
    named = {run.run: run for run in runs}
    return named[find_name(tuple(named), name, state)]


def _tenant_of(run: RunEntries) -> tuple[object, object]:
    tenant = run.entries[0].get("tenant", {})
    return tenant.get("endpoint"), tenant.get("account")


def _steps(run: RunEntries) -> Iterator[Step]:
    """Each action that was begun."""
    attempts: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in run.entries:
        name = (entry.get("resource", ""), entry.get("key", ""))
        if entry["entry"] == "attempt":
            attempts[name] = entry
        elif entry["entry"] == "outcome":
            attempts.pop(name, None)
            if entry["status"] != OutcomeStatus.SKIPPED.value:
                yield _step(entry, Ending.DONE if _was_written(entry) else Ending.FAILED)
    for entry in attempts.values():
        yield _step(entry, Ending.IN_FLIGHT)


def _was_written(outcome: dict[str, Any]) -> bool:
    """Whether it was done, if only in part: some members may have been missing."""
    done = outcome["status"] == OutcomeStatus.DONE.value
    return done or bool(outcome.get("requests")) or outcome["detail"].startswith(DONE_WITHOUT)


def _step(entry: dict[str, Any], ending: Ending) -> Step:
    kind, resource = ActionKind(entry["action"]), ResourceType(entry["resource"])
    members = entry.get("members", {})
    groups = frozenset(members.get("groups", ()))
    add, remove = (tuple(_member(name, groups) for name in members.get(side, ())) for side in ("add", "remove"))
    changes = tuple(
        Change(str(parse_path(each["path"])), each["before"], each["after"]) for each in entry.get("changes", ())
    )
    told = "changes" in entry
    if not told and resource is ResourceType.USER and kind in (ActionKind.REACTIVATE, ActionKind.DEACTIVATE):
        wanted = kind is ActionKind.REACTIVATE
        changes, told = (Change("active", before=not wanted, after=wanted),), True
    stored = entry.get("stored")
    return Step(
        kind,
        resource,
        entry["key"],
        entry.get("id"),
        changes,
        MemberChanges(add, remove),
        dict(_ids(entry.get("memberIds"))),
        stored if isinstance(stored, dict) else {},
        ending,
        told=told or kind is ActionKind.CREATE,
    )


def _member(name: str, groups: frozenset[str]) -> Member:
    return Member(ResourceType.GROUP if name in groups else ResourceType.USER, name)


def _ids(ids: object) -> Iterator[tuple[Member, str]]:
    for name, id_ in ids.items() if isinstance(ids, dict) else ():
        kind = ResourceType.GROUP if name.startswith(GROUP_PREFIX) else ResourceType.USER
        if isinstance(id_, str):
            yield Member(kind, name.removeprefix(GROUP_PREFIX) if kind is ResourceType.GROUP else name), id_


def _written_since(runs: Iterable[RunEntries], touched: set[Member]) -> Iterator[tuple[str, Member, dict[str, Any]]]:
    """What runs since wrote of the resources that were touched, oldest first: the run, the resource, the outcome."""
    for run in runs:
        for entry in run.entries:
            if entry["entry"] == "outcome" and entry["id"] and _was_written(entry):
                who = Member(ResourceType(entry["resource"]), entry["id"])
                if who in touched:
                    yield run.run, who, entry


def _later(runs: Iterable[RunEntries], touched: set[Member]) -> dict[tuple[Member, str], Later]:
    """What runs since did last to each attribute of the resources that were touched."""
    return {
        (who, each["path"]): Later(run, each["after"])
        for run, who, entry in _written_since(runs, touched)
        for each in entry["changes"]
    }


def _moved(runs: Iterable[RunEntries], touched: set[Member]) -> dict[tuple[Member, Member], str]:
    """The last run since that put a member in, or took it out: by group and member."""
    found: dict[tuple[Member, Member], str] = {}
    for run, who, entry in _written_since(runs, touched):
        ids, groups = dict(_ids(entry.get("memberIds"))), frozenset(entry["members"].get("groups", ()))
        for side in ("add", "remove"):
            for name in entry["members"].get(side, ()):
                member = _member(name, groups)
                found[who, Member(member.type, ids.get(member, fold(name)))] = run
    return found
