"""Comparing one desired with one live resource: which attributes change, and how.

Only what the mapping produced is compared, and of complex values only the sub-attributes that were declared. Plain
comparison decides; DeepDiff only explains multi-valued attributes that are known to differ.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.equivalence import Equivalences
from reconciler.core.normalise import fold, is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER, parse_path
from reconciler.core.plan_model import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Desired, Live, ResourceType, Value

    Item = dict[str, Value]


class _Layout(NamedTuple):
    """How to read from a live resource what the paths of a desired one name, in their order.

    `read`: the attributes, whole. `selected`: place, sub-attribute and its value, sub-attribute wanted ("": all), of
    paths that select one value. `manager`: its place.
    """

    read: Callable[[Attributes], tuple[Value, ...]]
    selected: tuple[tuple[int, str, str, str], ...]
    manager: int | None


@lru_cache(maxsize=1024)
def _layout(paths: tuple[str, ...]) -> _Layout | None:
    """None for a single path, of which `itemgetter` makes no tuple. The resources of a mapping share a few layouts."""
    if len(paths) <= 1:
        return None
    parsed = [parse_path(path) if "[" in path else None for path in paths]
    selected = [(place, each.by, each.value, each.sub) for place, each in enumerate(parsed) if each and each.by]
    names = [each.attribute if each and each.by else path for path, each in zip(paths, parsed, strict=True)]
    return _Layout(itemgetter(*names), tuple(selected), paths.index(MANAGER) if MANAGER in paths else None)


def find_unsettled(
    pairs: Iterable[tuple[Desired, Live | None]], keys: Mapping[str, str]
) -> Iterator[tuple[Desired, Live | None]]:
    """The pairs that need a closer look: all but those where 4me has every declared value exactly as it is declared.

    What is passed over has nothing for `diff_attributes`, no conflict of identities, and its custom fields given back.
    """
    for pair in pairs:
        desired, live = pair
        if (
            live is None
            or desired.active != live.active
            or desired.members is not None
            or not _has_exactly(live.attributes, desired.attributes, keys)
        ):
            yield pair


def _has_exactly(have_all: Attributes, want: Attributes, keys: Mapping[str, str]) -> bool:
    """Whether all these values are there as they are; where that takes thought, the answer is no."""
    layout = _layout(tuple(want))
    if layout is None:
        return False
    read, selected, manager = layout
    try:
        have: list[Any] = [*read(have_all)]
        for place, by, wanted, sub in selected:
            for item in have[place]:
                if item[by] == wanted:
                    have[place] = item[sub] if sub else item
                    break
                if fold(item[by]) == fold(wanted):
                    return False
        if manager is not None:
            have[manager] = keys.get(have[manager], have[manager])
    except (KeyError, TypeError):
        return False
    return have == [*want.values()]


NO_RULES = Equivalences()


def diff_attributes(
    desired: Desired, live: Live, keys: Mapping[str, str], rules: Equivalences = NO_RULES
) -> tuple[Change, ...]:
    """The changes that make `live` what `desired` says, in the order of the mapping.

    `keys` names live users by id, so that references compare by key. `rules` say what the service stores otherwise.
    `active` is the planner's business.
    """
    changes: list[Change] = []
    have_all = live.attributes
    for path, want in desired.attributes.items():
        have = have_all.get(path)
        if have == want and have is not None and path != MANAGER:
            continue
        if path == MANAGER and isinstance(have, str):
            have = keys.get(have, have)
        elif have is None and "[" in path:
            have = live_value(path, have_all)
        if have == want or path == "active" or path in desired.create_only:
            continue
        if path not in desired.only_empty or is_empty(have):
            changes.extend(diff_value(desired.type, path, (want, have), rules))
    return tuple(changes)


def diff_value(resource: ResourceType, path: str, sides: tuple[Value, Value], rules: Equivalences) -> Sequence[Change]:
    """The changes that make of what the service has, at one path, what is wanted: (wanted, what it has).

    A value that a rule calls the same is not among them; what of a list is shown as before is as it is stored.
    """
    want, have = sides
    changes = _diff(path, want, rules.spell(resource, path, want, have) if rules else have)
    return [
        replace(each, before=_shown(_items(have)) or None) if each.path == path and isinstance(have, list) else each
        for each in changes
    ]


def live_value(path: str, attributes: Attributes) -> Value:
    """The live value at an attribute path, also one that selects a value of a multi-valued attribute."""
    schema, name, by, wanted, sub = parsed = parse_path(path)
    if not by:
        return attributes.get(path)
    values = attributes.get(parsed.attribute if schema else name)
    for each in values if isinstance(values, list) else ():
        item: Item = each if isinstance(each, dict) else {"value": each}
        given = item.get(by)
        if given == wanted or fold(given) == fold(wanted):
            return item.get(sub) if sub else item
    return None


def _diff(path: str, want: Value, have: Value) -> Sequence[Change]:
    if isinstance(want, list):
        return _diff_values(path, _items(want), _items(have))
    if isinstance(have, list) and is_empty(want):
        return [Change(path, _shown(_items(have)), None)] if have else []
    if same(want, have, exact=path.startswith(CUSTOM_FIELDS)):
        return []
    return [Change(path, None if is_empty(have) else have, None if is_empty(want) else want)]


def _items(value: Value) -> list[Item]:
    values = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {"value": item} for item in values]


def _shown(items: Sequence[Item]) -> Value:
    if all("value" in item and not item.get("type") for item in items):
        return sorted((item["value"] for item in items), key=fold)
    return list(items)


def _diff_values(path: str, want: list[Item], have: list[Item]) -> Sequence[Change]:
    if len(want) == len(have) and all(map(_is_part, want, have)):
        return ()
    selector = "type" if _types_are_unique(want) and _types_are_unique(have) else "value"
    wanted = {fold(item.get(selector)): item for item in want}
    present = {fold(item.get(selector)): item for item in have}
    if wanted.keys() == present.keys() and all(_covers(item, present[key]) for key, item in wanted.items()):
        return []
    if all(item.keys() == {"value"} for item in want):
        after: Value = sorted((item["value"] for item in want), key=fold)
        return [Change(path, _shown(have) if have else None, after or None)]
    return _explain_values(path, selector, wanted, present)


def _is_part(want: Item, have: Item) -> bool:
    """Whether `have` is what was declared, and perhaps more: a service adds `display` and `primary`."""
    return want.items() <= have.items() and ("value" in want or "value" not in have)


def _types_are_unique(items: Sequence[Item]) -> bool:
    types = {fold(item.get("type")) for item in items}
    return "" not in types and len(types) == len(items)


def _covers(want: Item, have: Item) -> bool:
    return all(same(value, have.get(sub)) for sub, value in want.items())


def _explain_values(path: str, selector: str, wanted: dict[str, Item], present: dict[str, Item]) -> Sequence[Change]:
    from deepdiff import DeepDiff

    before = {key: _declared_part(item, wanted.get(key, item)) for key, item in present.items()}
    after = {key: _known_spelling(item, before.get(key, {})) for key, item in wanted.items()}
    places = {
        tuple(level.path(output_format="list")[:2])
        for levels in DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0).values()
        for level in levels
    }
    return [_value_change(path, selector, place, (wanted, present)) for place in sorted(places)]


def _declared_part(have: Item, want: Item) -> Item:
    return {sub: have[sub] for sub in want if not is_empty(have.get(sub))}


def _known_spelling(want: Item, have: Item) -> Item:
    """`want` without empty parts, spelled like `have` where that means the same."""
    return {
        sub: have[sub] if sub in have and same(value, have[sub]) else value
        for sub, value in want.items()
        if not is_empty(value)
    }


def _value_change(
    path: str, selector: str, place: tuple[str, ...], sides: tuple[dict[str, Item], dict[str, Item]]
) -> Change:
    wanted, present = sides
    key = place[0]
    item = wanted.get(key) or present.get(key, {})
    selected = f'{path}[{selector} eq "{item.get(selector)}"]'
    if len(place) == 1:
        return Change(selected, present.get(key), wanted.get(key))
    sub = place[1]
    return Change(f"{selected}.{sub}", present[key].get(sub), wanted[key].get(sub))
