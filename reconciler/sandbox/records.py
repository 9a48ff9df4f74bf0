"""From the attributes in a request body to the record that is kept: partial writes, clearing, validation.

A record holds nothing empty. What 4me does not know is dropped without a word; what it knows and cannot use
is answered with 422, all of it at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

from reconciler.sandbox.attributes import Attribute, Shape, is_time_zone
from reconciler.sandbox.messages import JsonObject, validation_failed

PartialComplex = Literal["merge", "replace"]
"""Whether a partial `name` keeps the parts that were not sent. What 4me does is not documented."""


@dataclass(slots=True)
class Merge:
    """One body being written onto one record; collects what is wrong with it."""

    partial_complex: PartialComplex = "merge"
    errors: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, path: str, text: str = "is invalid") -> None:
        """Note what is wrong with an attribute."""
        self.errors.append((path, text))


def merge_record(
    resource: Attribute, held: JsonObject, sent: JsonObject, *, partial_complex: PartialComplex = "merge"
) -> JsonObject:
    """Return the record after a partial write; raises a 422 refusal that lists everything that is wrong with `sent`."""
    merge = Merge(partial_complex)
    record = _merge_parts(resource, held, sent, merge, prefix="")
    if merge.errors:
        raise validation_failed(merge.errors)
    return record


def read_boolean(value: object) -> bool | None:
    """Read a boolean, or its text in any case, as some identity providers send it; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def as_objects(value: object) -> list[JsonObject] | None:
    """Return a list of JSON objects, or None where it is something else."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    return None


def _merge_parts(owner: Attribute, held: JsonObject, sent: JsonObject, merge: Merge, *, prefix: str) -> JsonObject:
    values = dict(held)
    for key, value in sent.items():
        part = owner.by_key.get(key.lower())
        if part is not None:
            values[part.name] = _settle(part, values.get(part.name), value, merge, prefix=prefix)
    return {part.name: values[part.name] for part in owner.parts if values.get(part.name) not in (None, {}, [])}


def _settle(attribute: Attribute, held: object, sent: object, merge: Merge, *, prefix: str) -> object:
    """Return what an attribute becomes; None where it is cleared."""
    path = prefix + attribute.name
    settled: object = None
    if sent is None or sent in ("", []):
        if path == "active":
            merge.refuse(path)
        return settled
    match attribute.shape:
        case Shape.TEXT:
            settled = _settle_text(attribute, sent, path, merge)
        case Shape.BOOLEAN:
            settled = _settle_boolean(sent, path, merge)
        case Shape.MULTI:
            settled = _settle_items(attribute, sent, path, merge)
        case Shape.MANAGER:
            settled = _settle_manager(held, sent, path, merge)
        case Shape.FIELDS:
            settled = _settle_fields(held, sent, path, merge)
        case Shape.COMPLEX | Shape.EXTENSION:
            settled = _settle_parts(attribute, held, sent, path, merge)
    return settled


def _settle_parts(attribute: Attribute, held: object, sent: object, path: str, merge: Merge) -> object:
    if not isinstance(sent, dict):
        merge.refuse(path)
        return held
    extends = attribute.shape is Shape.EXTENSION
    keeps = extends or merge.partial_complex == "merge"
    kept = cast("JsonObject", held or {}) if keeps else {}
    return _merge_parts(attribute, kept, sent, merge, prefix="" if extends else f"{path}.")


def _settle_text(attribute: Attribute, sent: object, path: str, merge: Merge) -> object:
    if not isinstance(sent, str):
        merge.refuse(path)
    elif attribute.name == "timezone" and not is_time_zone(sent):
        merge.refuse(path, "is not included in the list")
    return sent


def _settle_boolean(sent: object, path: str, merge: Merge) -> bool | None:
    value = read_boolean(sent)
    if value is None:
        merge.refuse(path)
    return value


def _settle_items(attribute: Attribute, sent: object, path: str, merge: Merge) -> list[JsonObject]:
    objects = as_objects(sent)
    if objects is None:
        merge.refuse(path)
        return []
    items = [_merge_parts(attribute, {}, item, merge, prefix=f"{path}.") for item in objects]
    items = [item for item in items if item.keys() - {"type", "primary", "display"}]
    for item in items:
        if attribute.types and str(item.get("type", "")).lower() not in attribute.types | {""}:
            merge.refuse(f"{path}.type", "is not included in the list")
    if sum(item.get("primary") is True for item in items) > 1:
        merge.refuse(f"{path}.primary", "can be set only once")
    return items


def _settle_manager(held: object, sent: object, path: str, merge: Merge) -> object:
    """Settle a manager, named by SCIM id: an object or, as Entra sends it, text alone."""
    reference = sent if isinstance(sent, dict) else {"value": sent}
    if "value" not in reference:
        return held
    value = reference["value"]
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        merge.refuse(path)
    kind = reference.get("type")
    return {"value": value} if kind is None else {"value": value, "type": kind}


def _settle_fields(held: object, sent: object, path: str, merge: Merge) -> JsonObject | None:
    """Settle custom fields, a map or `{"custom_fields": [{"id": ..., "value": ...}]}`; those not sent stay."""
    if not isinstance(sent, dict):
        merge.refuse(path)
        return None
    listed = as_objects(sent.get("custom_fields"))
    fields = sent if listed is None else {str(item.get("id")): item.get("value") for item in listed}
    merged = {**cast("JsonObject", held or {}), **fields}
    return {name: value for name, value in merged.items() if value not in (None, "", [])}
