"""One request on its way through the sandbox: what is wrong with it, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.sandbox.requestlog import LoggedRequest

if TYPE_CHECKING:
    from reconciler.sandbox.effects import Effect
    from reconciler.sandbox.faults import Fault
    from reconciler.sandbox.messages import Request, Response


@dataclass(slots=True)
class Handling:
    """One request being handled: the faults that strike it, those that made a difference, and what it did."""

    request: Request
    faults: tuple[Fault, ...]
    effects: list[Effect] = field(default_factory=list)
    happened: tuple[str, ...] = ()

    def of(self, kind: str) -> list[Fault]:
        """The faults of one kind that strike it."""
        return [fault for fault in self.faults if fault.kind == kind]

    def note(self, *faults: Fault) -> None:
        """These made a difference."""
        self.happened += tuple(fault.name for fault in faults)

    def logged(self, response: Response, now: float) -> LoggedRequest:
        """What the log is to tell of it."""
        sent, effects = self.request, tuple(self.effects)
        return LoggedRequest(sent.method, sent.target, response.status or None, now, self.happened, sent.body, effects)
