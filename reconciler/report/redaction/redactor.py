"""What stands for a person, a group, a place and a value in a report for the public."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.core.model import Member, ResourceType, Source
from reconciler.core.normalise import is_empty
from reconciler.core.paths import MANAGER, parse_path
from reconciler.core.schema import USER_ATTRIBUTES
from reconciler.report.redaction.people import People
from reconciler.report.words import CHANGED, HIDDEN

if TYPE_CHECKING:
    from reconciler.core.model import Value
    from reconciler.report.redaction.pseudonyms import Pseudonyms

_TYPES = frozenset(each for schema in USER_ATTRIBUTES.values() for each in schema.types)
"""Types of values that 4me documents; another one is somebody's own word."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Conceals what may say who somebody is. `known`: the people that are, for texts that may have a name in them."""

    pseudonyms: Pseudonyms
    known: tuple[People, ...] = ()
    _judged: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def knowing(self, people: People) -> Redactor:
        """The same with more people known; what was made of those known already is not made again."""
        more = people.names
        for each in self.known:
            more -= each.names
        return replace(self, known=(*self.known, People(more))) if more else self

    def person(self, name: str) -> str:
        """A user by whatever name; the same name is always the same pseudonym."""
        return self.pseudonyms.of("person", name) if name else name

    def group(self, name: str) -> str:
        """A group's name, which stays unless it is or has in it the name of a person."""
        return self.pseudonyms.of("group", name) if self.names_somebody(name) else name

    def called(self, resource: ResourceType, name: str) -> str:
        """A user or a group."""
        return self.person(name) if resource is ResourceType.USER else self.group(name)

    def member(self, member: Member) -> Member:
        """A member of a group."""
        return member._replace(name=self.called(member.type, member.name))

    def source(self, source: Source | None) -> Source | None:
        """A place: its line, and its file unless that names a person."""
        return source and source._replace(file=self.word(source.file))

    def word(self, text: str) -> str:
        """A name of something else, such as a branch or a folder, unless it names a person."""
        return HIDDEN if self.names_somebody(text) else text

    def path(self, path: str) -> str:
        """An attribute's path, custom fields included; a selector that is nobody's standard is left out."""
        try:
            parsed = parse_path(path)
        except ValueError:
            return HIDDEN
        return parsed.attribute if parsed.by and parsed.value not in _TYPES else path

    def values(self, resource: ResourceType, path: str, before: Value, after: Value) -> tuple[Value, Value]:
        """Before and after of an attribute: hidden, but for references, names of resources, and being active."""
        if path == "active" and all(each is None or isinstance(each, bool) for each in (before, after)):
            return before, after
        if path == MANAGER or (resource is ResourceType.USER and path == "userName"):
            return self._reference(before), self._reference(after)
        if resource is ResourceType.GROUP and path == "displayName":
            return self._name(before), self._name(after)
        if path == "externalId":
            return _set(before), _set(after)
        return CHANGED, CHANGED

    def names_somebody(self, text: str) -> bool:
        """Whether a text has the name of a known person in it, or an e-mail address."""
        known = self._judged.get(text)
        if known is None:
            known = self._judged[text] = "@" in text or any(each.named_in(text) for each in self.known)
        return known

    def _reference(self, value: Value) -> Value:
        return self.person(value) if isinstance(value, str) else _set(value)

    def _name(self, value: Value) -> Value:
        return self.group(value) if isinstance(value, str) else _set(value)


def _set(value: Value) -> Value:
    """Whether there is a value."""
    return None if is_empty(value) else CHANGED
