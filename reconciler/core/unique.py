"""Values that are chosen for new resources: the first that nobody has yet (Entra's SelectUniqueValue)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.diff import live_value
from reconciler.core.normalise import fold
from reconciler.core.paths import short_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.core.match import Pairing
    from reconciler.core.model import Desired, Live


def choose_values(pairing: Pairing, live: Sequence[Live], warn: Callable[[str], None]) -> Pairing:
    """The pairing with a value picked for each choice of a resource that is to be created, in the order of the records.

    Neither a live nor another declared resource has it, without regard to case. Where no candidate is free the
    resource counts as inactive, so that nothing is created or made a member, and `warn` hears of it.
    """
    if not any(desired.choices and desired.active for desired in pairing.missing()):
        return pairing
    chooser = _Chooser([desired for desired, _ in pairing.pairs], live)
    return replace(
        pairing,
        pairs=tuple(
            (desired, found)
            if found or not (desired.choices and desired.active)
            else (chooser.settle(desired, warn), None)
            for desired, found in pairing.pairs
        ),
    )


class _Chooser:
    """Picks values; what it picks is taken from then on."""

    def __init__(self, desired: Sequence[Desired], live: Sequence[Live]) -> None:
        self._desired = desired
        self._live = live
        self._taken = cache(self._find_taken)

    def settle(self, desired: Desired, warn: Callable[[str], None]) -> Desired:
        attributes = dict(desired.attributes)
        for path, candidates in desired.choices:
            taken = self._taken(path)
            free = next((each for each in candidates if fold(each) not in taken), None)
            if free is None:
                tried = ", ".join(candidates) or "there is none"
                warn(f"{desired.source}: {desired.key} is not created: no free value for {short_path(path)}: {tried}")
                return replace(desired, active=False)
            taken.add(fold(free))
            attributes[path] = free
        return replace(desired, attributes=attributes)

    def _find_taken(self, path: str) -> set[str]:
        live = (live_value(path, each.attributes) for each in self._live)
        chosen = (each.attributes.get(path) for each in self._desired if all(path != own for own, _ in each.choices))
        return {fold(value) for values in (live, chosen) for value in values}
