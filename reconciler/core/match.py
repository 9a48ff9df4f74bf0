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

Index = dict[str, dict[str, list["Live"]]]


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
    index = _index(live, attributes)
    pairs: list[tuple[Desired, Live | None]] = []
    problems: list[str] = []
    for resource in desired:
        found = _find(resource, index, attributes)
        if len(found) > 1:
            problems.append(f"{_place(resource)} matches {len(found)} live ones: {', '.join(map(_name, found))}")
        pairs.append((resource, found[0] if len(found) == 1 else None))
    problems += _shared(pairs)
    if not problems:
        problems = _taken_names(pairs, index, attributes)
    if problems:
        raise MatchError("\n".join(problems), hint="make the matching attributes unique, in the manifests or in 4me")
    matched = {found.id for _, found in pairs if found}
    return Pairing(tuple(pairs), tuple(resource for resource in live if resource.id not in matched))


def identity_conflict(desired: Desired, live: Live) -> bool:
    """Whether the record would take over a live resource that carries another externalId."""
    want, have = desired.attributes.get("externalId"), live.attributes.get("externalId")
    return not is_empty(want) and not is_empty(have) and fold(want) != fold(have) and not desired.adopt


def _index(live: Sequence[Live], attributes: Sequence[str]) -> Index:
    index: Index = {attribute: defaultdict(list) for attribute in attributes}
    for resource in live:
        for attribute in attributes:
            value = fold(resource.attributes.get(attribute))
            if value:
                index[attribute][value].append(resource)
    return index


def _find(resource: Desired, index: Index, attributes: Sequence[str]) -> list[Live]:
    for attribute in attributes:
        value = fold(resource.attributes.get(attribute))
        found = index[attribute].get(value, []) if value else []
        if found:
            return found
    return []


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


def _taken_names(pairs: Sequence[tuple[Desired, Live | None]], index: Index, attributes: Sequence[str]) -> list[str]:
    """A weaker matching attribute that finds another live resource, which no record claims, is a second match."""
    claimed = {found.id for _, found in pairs if found}
    return [
        f"{_place(resource)} matches 2 live ones: {_name(found)} and, by {attribute}, {_name(other)}"
        for resource, found in pairs
        if found
        for attribute in attributes
        for other in index[attribute].get(fold(resource.attributes.get(attribute)), [])
        if other.id not in claimed
    ]


def _place(resource: Desired) -> str:
    return f"{resource.source}: {resource.key}"


def _name(live: Live) -> str:
    return f"{live.key} (id {live.id})"
