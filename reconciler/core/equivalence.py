"""When a value that was sent and one that the service stored mean the same, by the Tenant document's `equivalences`.

Beyond what `core/normalise.py` knows of SCIM: a service that trims, that formats telephone numbers, that drops. A rule
only ever calls two values the same whose normal forms are equal, or which it pairs word by word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold, is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, parse_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.core.model import Value

    Item = dict[str, Value]

_PHONE_LAYOUT = re.compile(r"^tel:|[\s().\-/\u2010-\u2015\u00a0]")
_DESCRIBING = frozenset(("type", "primary", "display"))


class Ignored(StrEnum):
    """What of a value does not count."""

    OUTER_BLANKS = "outer-blanks"
    BLANKS = "blanks"
    CASE = "case"
    PHONE_FORMAT = "phone-format"
    ABSENCE = "absence"


class Pair(NamedTuple):
    """One value as it is sent and as it is stored then; None: no value."""

    sent: Value
    stored: Value


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What does not count in one attribute.

    `attribute` is a path whose multi-valued attribute has a part, selected by type or of any value: `title`,
    `phoneNumbers.value`, `phoneNumbers[type eq "work"].value`.
    """

    resource: ResourceType
    attribute: str
    ignore: tuple[Ignored, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def same(self, sent: Value, stored: Value) -> bool:
        """Whether the service may have made `stored` of `sent`, and nobody else had a hand in it."""
        exact = self.attribute.startswith(CUSTOM_FIELDS)
        if same(sent, stored, exact=exact) or (Ignored.ABSENCE in self.ignore and is_empty(stored)):
            return True
        if any(same(sent, one, exact=True) and same(stored, other, exact=exact) for one, other in self.pairs):
            return True
        if any(isinstance(each, bool | list | dict) for each in (sent, stored)):
            return False
        return same(self.normal(sent), self.normal(stored), exact=exact)

    def normal(self, value: Value) -> str:
        """A scalar without what does not count; "" where there is no value."""
        text = "" if value is None else str(value)
        for ignored in self.ignore:
            text = _without(ignored, text)
        return text


def _without(ignored: Ignored, text: str) -> str:
    match ignored:
        case Ignored.OUTER_BLANKS:
            return text.strip()
        case Ignored.BLANKS:
            return " ".join(text.split())
        case Ignored.CASE:
            return text.casefold()
        case Ignored.PHONE_FORMAT:
            number = _PHONE_LAYOUT.sub("", text.strip())
            return number if any(map(str.isdigit, number)) else text
        case Ignored.ABSENCE:
            return text


@dataclass(frozen=True, slots=True)
class Equivalences:
    """A tenant's rules, by resource type and attribute, without case."""

    rules: Mapping[tuple[ResourceType, str], Equivalence] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[Equivalence]) -> Equivalences:
        """Rules of which each attribute has at most one."""
        return cls({(each.resource, each.attribute.casefold()): each for each in rules})

    def __bool__(self) -> bool:
        return bool(self.rules)

    def dropped(self) -> frozenset[str]:
        """The attributes of users that the service is said not to store."""
        return frozenset(
            each.attribute
            for each in self.rules.values()
            if each.resource is ResourceType.USER and Ignored.ABSENCE in each.ignore
        )

    def same(self, resource: ResourceType, path: str, sent: Value, stored: Value) -> bool:
        """Whether a rule says of two single values at a path that they mean the same."""
        found = (self.rules.get((resource, name.casefold())) for name in rule_names(resource, path))
        return any(rule.same(sent, stored) for rule in found if rule)

    def spell(self, resource: ResourceType, path: str, want: Value, have: Value) -> Value:
        """What the service has, with each value that means the same as a declared one spelled as that is."""
        if isinstance(want, list):
            return self._spell_items(resource, path, _items(want), _items(have))
        return want if self.same(resource, path, want, have) else have

    def _spell_items(self, resource: ResourceType, path: str, want: list[Item], have: list[Item]) -> Value:
        left = list(want)
        spelled: list[Value] = []
        for item in have:
            partner = next((each for each in left if self._is_partner(resource, path, each, item)), None)
            if partner is None:
                spelled.append(item)
                continue
            left.remove(partner)
            told = {sub for sub, each in partner.items() if self._same_part(resource, path, partner, sub, item)}
            spelled.append({**item, **{sub: partner[sub] for sub in told}})
        dropped = (each for each in left if self._is_dropped(resource, path, each))
        return [*spelled, *dropped]

    def _is_partner(self, resource: ResourceType, path: str, want: Item, have: Item) -> bool:
        kinds = fold(want.get("type")), fold(have.get("type"))
        if all(kinds):
            return kinds[0] == kinds[1]
        return self._same_part(resource, path, want, "value", have)

    def _same_part(self, resource: ResourceType, path: str, want: Item, sub: str, have: Item) -> bool:
        part = f'{path}[type eq "{want["type"]}"].{sub}' if want.get("type") else f"{path}.{sub}"
        return self.same(resource, part, want.get(sub), have.get(sub))

    def _is_dropped(self, resource: ResourceType, path: str, want: Item) -> bool:
        telling = want.keys() - _DESCRIBING
        return bool(telling) and all(self._same_part(resource, path, want, sub, {}) for sub in telling)


def rule_names(resource: ResourceType, path: str) -> Sequence[str]:
    """What rules that are about a path may call it: one value of a multi-valued attribute by its type, or any."""
    parsed = parse_path(path)
    schema = ATTRIBUTES[resource].get(parsed.attribute)
    if schema is None or schema.kind is not AttributeKind.MULTI_VALUED:
        return (path,)
    sub = parsed.sub or "value"
    whole = f"{parsed.attribute}.{sub}"
    return (str(parsed._replace(sub=sub)), whole) if parsed.by == "type" else (whole,)


def _items(value: Value) -> list[Item]:
    values = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {"value": item} for item in values]
