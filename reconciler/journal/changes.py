"""What an auditor asks of the journal: who gave whom what, when, by which commit and approval. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.model import ResourceType
from reconciler.core.plan_model import DONE_WITHOUT, ActionKind, OutcomeStatus
from reconciler.core.times import parse_time
from reconciler.journal.writing import GROUP_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from reconciler.journal.reading import RunEntries

UNKNOWN = "unknown"
"""The status of what was in flight when a run was interrupted: it may have been done or not."""
_WORDS = {
    ActionKind.CREATE.value: "created",
    ActionKind.REACTIVATE.value: "reactivated",
    ActionKind.DEACTIVATE.value: "deactivated",
}
_NAMED_BY = {ResourceType.USER.value: "userName", ResourceType.GROUP.value: "displayName"}


class Query(NamedTuple):
    """Changes from `since` until just before `until`; of a user, of a group, each by any name that it ever had."""

    since: datetime | None = None
    until: datetime | None = None
    user: str | None = None
    group: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Of a run what each of its changes shares. `plan`: content digest; `keys`: ids of those that vouched for it."""

    run: str
    who: str
    tenant: str
    commit: str | None = None
    dirty: bool | None = None
    plan: str | None = None
    planned_at: str | None = None
    keys: tuple[str, ...] = ()
    undoes: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One change to one user or group.

    `change`: created, reactivated, deactivated, changed (of `attribute`, from `before` to `after`), joined or left (a
    `group`), or the kind of an action that was in flight. `status`: done, failed, skipped or unknown.
    """

    at: str
    status: str
    change: str
    resource: str
    name: str
    id: str | None
    run: RunFacts
    attribute: str | None = None
    before: Any = None
    after: Any = None
    group: str | None = None
    group_id: str | None = None
    source: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The changes that were asked for, oldest first, and how many lines of which run could not be read."""

    changes: tuple[Changed, ...]
    unreadable: tuple[tuple[str, int], ...]


def find_changes(runs: Sequence[RunEntries], query: Query) -> Answer:
    """All changes that the query asks for."""
    user = _Named.find(runs, ResourceType.USER.value, query.user)
    group = _Named.find(runs, ResourceType.GROUP.value, query.group)
    found = []
    for run in runs:
        facts, account = read_facts(run), _account(run)
        if query.tenant in (None, facts.tenant):
            found += [
                each
                for entry in _told(run)
                if _is_within(entry, query)
                for each in _changes(entry, facts)
                if (user is None or user.names(account, each.resource, each.id, each.name))
                and (group is None or _is_of_group(group, account, each))
            ]
    return Answer(tuple(found), tuple((run.run, run.unreadable) for run in runs if run.unreadable))


@dataclass(frozen=True, slots=True)
class _Named:
    """One or more resources of one name, by account and id, and all names that they ever had, without case."""

    resource: str
    wanted: str
    ids: dict[tuple[str, str], set[str]]

    @classmethod
    def find(cls, runs: Sequence[RunEntries], resource: str, name: str | None) -> _Named | None:
        """Everything that ever had this name; None where none is asked for."""
        if name is None:
            return None
        wanted, known = name.casefold(), defaultdict[tuple[str, str], set[str]](set)
        for run in runs:
            account = _account(run)
            for entry in run.entries:
                for identity, called in _called(entry, resource):
                    known[account, identity].add(called.casefold())
        return cls(resource, wanted, {key: names for key, names in known.items() if wanted in names})

    def names(self, account: str, resource: str, identity: str | None, name: str) -> bool:
        """Whether this is one of them: by its id where it is known, else by its name."""
        if resource != self.resource:
            return False
        if identity is not None:
            return (account, identity) in self.ids
        name = name.casefold()
        return name == self.wanted or any(name in names for (where, _), names in self.ids.items() if where == account)


def _called(entry: dict[str, Any], resource: str) -> Iterator[tuple[str, str]]:
    """Ids and the names that go with them, as far as an entry tells."""
    if entry["entry"] in ("attempt", "outcome") and entry["resource"] == resource and entry.get("id"):
        yield entry["id"], entry["key"]
        for change in entry.get("changes", ()):
            if change["path"] == _NAMED_BY[resource]:
                yield from (
                    (entry["id"], name) for name in (change["before"], change["after"]) if isinstance(name, str)
                )
    for name, identity in entry.get("memberIds", {}).items():
        if name.startswith(GROUP_PREFIX) == (resource == ResourceType.GROUP.value):
            yield identity, name.removeprefix(GROUP_PREFIX)


def _is_of_group(group: _Named, account: str, changed: Changed) -> bool:
    if changed.group is not None and group.names(account, group.resource, changed.group_id, changed.group):
        return True
    return group.names(account, changed.resource, changed.id, changed.name)


def _account(run: RunEntries) -> str:
    """Ids hold within one account."""
    tenant = run.entries[0].get("tenant", {}) if run.entries else {}
    return f"{tenant.get('endpoint')} {tenant.get('account')}"


def _told(run: RunEntries) -> Iterator[dict[str, Any]]:
    """The outcomes of a run, and what was in flight when it was interrupted, as an outcome that nobody knows."""
    outcomes = [entry for entry in run.entries if entry["entry"] == "outcome"]
    settled = {(entry["resource"], entry["key"]) for entry in outcomes}
    yield from outcomes
    for entry in run.entries:
        if entry["entry"] == "attempt" and (entry["resource"], entry["key"]) not in settled:
            detail = "in flight when the run was interrupted"
            nothing: dict[str, Any] = {"changes": [], "members": {"add": [], "remove": []}}
            yield {**nothing, **entry, "status": UNKNOWN, "detail": detail}


def _is_within(entry: dict[str, Any], query: Query) -> bool:
    at = parse_time(entry["at"])
    return at is not None and (query.since is None or at >= query.since) and (query.until is None or at < query.until)


def _changes(entry: dict[str, Any], run: RunFacts) -> Iterator[Changed]:
    """An action that was carried out but for members who were not there is done, but for these."""
    kind, source = entry["action"], entry.get("source")
    failed = {"status": entry["status"], "detail": entry["detail"]}
    partly = entry["detail"].startswith(DONE_WITHOUT)
    became = {"status": OutcomeStatus.DONE.value, "detail": ""} if partly else failed
    shared = {"at": entry["at"], "run": run, "source": f"{source['file']}:{source['line']}" if source else None}
    own = {"resource": entry["resource"], "name": entry["key"], "id": entry.get("id"), **shared, **became}
    if kind in _WORDS or not (entry["changes"] or entry["members"]["add"] or entry["members"]["remove"]):
        yield Changed(change=_WORDS.get(kind, kind), **own)
    for change in entry["changes"]:
        if change["path"] != "active" or kind not in _WORDS:
            yield Changed(
                change="changed", attribute=change["path"], before=change["before"], after=change["after"], **own
            )
    groups, ids = entry["members"].get("groups", ()), entry.get("memberIds", {})
    for side, word in (("add", "joined"), ("remove", "left")):
        for name in entry["members"][side]:
            resource = ResourceType.GROUP if name in groups else ResourceType.USER
            identity = ids.get(f"{GROUP_PREFIX}{name}" if name in groups else name)
            group = {"group": entry["key"], "group_id": entry.get("id")}
            what = became if identity or side == "remove" else failed
            yield Changed(change=word, resource=resource.value, name=name, id=identity, **group, **shared, **what)


def read_facts(run: RunEntries) -> RunFacts:
    """Where a run came from."""
    first = run.entries[0] if run.entries else {}
    if first.get("entry") != "run":
        return RunFacts(run.run, "", "")
    approval = first.get("approval") or {}
    return RunFacts(
        run=run.run,
        who=first["who"],
        tenant=str(first["tenant"].get("name", "")),
        commit=first.get("commit"),
        dirty=first.get("dirty"),
        plan=first.get("plan") or first.get("approvedDigest"),
        planned_at=approval.get("plannedAt"),
        keys=tuple(approval.get("keys", ())),
        undoes=first.get("undoes"),
        link=first.get("link"),
    )
