"""Records out of their mapping's scope: which live resources they are, so that a removal can say what put it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.model import Member
from reconciler.core.normalise import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Live, Outside


def find_outside(outside: Iterable[Outside], unlisted: Sequence[Live], match: Sequence[str]) -> dict[Member, Outside]:
    """The record of the same type behind each unlisted live resource, by type and id, as far as there is one.

    The first attribute of `match` that finds something decides, as for declared records.
    """
    records = [each for each in outside if unlisted and each.type is unlisted[0].type]
    indexes = [(attribute, _by_value(unlisted, attribute)) for attribute in match if records]
    found: dict[Member, Outside] = {}
    for record in records:
        for attribute, by_value in indexes:
            live = by_value.get(fold(record.attributes.get(attribute)))
            if live is not None:
                found.setdefault(Member(live.type, live.id), record)
                break
    return found


def _by_value(unlisted: Iterable[Live], attribute: str) -> dict[str, Live]:
    found = {fold(live.attributes.get(attribute)): live for live in unlisted}
    found.pop("", None)
    return found
