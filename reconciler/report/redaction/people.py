"""Which texts name a person: by user name, display name or e-mail address, whole or in part."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from reconciler.core.model import Member, ResourceType
from reconciler.core.paths import MANAGER, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.core.model import Attributes, Value
    from reconciler.core.plan_model import Action

SHORT = 4
"""Letters and digits below which a name counts only where it stands as a word of its own."""
_NAMING = frozenset(("userName", "displayName", "nickName", "externalId", "name.formatted", "emails"))
_WORD, _GAP = re.compile(r"[^\W_]+"), re.compile(r"[\W_]+")


@dataclass(frozen=True)
class People:
    """`names` of people as they come: user names, display names, addresses, identifiers."""

    names: frozenset[str] = frozenset()

    def __or__(self, other: People) -> People:
        return People(self.names | other.names) if other.names - self.names else self

    def named_in(self, text: str) -> bool:
        """Whether a text is or has in it the name of one of these people."""
        words, joined = _split(text)
        parts, own_words = self._needles
        if any(word in own_words for word in words):
            return True
        return any(
            joined[start : start + length] in parts
            for length in self._lengths
            for start in range(len(joined) - length + 1)
        )

    @cached_property
    def _needles(self) -> tuple[frozenset[str], frozenset[str]]:
        parts, words = set[str](), set[str]()
        for name in self.names:
            joined = _join(name.partition("@")[0])
            if len(joined) < SHORT or joined.isdigit():
                words.add(joined)
                joined = _join(name) if "@" in name else ""
            if joined:
                parts.add(joined)
        words.discard("")
        return frozenset(parts), frozenset(words)

    @cached_property
    def _lengths(self) -> list[int]:
        return sorted({len(each) for each in self._needles[0]})


def people_of(users: Iterable[tuple[str, Attributes]]) -> People:
    """The people behind users, each given by its key and attributes."""
    return People(frozenset(filter(None, (name for key, own in users for name in (key, *_names(own))))))


def people_in(actions: Iterable[Action]) -> People:
    """The people whom actions name: users, members, managers, and the names that they have or get."""
    return People(frozenset(filter(None, (name for action in actions for name in _named(action)))))


def _named(action: Action) -> Iterator[str]:
    yield from (each.name for each in (*action.members.add, *action.members.remove) if _is_user(each))
    for change in action.changes:
        if change.path == MANAGER:
            yield from (value for value in (change.before, change.after) if isinstance(value, str))
    if action.type is ResourceType.USER:
        yield action.key
        for side in ("before", "after"):
            yield from _names({each.path: getattr(each, side) for each in action.changes})


def _names(attributes: Mapping[str, Value]) -> Iterator[str]:
    """All that a user is called by; given and family name together, in both orders."""
    for path, value in attributes.items():
        if path in _NAMING or (path.startswith("emails") and _attribute(path) == "emails"):
            yield from _texts(value)
    given, family = (attributes.get(f"name.{part}Name") for part in ("given", "family"))
    if isinstance(given, str) and isinstance(family, str) and given and family:
        yield from (f"{given} {family}", f"{family} {given}")


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each.get("value") if isinstance(each, dict) else each)


def _attribute(path: str) -> str:
    try:
        return parse_path(path).attribute
    except ValueError:
        return ""


def _is_user(member: Member) -> bool:
    return member.type is ResourceType.USER


@lru_cache(4096)
def _split(text: str) -> tuple[tuple[str, ...], str]:
    """The words of a text without case and accents, and all of them in one."""
    words = tuple(_WORD.findall(_fold(text)))
    return words, "".join(words)


def _join(text: str) -> str:
    """All words of a text in one."""
    return _GAP.sub("", _fold(text))


def _fold(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    parts = (part for each in folded for part in unicodedata.normalize("NFKD", each))  # long rows take for ever at once
    return "".join(each for each in parts if not unicodedata.combining(each))
