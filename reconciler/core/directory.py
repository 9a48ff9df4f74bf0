"""The port through which planning reads live state and applying writes it. `scim` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.core.model import Attributes, Live, LiveState, Member, ResourceType
    from reconciler.core.plan_model import Change
    from reconciler.core.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Identity:
    """What one declared resource is looked up by: matching attribute -> value, in order of precedence.

    `needs_members`: the memberships of the group that it matches are managed and must be read. `is_reference`: only its
    id matters, because something that was asked for refers to it by its `key`. `id`: where it is known, it is found by
    that too, whatever it is called now.
    """

    type: ResourceType
    matching: tuple[tuple[str, str], ...]
    needs_members: bool = False
    is_reference: bool = False
    key: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan needs to know.

    `declared` gives what the manifests declare; it may have to wait for them to be read, and raise what is wrong with
    them. `everything`: all owned resources must be seen, because what is declared nowhere matters (else only the
    declared). `full`: read without any short cut. `recent_members`: members that were read in the last minutes need not
    be read again even where the service does not tell of membership changes.
    """

    declared: Callable[[], Sequence[Identity]]
    everything: bool = True
    full: bool = False
    recent_members: bool = False


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What reading may rely on.

    `touches`: whether a membership change moves a group's lastModified, as the tenant states it (None: unknown);
    `learned`: the same as earlier runs found out. `refresh_every`: seconds after which everything is read anew.
    """

    touches: bool | None = None
    learned: bool | None = None
    refresh_every: float = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read, the requests it was expected to take (None: not told), and what speaks for or against it."""

    name: str
    requests: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read came to.

    `snapshot`: to be kept for the next read, None where it is not to be relied on. `ways`: those that were considered,
    the chosen one first. `relied_on`: the snapshot that the read built on, if it did.
    """

    live: LiveState
    snapshot: Snapshot | None = None
    ways: tuple[Way, ...] = ()
    relied_on: Snapshot | None = None


class Reader(Protocol):
    """Reads only: all that a plan gets."""

    def read(self, question: Question, snapshot: Snapshot | None = None) -> Reading:
        """Live state that answers `question`; raises ServiceError where there is no answer."""
        ...

    def read_again(self, known: LiveState, names: Iterable[Member]) -> LiveState:
        """`known` with the resources of these types and ids as they are now. Raises ServiceError."""
        ...


@dataclass(frozen=True, slots=True)
class MemberDelta:
    """Members to add and to remove, as SCIM ids."""

    add: tuple[Member, ...] = ()
    remove: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The service's answer to a write: the resource's id, how many requests it took, and the resource as it then was.

    `live` is None where the service did not show it; a group's members are None where it did not show those.
    """

    id: str
    requests: int = 1
    live: Live | None = None


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
