"""Values that a server stores its own way: what a write says is not quite what is kept."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

from reconciler.sandbox.messages import Request, encode_json

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITES = {"POST", "PUT", "PATCH"}
_DROPPED = "title"


def normalise_request(request: Request, way: str) -> Request:
    """Return a write as the server takes it; what is no write, or no JSON object, as it is.

    `trim`: no white space around texts. `lower`: user names, titles and e-mail addresses in lower case. `phone`: phone
    numbers without spaces and signs. `drop`: titles are not known, and dropped.
    """
    try:
        sent = json.loads(request.body) if request.method in _WRITES else None
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        return request
    kept = _kept(sent, "", way)
    return request if kept == sent else dataclasses.replace(request, body=encode_json(kept).encode())


def _kept(value: object, attribute: str, way: str) -> object:
    if isinstance(value, list):
        return [_kept(each, attribute, way) for each in value if not _is_dropped(each, way)]
    if isinstance(value, dict):
        where = str(value.get("path") or attribute)
        return {
            name: each if name in _WORDS else _kept(each, where if name in _INNER else name, way)
            for name, each in value.items()
            if not (way == "drop" and name == _DROPPED)
        }
    change = _WAYS[way]
    return change(re.split(r"[.\[]", attribute)[0], value) if isinstance(value, str) else value


def _is_dropped(item: object, way: str) -> bool:
    return way == "drop" and isinstance(item, dict) and item.get("path") == _DROPPED


def _lower(attribute: str, text: str) -> str:
    return text.lower() if attribute in {"userName", "title", "emails"} else text


def _digits(attribute: str, text: str) -> str:
    return re.sub(r"[^\d+]", "", text) if attribute == "phoneNumbers" else text


_WORDS = {"op", "path", "type"}
_INNER = {"value", "Operations"}
_WAYS: dict[str, Callable[[str, str], str]] = {
    "trim": lambda _attribute, text: text.strip(),
    "lower": _lower,
    "phone": _digits,
    "drop": lambda _attribute, text: text,
}
