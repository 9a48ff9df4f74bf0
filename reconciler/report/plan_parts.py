"""The shape of a saved plan (pydantic): keys as in the file, no others, types exactly as written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from reconciler.core.model import ResourceType
from reconciler.core.plan_model import ActionKind

DEEPEST = 64
Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
Run = Annotated[str, Field(pattern="^[0-9A-Za-z.-]{1,100}$")]
Count = Annotated[int, Field(ge=0)]


def _shallow(value: Any) -> Any:
    """A JSON value; what is nested so deeply that nobody could have declared it is refused."""
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, list | dict)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return value


Value = Annotated[Any, AfterValidator(_shallow)]


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

    digest: Digest | None
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
    before: Value
    after: Value


class MembersPart(_Part):
    """Members by key. `groups`: the names among them that are groups', as far as there are any."""

    add: list[str]
    remove: list[str]
    groups: list[str] = []


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
    digest: Digest | None
    source: SourcePart | None


class GuardPart(_Part):
    """A guard's verdict."""

    name: str
    count: Count
    limit: Count
    breached: bool


class SignaturePart(_Part):
    """Who vouches for all the rest but the content digest: see `reconciler.core.signature`."""

    algorithm: Literal["ed25519"]
    key_id: Digest
    value: Annotated[str, Field(pattern="^[A-Za-z0-9+/]{86}==$")]


class PlanPart(_Part):
    """A plan of the reconciler. For the public `audience` it has pseudonyms, and neither values nor digests."""

    format_version: Annotated[str, Field(pattern=r"^1\.\d+$")]
    tool: ToolPart
    created_at: str
    fingerprint: Digest
    audience: Literal["public"] | None = None
    tenant: TenantPart
    manifests: ManifestsPart
    live: LivePart
    summary: SummaryPart
    actions: list[ActionPart]
    guards: list[GuardPart]
    warnings: list[str]
    at: str | None = None
    targets: list[str] = []
    undoes: Run | None = None
    content_digest: Digest | None = None
    signature: SignaturePart | None = None

    @model_validator(mode="after")
    def _whole(self) -> PlanPart:
        if self.audience is None and None in (self.manifests.digest, *(each.digest for each in self.actions)):
            raise ValueError("a digest is missing, and it is no report for the public")
        return self
