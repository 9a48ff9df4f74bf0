"""What earlier runs wrote of resources, as the journal has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.model import Member, ResourceType
from reconciler.core.plan_model import OutcomeStatus
from reconciler.core.repeats import PastWrite
from reconciler.journal.reading import about, read_outcomes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from reconciler.core.plan_model import TenantIdentity
    from reconciler.journal.reading import Telling

_TYPES = frozenset(each.value for each in ResourceType)
LOOKED_AT = 64 * 2**20
"""Bytes of the journal that a plan looks at for what is there again: the newest."""


def read_past(state: Path, tenant: TenantIdentity, wanted: Collection[Member]) -> dict[Member, list[PastWrite]]:
    """What applies to this tenant wrote of these resources, by type and id, oldest first."""
    found: dict[Member, list[PastWrite]] = {}
    ids = frozenset(each.name for each in wanted)
    for resource, _, write in past_writes(state, tenant, about(ids), LOOKED_AT):
        if resource in wanted:
            found.setdefault(resource, []).append(write)
    return found


def past_writes(
    state: Path, tenant: TenantIdentity, containing: Telling, newest: int | None = None
) -> Iterator[tuple[Member, str, PastWrite]]:
    """What was done by applies to this tenant, oldest first: whose (type and id), its key, and what was written."""
    for entry in read_outcomes(state, tenant, containing, newest):
        if entry["status"] == OutcomeStatus.DONE.value and entry["id"] and entry["resource"] in _TYPES:
            yield Member(ResourceType(entry["resource"]), entry["id"]), entry["key"], _write(entry)


def _write(entry: dict[str, Any]) -> PastWrite:
    members = entry["members"]
    groups = frozenset(members.get("groups", ()))
    return PastWrite(
        entry["run"],
        entry["at"],
        {each["path"]: each["before"] for each in entry["changes"]},
        {each["path"]: each["after"] for each in entry["changes"]},
        entry.get("stored"),
        *(
            frozenset(Member(ResourceType.GROUP if name in groups else ResourceType.USER, name) for name in side)
            for side in (members["add"], members["remove"])
        ),
    )
