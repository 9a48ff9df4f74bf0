"""Rules of a manifest set that are about access as a whole, and differ: tenants, and what is matched by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.access import PolicyChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.guards import Limit
    from reconciler.core.tenant import Tenant


def tenant_changes(before: Sequence[Tenant], after: Sequence[Tenant]) -> Iterator[PolicyChange]:
    """What differs between tenants of one name, of that which decides whose access this repository manages, and how."""
    sides = [{each.name: each for each in tenants} for tenants in (before, after)]
    for name in sorted({*sides[0], *sides[1]}):
        one, other = (side.get(name) for side in sides)
        subject = f"tenant {name}"
        if one is None or other is None:
            yield PolicyChange(subject, "declared", _declared(one), _declared(other))
            continue
        wanted = _policies(other)
        for key, value in _policies(one).items():
            if value != wanted[key]:
                yield PolicyChange(subject, key, value, wanted[key])


def match_changes(resource: str, before: Sequence[str], after: Sequence[str]) -> Iterator[PolicyChange]:
    """A change of the attributes by which a mapping pairs with what 4me has."""
    if tuple(before) != tuple(after):
        yield PolicyChange(f"mapping of {resource}", "match", ", ".join(before), ", ".join(after))


def unlisted_notes(tenants: Sequence[Tenant], leaving: tuple[int, int]) -> Iterator[str]:
    """What a tenant does not do to people and groups that are not declared any more; `leaving`: how many those are."""
    for tenant in tenants:
        for count, scope, noun in zip(leaving, (tenant.users, tenant.groups), ("users", "groups"), strict=True):
            if count and scope.unlisted == "report":
                rule = f"ownership.{noun}.unlisted: report"
                yield f"tenant {tenant.name} only reports {noun} that are not declared any more ({rule}): {count} here"


def _declared(tenant: Tenant | None) -> str | None:
    if tenant is None:
        return None
    return "yes, as the default" if tenant.default else "yes"


def _policies(tenant: Tenant) -> dict[str, str]:
    """By their names in a Tenant document, as text."""
    return {
        "default": _yes_or_no(tenant.default),
        "endpoint": tenant.endpoint,
        "account": tenant.account or "(none)",
        "ownership.users.scope": tenant.users.filter or "(all)",
        "ownership.users.unlisted": tenant.users.unlisted,
        "ownership.groups.scope": tenant.groups.filter or "(all)",
        "ownership.groups.unlisted": tenant.groups.unlisted,
        "ownership.protected": ", ".join(sorted(tenant.protected)) or "(none)",
        "approval.required": _yes_or_no(tenant.approval.required),
        "approval.verifyKey": tenant.approval.verify_key or "(none)",
        "guardrails.deactivations": _limit(tenant.deactivations),
        "guardrails.membershipRemovals": _limit(tenant.membership_removals),
    }


def _yes_or_no(value: bool) -> str:  # noqa: FBT001 - a value, not a choice
    return "yes" if value else "no"


def _limit(limit: Limit) -> str:
    return str(limit.number) if limit.number is not None else f"{limit.percent:g}%"
