"""Tenant documents to tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.guards import Limit
from reconciler.core.model import Source
from reconciler.core.tenant import Limits, Scope, Tenant, TokenSource

if TYPE_CHECKING:
    from reconciler.manifests.documents import ScopeDocument, TenantDocument, TokenDocument
    from reconciler.manifests.yaml_reader import Place


def build_tenant(document: TenantDocument, file: str, place: Place) -> Tenant:
    """The tenant that a valid `kind: Tenant` document declares."""
    touches = document.assume.membership_touches_group
    return Tenant(
        name=document.name,
        endpoint=document.endpoint.rstrip("/"),
        default=document.default,
        account=document.account,
        dialect=document.dialect,
        token=_token(document.token) if document.token else None,
        users=_scope(document.ownership.users),
        groups=_scope(document.ownership.groups),
        protected=document.ownership.protected,
        deactivations=_limit(document.guardrails.deactivations),
        membership_removals=_limit(document.guardrails.membership_removals),
        limits=Limits(**document.limits.model_dump()),
        membership_touches_group=None if touches == "unknown" else touches,
        refresh_every=86400.0 * int(document.refresh_every.removesuffix("d")),
        source=Source(file, *place),
    )


def _token(document: TokenDocument) -> TokenSource:
    return TokenSource(
        env=document.env,
        file=document.file,
        command=document.command or (),
        issued=document.issued,
        lifetime_days=int(document.lifetime.removesuffix("d")),
    )


def _scope(document: ScopeDocument) -> Scope:
    return Scope(document.scope, document.unlisted)


def _limit(share: int | str) -> Limit:
    if isinstance(share, int):
        return Limit(number=share)
    return Limit(percent=float(share.removesuffix("%")))
