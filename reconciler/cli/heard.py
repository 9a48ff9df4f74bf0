"""What a command came to know on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.tenant import Tenant


@dataclass(slots=True)
class Heard:
    """Empty until the command says; `tenant`: the one that it is about."""

    tenant: Tenant | None = None

    def hear_tenant(self, tenant: Tenant) -> None:
        """The command is about this tenant."""
        self.tenant = tenant
