"""A plan as JSON and back. The format is versioned; the same plan gives the same bytes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from reconciler.core.model import (
    Action,
    ActionKind,
    Change,
    Counts,
    Guard,
    LiveCounts,
    ManifestSummary,
    Member,
    MemberChanges,
    Plan,
    ReadSummary,
    ResourceType,
    Source,
    Summary,
    TenantIdentity,
)
from reconciler.errors import OperatorError
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT_VERSION = "1.0"
_STEERING = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_HOW_TO_SAVE = "save one with: reconciler plan --out FILE"
Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class ToolPart(_Part):
    """What made the plan."""

    name: Literal["reconciler"]
    version: str


class TenantPart(_Part):
    """Which account it is for."""

    name: str
    endpoint: str
    account: str | None


class ManifestsPart(_Part):
    """What it was made from."""

    digest: Digest
    users: Count
    groups: Count


class LivePart(_Part):
    """What was read."""

    users: Count
    groups: Count
    strategy: str
    requests: Count
    complete: bool
    read_at: str


class CountsPart(_Part):
    """How many resources each kind of action touches."""

    create: Count
    update: Count
    reactivate: Count
    deactivate: Count
    unchanged: Count
    unmanaged: Count


class MembershipsPart(_Part):
    """Memberships in all."""

    add: Count
    remove: Count


class SummaryPart(_Part):
    """The plan in numbers."""

    users: CountsPart
    groups: CountsPart
    memberships: MembershipsPart


class ChangePart(_Part):
    """One attribute's before and after."""

    path: str
    before: Any
    after: Any


class MembersPart(_Part):
    """Members by key."""

    add: list[str]
    remove: list[str]


class SourcePart(_Part):
    """Where it is declared."""

    file: str
    line: Annotated[int, Field(ge=1)]


class ActionPart(_Part):
    """What is done to one resource."""

    action: Annotated[ActionKind, Field(strict=False)]
    resource: Annotated[ResourceType, Field(strict=False)]
    key: str
    id: str | None
    changes: list[ChangePart]
    members: MembersPart
    reason: str
    digest: Digest
    source: SourcePart | None


class GuardPart(_Part):
    """A guard's verdict."""

    name: str
    count: Count
    limit: Count
    breached: bool


class PlanPart(_Part):
    """A plan of the reconciler."""

    format_version: Annotated[str, Field(pattern=r"^1\.\d+$")]
    tool: ToolPart
    created_at: str
    fingerprint: Digest
    tenant: TenantPart
    manifests: ManifestsPart
    live: LivePart
    summary: SummaryPart
    actions: list[ActionPart]
    guards: list[GuardPart]
    warnings: list[str]


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a plan."""
    schema = PlanPart.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, keys in their documented order."""
    summary = plan.summary
    return {
        "formatVersion": FORMAT_VERSION,
        "tool": {"name": "reconciler", "version": plan.tool_version},
        "createdAt": plan.created_at,
        "fingerprint": plan.fingerprint,
        "tenant": {
            "name": plan.tenant.name,
            "endpoint": plan.tenant.endpoint,
            "account": plan.tenant.account,
        },
        "manifests": {
            "digest": plan.manifests.digest,
            "users": plan.manifests.users,
            "groups": plan.manifests.groups,
        },
        "live": {
            "users": plan.live.users,
            "groups": plan.live.groups,
            "strategy": plan.live.summary.strategy,
            "requests": plan.live.summary.requests,
            "complete": plan.live.summary.complete,
            "readAt": plan.live.summary.read_at,
        },
        "summary": {
            "users": _counts(summary.users),
            "groups": _counts(summary.groups),
            "memberships": {"add": summary.memberships_added, "remove": summary.memberships_removed},
        },
        "actions": [_action(action) for action in plan.actions],
        "guards": [
            {"name": each.name, "count": each.count, "limit": each.limit, "breached": each.breached}
            for each in plan.guards
        ],
        "warnings": list(plan.warnings),
    }


def render_plan_json(plan: Plan) -> str:
    """The plan as JSON text; what could steer a terminal, and half characters, are escaped (RFC 8259 §7)."""
    text = json.dumps(plan_document(plan), indent=2, ensure_ascii=False) + "\n"
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def parse_plan_json(text: str) -> Plan:
    """A plan from its JSON text; members are only names there and come back as users.

    Raises OperatorError where the text is no plan of this format.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise OperatorError(f"not a saved plan: not JSON ({error})", hint=_HOW_TO_SAVE) from None
    except RecursionError:
        raise OperatorError("not a saved plan: nested too deeply", hint=_HOW_TO_SAVE) from None
    if not isinstance(document, dict):
        raise OperatorError("not a saved plan: it is no JSON object", hint=_HOW_TO_SAVE)
    version = document.get("formatVersion")
    if isinstance(version, str) and not version.startswith("1."):
        raise OperatorError(
            f"the plan has format {safe(version)}, this version reads {FORMAT_VERSION}",
            hint="plan again with this version",
        )
    try:
        return _plan(PlanPart.model_validate(document))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        found = "not an object" if first["type"] == "model_type" else first["msg"].lower()
        raise OperatorError(f"not a saved plan: {safe(place)}: {found}", hint=_HOW_TO_SAVE) from None


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "create": counts.create,
        "update": counts.update,
        "reactivate": counts.reactivate,
        "deactivate": counts.deactivate,
        "unchanged": counts.unchanged,
        "unmanaged": counts.unmanaged,
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "action": action.kind.value,
        "resource": action.type.value,
        "key": action.key,
        "id": action.id,
        "changes": [{"path": each.path, "before": each.before, "after": each.after} for each in action.changes],
        "members": {"add": _names(action.members.add), "remove": _names(action.members.remove)},
        "reason": action.reason,
        "digest": action.digest,
        "source": {"file": action.source.file, "line": action.source.line} if action.source else None,
    }


def _names(members: Sequence[Member]) -> list[str]:
    return [member.name for member in members]


def _plan(part: PlanPart) -> Plan:
    live = part.live
    return Plan(
        tool_version=part.tool.version,
        created_at=part.created_at,
        fingerprint=part.fingerprint,
        tenant=TenantIdentity(**part.tenant.model_dump()),
        manifests=ManifestSummary(**part.manifests.model_dump()),
        live=LiveCounts(
            live.users, live.groups, ReadSummary(live.strategy, live.requests, live.complete, live.read_at)
        ),
        summary=Summary(
            Counts(**part.summary.users.model_dump()),
            Counts(**part.summary.groups.model_dump()),
            part.summary.memberships.add,
            part.summary.memberships.remove,
        ),
        actions=tuple(map(_parsed_action, part.actions)),
        guards=tuple(Guard(**each.model_dump()) for each in part.guards),
        warnings=tuple(part.warnings),
    )


def _parsed_action(part: ActionPart) -> Action:
    return Action(
        part.action,
        part.resource,
        part.key,
        part.id,
        reason=part.reason,
        changes=tuple(Change(each.path, each.before, each.after) for each in part.changes),
        members=MemberChanges(_members(part.members.add), _members(part.members.remove)),
        digest=part.digest,
        source=Source(part.source.file, part.source.line) if part.source else None,
    )


def _members(names: Sequence[str]) -> tuple[Member, ...]:
    return tuple(Member(ResourceType.USER, name) for name in names)
