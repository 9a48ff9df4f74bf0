"""The members of one live group, as ids by type: texts are hashed and compared quicker than pairs, and cost less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.model import Member, ResourceType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from reconciler.core.model import Live


@dataclass(frozen=True, slots=True)
class Members:
    """Names of users and of nested groups: SCIM ids of live members, keys of declared ones."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, members: Collection[Member]) -> Members:
        """These members; hardly a group has other groups in it."""
        user, group = ResourceType.USER, ResourceType.GROUP
        users = frozenset([name for kind, name in members if kind is user])
        if len(users) == len(members):
            return cls(users)
        return cls(users, frozenset([name for kind, name in members if kind is group]))

    def __len__(self) -> int:
        return len(self.users) + len(self.groups)

    def __iter__(self) -> Iterator[Member]:
        for kind in ResourceType:
            for name in self.names(kind):
                yield Member(kind, name)

    def __contains__(self, member: Member) -> bool:
        return member.name in self.names(member.type)

    def names(self, kind: ResourceType) -> frozenset[str]:
        """The members of this type."""
        return self.users if kind is ResourceType.USER else self.groups

    def sharing(self, users: Mapping[str, Live]) -> Members:
        """The same members; those who are among these users have no id of their own beside that of the user."""
        return Members(frozenset([users[name].id if name in users else name for name in self.users]), self.groups)

    def changed(self, add: Iterable[Member], remove: Iterable[Member]) -> Members:
        """The members once some were added and then some removed."""
        gained, lost = Members.of(tuple(add)), Members.of(tuple(remove))
        return Members((self.users | gained.users) - lost.users, (self.groups | gained.groups) - lost.groups)
