"""What an entry of the journal looks like, in any format: a line of another shape holds no entry. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from reconciler.core.model import ResourceType
from reconciler.core.plan_model import ActionKind, OutcomeStatus

Shape: TypeAlias = "type | frozenset[str] | tuple[Shape, Shape] | list[Shape] | dict[str, Shape] | None"
"""A type, one of some words, one of two shapes, a list of one, or an object: there other keys are fine, those that end
in `?` may be missing, and `*` stands for any."""

_Check: TypeAlias = Callable[[Any], bool]
_TEXT: Shape = (str, None)
_RESOURCE: Shape = frozenset(each.value for each in ResourceType)
_KIND: Shape = frozenset(each.value for each in ActionKind)
_STATUS: Shape = frozenset(each.value for each in OutcomeStatus)
_CHAIN: dict[str, Shape] = {"at": str, "seq?": int, "previous?": _TEXT, "hash?": str}
_CHANGES: Shape = [{"path": str, "before": object, "after": object}]
_MEMBERS: Shape = {"add": [str], "remove": [str], "groups?": [str]}
_ACTION: dict[str, Shape] = {
    **_CHAIN,
    "action": _KIND,
    "resource": _RESOURCE,
    "key": str,
    "id": _TEXT,
    "memberIds?": {"*": str},
}
_SHAPES: dict[str, Shape] = {
    "run": {
        **_CHAIN,
        "formatVersion": str,
        "run?": str,
        "who": str,
        "tenant": {"name?": _TEXT, "endpoint?": _TEXT, "account?": _TEXT},
        "fingerprint": str,
        "planned": int,
        "commit?": _TEXT,
        "dirty?": (bool, None),
        "link?": _TEXT,
        "plan?": _TEXT,
        "approvedDigest?": _TEXT,
        "approval?": ({"plannedAt": str, "keys": [str]}, None),
        "undoes?": _TEXT,
        "torn?": [{"run": str, "bytes": int, "digest": str}],
    },
    "attempt": {**_ACTION, "changes?": _CHANGES, "members?": _MEMBERS},
    "outcome": {
        **_ACTION,
        "status": _STATUS,
        "detail": str,
        "changes": _CHANGES,
        "members": _MEMBERS,
        "stored?": ({"*": object}, None),
        "source?": ({"file": str, "line": int}, None),
    },
    "canary": {
        **_CHAIN,
        "actions": int,
        "total": int,
        "reason": str,
        "differences": [{"resource": _RESOURCE, "key": str, "path": str}],
    },
    "end": _CHAIN,
}


def is_entry(value: Any) -> bool:
    """Whether a JSON value is an entry."""
    kind = value.get("entry") if isinstance(value, dict) else None
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    return check is not None and check(value)


def is_deep(value: Any, deepest: int) -> bool:
    """Whether a JSON value has more levels than this."""
    level = [value]
    for _ in range(deepest):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for values in inside for each in values if isinstance(each, dict | list)]
    return bool(level)


def _made(shape: Shape) -> _Check:
    """What tells whether a value has a shape."""
    if shape is None:
        return lambda value: value is None
    if isinstance(shape, frozenset):
        return lambda value: isinstance(value, str) and value in shape
    if isinstance(shape, tuple):
        one, other = map(_made, shape)
        return lambda value: one(value) or other(value)
    if isinstance(shape, list):
        each = _made(shape[0])
        return lambda value: isinstance(value, list) and all(map(each, value))
    if isinstance(shape, dict):
        return _object(shape)
    return lambda value: isinstance(value, shape)


def _object(shape: dict[str, Shape]) -> _Check:
    any_key = _made(shape["*"]) if "*" in shape else None
    keys = [(name.removesuffix("?"), name.endswith("?"), _made(inner)) for name, inner in shape.items() if name != "*"]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for key, optional, fits in keys:
            if not (fits(value[key]) if key in value else optional):
                return False
        return any_key is None or all(map(any_key, value.values()))

    return check


_CHECKS = {kind: _made(shape) for kind, shape in _SHAPES.items()}
