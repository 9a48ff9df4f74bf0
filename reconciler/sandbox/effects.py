"""What a request did to users and groups: evidence for whoever judges a client from the server's side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from reconciler.sandbox.store import Kind, Member, Row

Verb = Literal["created", "updated", "deactivated", "reactivated", "removed"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One resource changed: `name` is the userName or displayName that it then had, `members` who came and went."""

    verb: Verb
    kind: Kind
    id: int
    name: str
    added: tuple[Member, ...] = ()
    gone: tuple[Member, ...] = ()

    def __str__(self) -> str:
        """In words, as in `updated Group 7 +2 -1`: ids and numbers, no names."""
        counts = "".join(f" {sign}{len(side)}" for sign, side in (("+", self.added), ("-", self.gone)) if side)
        return f"{self.verb} {self.kind} {self.id}{counts}"


def verb_of(before: Row | None, after: Row) -> Verb:
    """What became of a resource, None where there was none before."""
    if before is None:
        return "created"
    if before.active == after.active:
        return "updated"
    return "reactivated" if after.active else "deactivated"
