"""What a command came to know on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from reconciler.core.drift import Drift, DriftKind
    from reconciler.core.plan_model import Outcome, Plan
    from reconciler.core.tenant import Tenant


class FoundDrift(NamedTuple):
    """What differs, told apart, and the kinds that count."""

    plan: Plan
    drift: Drift
    counted: frozenset[DriftKind]


@dataclass(slots=True)
class Heard:
    """Empty until the command says.

    `tenant`: the one that it is about. `outcomes`: of an apply.
    """

    tenant: Tenant | None = None
    drift: FoundDrift | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def hear_tenant(self, tenant: Tenant) -> None:
        """The command is about this tenant."""
        self.tenant = tenant
