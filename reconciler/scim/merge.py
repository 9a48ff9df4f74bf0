"""Changes merged into live attributes, so that whole complex and multi-valued attributes can be sent.

4me does not document whether a partial `name` keeps its other parts; sending it whole makes the answer unimportant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.normalise import fold, is_empty
from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, AttributePath, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.model import Attributes, Value
    from reconciler.core.plan_model import Change

Item = dict[str, "Value"]
_DESCRIBING = frozenset(("type", "primary", "display"))


def unit_of(path: str) -> str:
    """The top-level attribute (or extension) that a path belongs to: what is sent whole."""
    parsed = parse_path(path)
    return parsed.schema if parsed.schema in (ENTERPRISE, CUSTOM_FIELDS) else parsed.attribute


def merge_changes(attributes: Attributes, changes: Iterable[Change]) -> Attributes:
    """The attributes as they will be; changed ones that have no value any more are None."""
    merged = dict(attributes)
    for change in changes:
        parsed = parse_path(change.path)
        if parsed.by:
            merged[parsed.attribute] = _merge_selected(_items(merged.get(parsed.attribute)), parsed, change.after)
        elif not parsed.schema and (isinstance(change.after, list) or isinstance(merged.get(change.path), list)):
            merged[change.path] = _merge_values(_items(merged.get(change.path)), change.after)
        else:
            merged[change.path] = None if is_empty(change.after) else change.after
    return merged


def _items(value: Value) -> list[Item]:
    return [each if isinstance(each, dict) else {"value": each} for each in value] if isinstance(value, list) else []


def _merge_values(have: list[Item], after: Value) -> Value:
    """Texts name values: those that are there already keep what else they carry."""
    known = {fold(item.get("value")): item for item in have}
    wanted = after if isinstance(after, list) else []
    return [each if isinstance(each, dict) else known.get(fold(each), {"value": each}) for each in wanted]


def _merge_selected(items: list[Item], path: AttributePath, after: Value) -> Value:
    """At most one value is primary (RFC 7643 §2.4): one that becomes it takes it from the others."""
    found = next((item for item in items if fold(item.get(path.by)) == fold(path.value)), None)
    merged = _changed_item(found or {path.by: path.value}, path, after)
    if merged is None:
        return [item for item in items if item is not found]
    kept = [merged if item is found else item for item in items]
    if found is None:
        kept.append(merged)
    if merged.get("primary") is not True:
        return list(kept)
    return [item if item is merged else _without(item, "primary") for item in kept]


def _without(item: Item, sub: str) -> Item:
    return {name: value for name, value in item.items() if name != sub}


def _changed_item(item: Item, path: AttributePath, after: Value) -> Item | None:
    if not path.sub:
        return {**item, **after} if isinstance(after, dict) else None
    if not is_empty(after):
        return {**item, path.sub: after}
    rest = _without(item, path.sub)
    return rest if rest.keys() - _DESCRIBING else None
