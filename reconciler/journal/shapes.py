"""What an entry of the journal looks like, in any format: a line of another shape holds no entry. Pure."""

from __future__ import annotations

from typing import Any, TypeAlias

Shape: TypeAlias = "type | tuple[Shape, ...] | list[Shape] | dict[str, Shape] | None"
"""A type, one of several, a list of one, or an object: others keys are fine, those that end in `?` may be missing, and
`*` stands for any."""

_TEXT: Shape = (str, None)
_CHAIN: dict[str, Shape] = {"at": str, "seq?": int, "previous?": _TEXT, "hash?": str}
_ACTION: dict[str, Shape] = {**_CHAIN, "action": str, "resource": str, "key": str, "id": _TEXT}
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
    "attempt": _ACTION,
    "outcome": {
        **_ACTION,
        "status": str,
        "detail": str,
        "changes": [{"path": str, "before": object, "after": object}],
        "members": {"add": [str], "remove": [str], "groups?": [str]},
        "memberIds?": {"*": str},
        "source?": ({"file": str, "line": int}, None),
    },
    "canary": {
        **_CHAIN,
        "actions": int,
        "total": int,
        "reason": str,
        "differences": [{"resource": str, "key": str, "path": str}],
    },
    "end": _CHAIN,
}


def is_entry(value: Any) -> bool:
    """Whether a JSON value is an entry."""
    kind = value.get("entry") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in _SHAPES and _fits(value, _SHAPES[kind])


def _fits(value: Any, shape: Shape) -> bool:
    if shape is None:
        return value is None
    if isinstance(shape, tuple):
        return any(_fits(value, each) for each in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_has(value, name, inner) for name, inner in shape.items())
    return isinstance(value, shape)


def _has(value: dict[str, Any], name: str, shape: Shape) -> bool:
    if name == "*":
        return all(_fits(each, shape) for each in value.values())
    key = name.removesuffix("?")
    return _fits(value[key], shape) if key in value else key != name
