"""The port through which planning reads live state and applying writes it. `scim` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.core.model import Attributes, Change, Live, LiveState, Member, ResourceType


@dataclass(frozen=True, slots=True)
class Identity:
    """What one declared resource is looked up by: matching attribute -> value, in order of precedence.

    `needs_members`: the memberships of the group that it matches are managed and must be read.
    """

    type: ResourceType
    matching: tuple[tuple[str, str], ...]
    needs_members: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan needs to know.

    `everything`: all owned resources must be seen, because what is declared nowhere matters (else only the declared).
    `full`: read without any short cut.
    """

    declared: tuple[Identity, ...]
    everything: bool = True
    full: bool = False


class Reader(Protocol):
    """Reads only: all that a plan gets."""

    def read(self, question: Question) -> LiveState:
        """Live state that answers `question`; raises ServiceError where there is no answer."""
        ...


@dataclass(frozen=True, slots=True)
class MemberDelta:
    """Members to add and to remove, as SCIM ids."""

    add: tuple[Member, ...] = ()
    remove: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The service's answer to a write: the resource's id and how many requests it took."""

    id: str
    requests: int = 1


class Writer(Protocol):
    """Writes. References in attributes and changes hold SCIM ids. There is no deletion."""

    def create(self, resource_type: ResourceType, attributes: Attributes, members: Sequence[Member]) -> Written:
        """Create one resource, its members included.

        A lost answer is looked up before the request is repeated. Raises ServiceError.
        """
        ...

    def update(self, live: Live, changes: Sequence[Change], members: MemberDelta) -> Written:
        """Change one resource: attributes (`after` None clears) and members. Raises ServiceError."""
        ...
