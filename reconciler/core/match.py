"""Pairing desired with live resources by the mapping's matching attributes, in their order of precedence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.normalise import fold, is_empty
from reconciler.errors import MatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.core.model import Desired, Live


@dataclass(frozen=True, slots=True)
class _Index:
    """Live resources by the folded value of one attribute: the first that has it, and all where several have it."""

    attribute: str
    first: dict[str, Live]
    several: dict[str, list[Live]]

    @classmethod
    def of(cls, live: Sequence[Live], attribute: str) -> _Index:
        first: dict[str, Live] = {}
        several: dict[str, list[Live]] = {}
        for resource in live:
            value = _folded(resource, attribute)
            if value and (earlier := first.setdefault(value, resource)) is not resource:
                several.setdefault(value, [earlier]).append(resource)
        return cls(attribute, first, several)

    def find(self, value: str) -> list[Live]:
        found = self.first.get(value)
        return [] if found is None else self.several.get(value) or [found]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Each desired resource with the live one that it is, or None; `unlisted`: live resources that nothing declares."""

    pairs: tuple[tuple[Desired, Live | None], ...]
    unlisted: tuple[Live, ...]


def match_resources(desired: Sequence[Desired], live: Sequence[Live], attributes: Sequence[str]) -> Pairing:
    """Pair each desired resource with at most one live one.

    The first attribute (in order of precedence) that finds something decides. Raises MatchError naming all where two
    live resources answer to one desired or two desired to one live.
    """
    indexes = [_Index.of(live, attribute) for attribute in attributes]
    pairs: list[tuple[Desired, Live | None]] = []
    problems: list[str] = []
    doubtful: list[tuple[Desired, Live]] = []
    for resource in desired:
        found, several, sure = _find(resource, indexes)
        if several:
            names = ", ".join(sorted(map(_name, several)))
            problems.append(f"{_place(resource)} matches {len(several)} live ones: {names}")
            found = None
        pairs.append((resource, found))
        if found and not sure:
            doubtful.append((resource, found))
    matched = {found.id for _, found in pairs if found}
    problems += _shared(pairs, matched)
    if not problems:
        problems = _taken_names(doubtful, indexes, matched)
    if problems:
        raise MatchError("\n".join(problems), hint="make the matching attributes unique, in the manifests or in 4me")
    return Pairing(tuple(pairs), tuple(resource for resource in live if resource.id not in matched))


def identity_conflict(desired: Desired, live: Live) -> bool:
    """Whether the record would take over a live resource that carries another externalId."""
    want, have = desired.attributes.get("externalId"), live.attributes.get("externalId")
    return want != have and not is_empty(want) and not is_empty(have) and fold(want) != fold(have) and not desired.adopt


def _folded(resource: Desired | Live, attribute: str) -> str:
    """A matching attribute's value to compare by; what needs no folding is not copied."""
    value = resource.attributes.get(attribute)
    if not isinstance(value, str):
        return fold(value)
    folded = value.casefold()
    return value if folded == value else folded


def _find(resource: Desired, indexes: Sequence[_Index]) -> tuple[Live | None, Sequence[Live], bool]:
    """What the first attribute that finds something finds, and all of it where that is several.

    And whether the weaker ones certainly find nothing else.
    """
    found: Live | None = None
    several: Sequence[Live] = ()
    for index in indexes:
        value = _folded(resource, index.attribute)
        other = index.first.get(value)
        if other is None:
            continue
        if found is None:
            found, several = other, index.several.get(value, ())
        elif other is not found or value in index.several:
            return found, several, False
    return found, several, True


def _shared(pairs: Sequence[tuple[Desired, Live | None]], matched: set[str]) -> list[str]:
    if sum(found is not None for _, found in pairs) == len(matched):
        return []
    claims: dict[str, list[Desired]] = defaultdict(list)
    by_id: dict[str, Live] = {}
    for resource, found in pairs:
        if found:
            claims[found.id].append(resource)
            by_id[found.id] = found
    return [
        f"{len(claimants)} records match one live {_name(by_id[live_id])}: {', '.join(map(_place, claimants))}"
        for live_id, claimants in claims.items()
        if len(claimants) > 1
    ]


def _taken_names(pairs: Sequence[tuple[Desired, Live]], indexes: Sequence[_Index], claimed: set[str]) -> list[str]:
    """A weaker matching attribute that finds another live resource, which no record claims, is a second match."""
    return [
        f"{_place(resource)} matches 2 live ones: {_name(found)} and, by {index.attribute}, {_name(other)}"
        for resource, found in pairs
        for index in indexes
        for other in index.find(_folded(resource, index.attribute))
        if other.id not in claimed
    ]


def _place(resource: Desired) -> str:
    return f"{resource.source}: {resource.key}"


def _name(live: Live) -> str:
    return f"{live.key} (id {live.id})"
