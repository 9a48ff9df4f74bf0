"""Tenant documents to tenants."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.core.guards import Limit
from reconciler.core.model import Source
from reconciler.core.tenant import Approval, Limits, Scope, Tenant, TokenSource
from reconciler.manifests.documents import TenantDocument, explain
from reconciler.manifests.equivalence_document import build_equivalences
from reconciler.manifests.notify_document import build_notifications
from reconciler.manifests.tolerance_document import build_tolerances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.manifests.documents import ScopeDocument, TokenDocument
    from reconciler.manifests.problems import Problems
    from reconciler.manifests.records import Path, RecordDocument


def read_tenants(documents: Sequence[RecordDocument], problems: Problems) -> tuple[Tenant, ...]:
    """The tenants that `kind: Tenant` documents declare, as far as they are valid."""
    tenants: list[Tenant] = []
    for file, path, value, place, _ in documents:
        try:
            parsed = TenantDocument.model_validate(value)
        except ValidationError as error:
            for inside, message in explain(TenantDocument, error):
                problems.report(file, (*path, *inside), message)
            continue
        tenant = _build_tenant(parsed, Source(file, *place))
        rules = build_equivalences(parsed.equivalences, partial(_report, problems, file, (*path, "equivalences")))
        tenant = replace(tenant, equivalences=rules)
        earlier = next((each for each in tenants if each.name == tenant.name), None)
        if earlier:
            problems.report(file, (*path, "name"), f"two tenants named `{tenant.name}`: also at {earlier.source}")
        if tenant.default and any(each.default for each in tenants):
            problems.report(file, (*path, "default"), "more than one tenant is the default")
        tenants.append(tenant)
    return tuple(tenants)


def _report(problems: Problems, file: str, place: Path, inside: Path, message: str) -> None:
    problems.report(file, (*place, *inside), message)


def _build_tenant(document: TenantDocument, source: Source) -> Tenant:
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
        default_domain=document.default_domain,
        tolerate=build_tolerances(document.tolerate, source),
        approval=Approval(**document.approval.model_dump()),
        notify=build_notifications(document.notify) if document.notify else None,
        source=source,
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
