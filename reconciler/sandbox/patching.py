"""RFC 7644 PatchOp bodies (§3.5.2), as Entra and Okta send them, worked off against a record.

A `replace` of a value that no value filter finds is refused with `noTarget`; an `add` makes it. A `remove` of a
multi-valued attribute with a `value` takes only the listed values away, as the providers that send it expect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.sandbox.attributes import Attribute, Shape
from reconciler.sandbox.filters import Comparison, Filter, parse_filter
from reconciler.sandbox.messages import JsonObject, bad_request
from reconciler.sandbox.records import as_objects, merge_record

_PATH = re.compile(r"(?P<attribute>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<part>[\w$.-]+))?")
_VERBS = {"add", "replace", "remove"}


@dataclass(frozen=True, slots=True)
class Path:
    """Where an operation applies: a top-level name, a filter on its values, a part below."""

    name: str
    filter: Filter | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on one path; `verb` is add, replace or remove."""

    verb: str
    path: Path
    value: object = None


def is_patch(body: JsonObject) -> bool:
    """Whether the body is a PatchOp message and not a plain partial resource."""
    return any(key.lower() == "operations" for key in body)


def parse_operations(resource: Attribute, body: JsonObject) -> list[Operation]:
    """Parse a PatchOp body into operations of one path each: a value without a path becomes one for each key."""
    listed = next(value for key, value in body.items() if key.lower() == "operations")
    items = as_objects(listed)
    if items is None:
        raise bad_request("Operations must be a list of objects", scim_type="invalidSyntax")
    return [operation for item in items for operation in _parse_operation(resource, item)]


def apply_operation(resource: Attribute, record: JsonObject, operation: Operation) -> JsonObject:
    """Return the record after one operation; paths that 4me does not know change nothing."""
    attribute = resource.by_key.get(operation.path.name.lower())
    if attribute is None:
        return record
    if attribute.shape is Shape.MULTI:
        value: object = _change_items(attribute, as_objects(record.get(attribute.name)) or [], operation)
    else:
        value = _nest(operation.path.part, None if operation.verb == "remove" else operation.value)
    return merge_record(resource, record, {attribute.name: value})


def _parse_operation(resource: Attribute, item: JsonObject) -> list[Operation]:
    fields = {key.lower(): value for key, value in item.items()}
    verb = str(fields.get("op", "")).lower()
    if verb not in _VERBS:
        raise bad_request(f"unknown operation {fields.get('op')!r}", scim_type="invalidSyntax")
    path, value = fields.get("path"), fields.get("value")
    if path:
        return [Operation(verb, _parse_path(resource, str(path)), value)]
    if verb == "remove":
        raise bad_request("remove needs a path", scim_type="noTarget")
    if not isinstance(value, dict):
        raise bad_request("an operation without a path needs an object as its value", scim_type="invalidValue")
    return [Operation(verb, _parse_path(resource, key), part) for key, part in value.items()]


def _parse_path(resource: Attribute, text: str) -> Path:
    for attribute in resource.parts:
        name = attribute.name.lower()
        if attribute.shape in {Shape.EXTENSION, Shape.FIELDS} and text.lower().startswith(name):
            return Path(attribute.name, part=text[len(name) + 1 :] or None)
    if text.lower().startswith(f"{resource.name.lower()}:"):
        text = text[len(resource.name) + 1 :]
    found = _PATH.fullmatch(text)
    if found is None:
        if text.lower().startswith("urn:"):
            return Path(text)
        raise bad_request(f"cannot read the path {text!r}", scim_type="invalidPath")
    filter_ = None if found["filter"] is None else parse_filter(found["filter"])
    return Path(found["attribute"], filter_, found["part"])


def _nest(part: str | None, value: object) -> object:
    for name in reversed(part.split(".") if part else []):
        value = {name: value}
    return value


def _change_items(attribute: Attribute, items: list[JsonObject], operation: Operation) -> object:
    path = operation.path
    if path.filter is None and path.part is None:
        return _change_list(items, operation)
    found = [path.filter is None or matches(path.filter, item) for item in items]
    if operation.verb == "remove":
        kept = [item if not hit else _without(item, path.part) for item, hit in zip(items, found, strict=True)]
        return [item for item in kept if item]
    if not any(found):
        return [*items, _make_item(attribute, operation)]
    changed = _as_parts(attribute, operation)
    return [{**item, **changed} if hit else item for item, hit in zip(items, found, strict=True)]


def _change_list(items: list[JsonObject], operation: Operation) -> object:
    listed = operation.value if isinstance(operation.value, list) else [operation.value]
    match operation.verb:
        case "replace":
            return operation.value
        case "add":
            new = [item for item in listed if item not in items]
            if any(isinstance(item, dict) and item.get("primary") is True for item in new):
                items = [{**item, "primary": False} if item.get("primary") else item for item in items]
            return [*items, *new]
    if operation.value is None:
        return None
    taken = [item.get("value") if isinstance(item, dict) else item for item in listed]
    return [item for item in items if item.get("value") not in taken]


def _make_item(attribute: Attribute, operation: Operation) -> JsonObject:
    filter_ = operation.path.filter
    if operation.verb == "replace" or filter_ is None:
        raise bad_request(f"no value of {attribute.name} is found by the path", scim_type="noTarget")
    (first, *_) = filter_
    told: JsonObject = {comparison.attribute: comparison.value for comparison in first if comparison.operator == "eq"}
    return {**told, **_as_parts(attribute, operation)}


def _as_parts(attribute: Attribute, operation: Operation) -> JsonObject:
    if operation.path.part is not None:
        part = attribute.by_key.get(operation.path.part.lower())
        return {} if part is None else {part.name: operation.value}
    if not isinstance(operation.value, dict):
        raise bad_request(f"{attribute.name} needs an object as its value", scim_type="invalidValue")
    return operation.value


def _without(item: JsonObject, part: str | None) -> JsonObject:
    return {} if part is None else {name: value for name, value in item.items() if name.lower() != part.lower()}


def matches(filter_: Filter, item: JsonObject) -> bool:
    """Whether a value filter finds this value of a multi-valued attribute; text is compared without case."""
    values = {name.lower(): value for name, value in item.items()}
    return any(all(_holds(comparison, values) for comparison in alternative) for alternative in filter_)


def _holds(comparison: Comparison, values: JsonObject) -> bool:
    value = values.get(comparison.attribute.lower())
    if comparison.operator not in {"eq", "ne"}:
        raise bad_request(f"{comparison.operator} is not supported in a path", scim_type="invalidFilter")
    wanted = comparison.value
    if isinstance(value, str) and isinstance(wanted, str):
        equal = value.casefold() == wanted.casefold()
    else:
        equal = (value or False) == wanted if isinstance(wanted, bool) else value == wanted
    return equal is (comparison.operator == "eq")
