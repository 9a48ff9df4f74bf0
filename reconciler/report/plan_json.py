"""A plan as JSON and back. The format is versioned; the same plan gives the same bytes."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.core.digest import digest
from reconciler.core.model import Member, ReadSummary, ResourceType, Source
from reconciler.core.plan_model import (
    Action,
    Change,
    Counts,
    Guard,
    LiveCounts,
    ManifestSummary,
    MemberChanges,
    Plan,
    Summary,
    TenantIdentity,
)
from reconciler.core.signature import ALGORITHM, Signature
from reconciler.errors import OperatorError
from reconciler.report.json_text import json_text
from reconciler.report.plan_parts import PlanPart
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.report.plan_parts import ActionPart, MembersPart

FORMAT_VERSION = "1.0"
_HOW_TO_SAVE = "save one with: reconciler plan --out FILE"
_LONGEST = 300
"""Characters that are quoted of a file that is no plan."""
_SEALS = ("contentDigest", "signature")
"""What vouches for all other keys of a plan."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as it was read from its file. `digest` is what its content comes to, whatever the file says."""

    plan: Plan
    document: dict[str, Any]
    digest: str
    signature: Signature | None

    @property
    def content(self) -> dict[str, Any]:
        """What digest and signature cover."""
        return content_of(self.document)

    @property
    def sealed(self) -> str | None:
        """The digest of the content when it was saved; None: it was saved by a version that knew none."""
        return self.document.get("contentDigest")


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a plan."""
    schema = PlanPart.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What digest and signature of a plan's document cover: all but themselves."""
    return {key: value for key, value in document.items() if key not in _SEALS}


def plan_document(plan: Plan, signature: Signature | None = None) -> dict[str, Any]:
    """The plan as JSON values, keys in their documented order. One for the public is not sealed: nobody applies it."""
    content = _content(plan)
    if plan.public:
        return {**content, "contentDigest": None, "signature": None}
    seal = {"algorithm": ALGORITHM, "keyId": signature.key_id, "value": signature.value} if signature else None
    return {**content, "contentDigest": digest(content), "signature": seal}


def _content(plan: Plan) -> dict[str, Any]:
    summary = plan.summary
    return {
        "formatVersion": FORMAT_VERSION,
        "tool": {"name": "reconciler", "version": plan.tool_version},
        "createdAt": plan.created_at,
        "fingerprint": plan.fingerprint,
        **({"audience": "public"} if plan.public else {}),
        "tenant": {
            "name": plan.tenant.name,
            "endpoint": plan.tenant.endpoint,
            "account": plan.tenant.account,
        },
        "manifests": {
            "digest": plan.manifests.digest or None,
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
        "at": plan.at,
        "targets": list(plan.targets),
        **({"undoes": plan.undoes} if plan.undoes else {}),
    }


def render_plan_json(plan: Plan, signature: Signature | None = None) -> str:
    """The plan as JSON text."""
    return render_document(plan_document(plan, signature))


def render_document(document: Mapping[str, Any]) -> str:
    """A plan's document as text."""
    return f"{json_text(document)}\n"


def parse_plan_json(text: str) -> SavedPlan:
    """A plan from its JSON text.

    Raises OperatorError where the text is no plan of this format.
    """
    document = _load(text)
    version = document.get("formatVersion")
    if isinstance(version, str) and version != FORMAT_VERSION:
        raise OperatorError(
            f"the plan {_made_by(version)}format {_shown(version)}, this version reads {FORMAT_VERSION}",
            hint="use the version of reconciler that made it, or plan again with this one",
        )
    try:
        part = PlanPart.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = _shown(".".join(map(str, first["loc"])))
        found = "not an object" if first["type"] == "model_type" else first["msg"].removeprefix("Value error, ").lower()
        raise OperatorError(f"not a saved plan: {place}: {_shown(found)}", hint=_HOW_TO_SAVE) from None
    signature = Signature(part.signature.key_id, part.signature.value) if part.signature else None
    return SavedPlan(_plan(part), document, digest(content_of(document)), signature)


def _made_by(version: str) -> str:
    """What a version of the format tells, where it tells anything, and how the sentence goes on."""
    if not re.fullmatch(r"\d{1,9}\.\d{1,9}", version, re.ASCII):
        return "has "
    is_newer = [*map(int, version.split("."))] > [*map(int, FORMAT_VERSION.split("."))]
    return f"was made by {'a newer' if is_newer else 'an older'} version of reconciler: it has "


def _shown(text: str) -> str:
    return safe(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _load(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise OperatorError(f"not a saved plan: not JSON ({_shown(str(error))})", hint=_HOW_TO_SAVE) from None
    except RecursionError:
        raise OperatorError("not a saved plan: nested too deeply", hint=_HOW_TO_SAVE) from None
    if not isinstance(document, dict):
        raise OperatorError("not a saved plan: it is no JSON object", hint=_HOW_TO_SAVE)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        message = f"the key {key!r} stands twice in one object"
        raise ValueError(message)
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"{text} is no number of JSON"
        raise ValueError(message)
    return number


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
        "members": _member_names(action.members),
        "reason": action.reason,
        "digest": action.digest or None,
        "source": {"file": action.source.file, "line": action.source.line} if action.source else None,
    }


def _member_names(members: MemberChanges) -> dict[str, Any]:
    add, remove = ([member.name for member in side] for side in (members.add, members.remove))
    groups = [each.name for each in (*members.add, *members.remove) if each.type is ResourceType.GROUP]
    return {"add": add, "remove": remove, **({"groups": groups} if groups else {})}


def _plan(part: PlanPart) -> Plan:
    live = part.live
    return Plan(
        tool_version=part.tool.version,
        created_at=part.created_at,
        fingerprint=part.fingerprint,
        tenant=TenantIdentity(**part.tenant.model_dump()),
        manifests=ManifestSummary(part.manifests.digest or "", part.manifests.users, part.manifests.groups),
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
        at=part.at,
        targets=tuple(part.targets),
        undoes=part.undoes,
        public=part.audience == "public",
    )


def _parsed_action(part: ActionPart) -> Action:
    return Action(
        part.action,
        part.resource,
        part.key,
        part.id,
        reason=part.reason,
        changes=tuple(Change(each.path, each.before, each.after) for each in part.changes),
        members=_members(part.members),
        digest=part.digest or "",
        source=Source(part.source.file, part.source.line) if part.source else None,
    )


def _members(part: MembersPart) -> MemberChanges:
    """Where a user and a group of one name are members, both come back as groups; in the file they are the same too."""
    groups = frozenset(part.groups)
    add, remove = (
        tuple(Member(ResourceType.GROUP if name in groups else ResourceType.USER, name) for name in side)
        for side in (part.add, part.remove)
    )
    return MemberChanges(add, remove)
