"""What a command came to know on its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from reconciler.core.drift import Drift, DriftKind
    from reconciler.core.plan_model import Outcome, Plan
    from reconciler.core.tenant import Tenant
    from reconciler.report.redaction.redactor import Redactor


class FoundDrift(NamedTuple):
    """What differs, told apart, and the kinds that count."""

    plan: Plan
    drift: Drift
    counted: frozenset[DriftKind]


@dataclass(slots=True)
class Heard:
    """Empty until the command says.

    `tenant`: the one that it is about. `outcomes`: of an apply. `public`: anybody may read what is said; `redactor`
    then conceals it, `hidden_talk` that it did so. `offline`: the command has no state directory of its own.
    """

    tenant: Tenant | None = None
    drift: FoundDrift | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    public: bool = False
    offline: bool = False
    redactor: Redactor | None = None
    hidden_talk: bool = False

    def hear_tenant(self, tenant: Tenant) -> None:
        """The command is about this tenant."""
        self.tenant = tenant
