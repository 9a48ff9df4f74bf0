"""Differences that a tenant has agreed to live with until a date: the Tenant document's `tolerate`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType, Source
from reconciler.core.paths import parse_path, short_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from reconciler.core.model import Member


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Who answers for which differences, why, and until when (that day included).

    `keys`: userNames or displayNames, globs without case. `attributes`: names as in the manifests or SCIM paths, or
    `members` (of a group) and `groups` (of a user); empty for everything.
    """

    resource: ResourceType
    keys: tuple[str, ...]
    owner: str
    reason: str
    until: date
    attributes: tuple[str, ...] = ()
    source: Source = Source("", 1)

    def covers(self, resource: ResourceType, key: str, names: Iterable[str]) -> bool:
        """Whether it is about this resource and what is called so there."""
        if resource is not self.resource or not _matches(key, self.keys):
            return False
        return not self.attributes or any(_matches(name, self.attributes) for name in names)


@dataclass(frozen=True, slots=True)
class Tolerances:
    """A tenant's rules on a day. `names`: by resource type, what the manifests call the target of a direct rule."""

    rules: tuple[Tolerance, ...]
    today: date
    names: Mapping[ResourceType, Mapping[str, str]]

    def find_attribute(self, resource: ResourceType, key: str, path: str | None) -> Tolerance | None:
        """The rule that covers an attribute, None for the resource as a whole, for the longest time."""
        names = self._called(resource, path) if path and self.rules else frozenset[str]()
        return self._longest(rule for rule in self.rules if rule.covers(resource, key, names))

    def find_membership(self, group: str, member: Member) -> Tolerance | None:
        """The rule that covers a membership, on either side of it, for the longest time."""
        sides = ((ResourceType.GROUP, group, ("members",)), (member.type, member.name, ("groups",)))
        return self._longest(rule for rule in self.rules for side in sides if rule.covers(*side))

    def is_expired(self, rule: Tolerance) -> bool:
        """Whether its last day is over."""
        return rule.until < self.today

    def _longest(self, found: Iterable[Tolerance]) -> Tolerance | None:
        return max(found, key=lambda rule: rule.until, default=None)

    def _called(self, resource: ResourceType, path: str) -> frozenset[str]:
        return frozenset(_names(path, self.names.get(resource, {})))


def _names(path: str, authored: Mapping[str, str]) -> Iterator[str]:
    """All that a path may be called: itself, the attribute that it is a part of, and the author's words for these."""
    for each in (path, parse_path(path).attribute):
        yield each
        yield short_path(each)
        if each in authored:
            yield authored[each]
    if ":" in path and (whole := path.rpartition(":")[0]) in authored:
        yield authored[whole]


def _matches(text: str, patterns: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)
