"""What earlier applies did, without personal data: only what is known to be about nobody is taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.model import ResourceType
from reconciler.report.redaction.people import People, people_of
from reconciler.report.redaction.texts import harmless
from reconciler.report.words import CHANGED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.report.redaction.redactor import Redactor

    Entry = Mapping[str, Any]

_KEPT = (
    "entry", "seq", "at", "formatVersion", "tool", "tenant", "fingerprint", "planned", "action", "resource", "status",
    "requests", "done", "failed", "skipped", "spent", "actions", "total", "run", "commit", "dirty", "undoes",
)  # fmt: skip
"""Keys of entries that are about nobody; values and their digests are not among them."""


def conceal_entries(entries: Sequence[Entry], redactor: Redactor) -> tuple[dict[str, Any], ...]:
    """A run's entries, people by pseudonym, values hidden."""
    redactor, groups = redactor.knowing(people_in_entries(entries)), _groups(entries)
    return tuple(_entry(each, groups, redactor) for each in entries)


def people_in_entries(entries: Iterable[Entry]) -> People:
    """The people whom entries name: users, members, and the names that they have or get."""
    told = [each for each in entries if "key" in each]
    users = [each for each in told if each.get("resource") == ResourceType.USER.value]
    members = (name for each in told for side in ("add", "remove") for name in each.get("members", {}).get(side, ()))
    called = (
        (each["key"], {change["path"]: change[side] for change in each.get("changes", ())})
        for each in users
        for side in ("before", "after")
    )
    return people_of(called) | People(frozenset(members) - _groups(told))


def _groups(entries: Iterable[Entry]) -> set[str]:
    told = [each for each in entries if "key" in each]
    groups = {each["key"] for each in told if each.get("resource") == ResourceType.GROUP.value}
    return groups | {name for each in told for name in each.get("members", {}).get("groups", ())}


def _entry(entry: Entry, groups: Collection[str], redactor: Redactor) -> dict[str, Any]:
    shown: dict[str, Any] = {key: entry[key] for key in _KEPT if key in entry}
    if "who" in entry:
        shown["who"] = redactor.person(entry["who"])
    shown |= {key: harmless(entry[key]) for key in ("detail", "reason", "halted") if isinstance(entry.get(key), str)}
    if "differences" in entry:
        shown["differences"] = [_difference(each, redactor) for each in entry["differences"]]
    if "key" not in entry:
        return shown
    resource = _type(entry)
    shown["key"] = redactor.called(resource, entry["key"])
    if "changes" in entry:
        shown["changes"] = [_change(resource, each, redactor) for each in entry["changes"]]
    if "members" in entry:
        shown["members"] = {
            side: sorted(_member(name, groups, redactor) for name in entry["members"].get(side, ()))
            for side in ("add", "remove")
        }
    return shown


def _type(entry: Entry) -> ResourceType:
    return ResourceType.GROUP if entry["resource"] == ResourceType.GROUP.value else ResourceType.USER


def _difference(entry: Entry, redactor: Redactor) -> dict[str, Any]:
    """Of a canary: what was asked for and what was got, neither told."""
    resource = _type(entry)
    key, path = redactor.called(resource, entry["key"]), redactor.path(entry["path"])
    return {"resource": resource.value, "key": key, "path": path, "asked": CHANGED, "got": CHANGED}


def _change(resource: ResourceType, change: Entry, redactor: Redactor) -> dict[str, Any]:
    before, after = redactor.values(resource, change["path"], change["before"], change["after"])
    return {"path": redactor.path(change["path"]), "before": before, "after": after}


def _member(name: str, groups: Collection[str], redactor: Redactor) -> str:
    return redactor.group(name) if name in groups else redactor.person(name)
