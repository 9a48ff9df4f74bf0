"""Pairing desired with live resources by the mapping's matching attributes, in their order of precedence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import compress, count
from operator import is_not
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
        values = _folded(live, attribute)
        first = dict(zip(reversed(values), reversed(live), strict=True))
        first.pop("", None)
        unique = len(first) + values.count("") == len(values)
        return cls(attribute, first, {} if unique else _several(values, live))

    def find(self, value: str) -> list[Live]:
        found = self.first.get(value)
        return [] if found is None else self.several.get(value) or [found]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Each desired resource with the live one that it is, or None; `unlisted`: live resources that nothing declares."""

    pairs: tuple[tuple[Desired, Live | None], ...]
    unlisted: tuple[Live, ...]

    def missing(self) -> list[Desired]:
        """The desired resources that 4me does not have."""
        return [desired for desired, live in self.pairs if live is None]


def match_resources(desired: Sequence[Desired], live: Sequence[Live], attributes: Sequence[str]) -> Pairing:
    """Pair each desired resource with at most one live one.

    The first attribute (in order of precedence) that finds something decides. Raises MatchError naming all where two
    live resources answer to one desired or two desired to one live.
    """
    indexes = [_Index.of(live, attribute) for attribute in attributes]
    found, unclear = _look_up(desired, indexes)
    problems: list[str] = []
    doubtful: list[tuple[Desired, Live]] = []
    for row in unclear:
        one, several, sure = _find(desired[row], indexes)
        if several:
            names = ", ".join(sorted(map(_name, several)))
            problems.append(f"{_place(desired[row])} matches {len(several)} live ones: {names}")
            one = None
        found[row] = one
        if one and not sure:
            doubtful.append((desired[row], one))
    pairs = tuple(zip(desired, found, strict=True))
    ids = [each.id for each in found if each]
    matched = set(ids)
    if len(matched) < len(ids):
        problems += _shared(pairs)
    if not problems:
        problems = _taken_names(doubtful, indexes, matched)
    if problems:
        raise MatchError("\n".join(problems), hint="make the matching attributes unique, in the manifests or in 4me")
    unlisted = () if len(matched) == len(live) else tuple([each for each in live if each.id not in matched])
    return Pairing(pairs, unlisted)


def identity_conflict(desired: Desired, live: Live) -> bool:
    """Whether the record would take over a live resource that carries another externalId."""
    want, have = desired.attributes.get("externalId"), live.attributes.get("externalId")
    return want != have and not is_empty(want) and not is_empty(have) and fold(want) != fold(have) and not desired.adopt


def _folded(resources: Sequence[Desired | Live], attribute: str) -> list[str]:
    """A matching attribute's values to compare by; what needs no folding is not copied."""
    values = [resource.attributes.get(attribute) for resource in resources]
    return [
        (value if (folded := value.casefold()) == value else folded) if isinstance(value, str) else fold(value)
        for value in values
    ]


def _several(values: Sequence[str], live: Sequence[Live]) -> dict[str, list[Live]]:
    found: dict[str, list[Live]] = defaultdict(list)
    for value, resource in zip(values, live, strict=True):
        found[value].append(resource)
    return {value: resources for value, resources in found.items() if value and len(resources) > 1}


def _look_up(desired: Sequence[Desired], indexes: Sequence[_Index]) -> tuple[list[Live | None], list[int]]:
    """What the attributes find, and the rows where they find several, together or alone: most often there is none.

    Whole columns at a time, since that is several times as quick as row by row.
    """
    found: list[Live | None] = [None] * len(desired)
    unclear: set[int] = set()
    for number, index in enumerate(indexes):
        values = _folded(desired, index.attribute)
        column = list(map(index.first.get, values))
        if not number:
            found = column
        for row in compress(count(), map(is_not, found, column)):
            if found[row] is None:
                found[row] = column[row]
            elif column[row] is not None:
                unclear.add(row)
        if index.several:
            unclear.update(row for row, value in enumerate(values) if value in index.several)
    return found, sorted(unclear)


def _find(resource: Desired, indexes: Sequence[_Index]) -> tuple[Live | None, Sequence[Live], bool]:
    """What the first attribute that finds something finds, and all of it where that is several.

    And whether the weaker ones certainly find nothing else.
    """
    found: Live | None = None
    several: Sequence[Live] = ()
    for index in indexes:
        value = fold(resource.attributes.get(index.attribute))
        other = index.first.get(value)
        if other is None:
            continue
        if found is None:
            found, several = other, index.several.get(value, ())
        elif other is not found or value in index.several:
            return found, several, False
    return found, several, True


def _shared(pairs: Sequence[tuple[Desired, Live | None]]) -> list[str]:
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
        for other in index.find(fold(resource.attributes.get(index.attribute)))
        if other.id not in claimed
    ]


def _place(resource: Desired) -> str:
    return f"{resource.source}: {resource.key}"


def _name(live: Live) -> str:
    return f"{live.key} (id {live.id})"
