"""When two values mean the same (RFC 7643 §2.5, §7; design: compare normalised values).

No value is None, "" or []; text compares without case, numbers as their text, times as instants, "True" as true
where a boolean is expected.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.model import Value

_BOOLEANS = {"true": True, "false": False}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


def fold(value: Value) -> str:
    """A scalar as text to compare by, without case; "" where there is no value."""
    if value is None:
        return ""
    return str(value).casefold()


def is_empty(value: Value) -> bool:
    """Whether this means: no value."""
    return value is None or value in ("", [], {})


def as_boolean(value: Value) -> Value:
    """`"True"` and `"false"` as booleans, anything else as it is."""
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value


def instant(text: str) -> datetime | None:
    """The time that an RFC 3339 text with an offset names, or None."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _same_text(one: str, other: str, *, exact: bool) -> bool:
    if one == other or (not exact and one.casefold() == other.casefold()):
        return True
    moment = instant(one)
    return moment is not None and moment == instant(other)


def same(one: Value, other: Value, *, exact: bool = False) -> bool:
    """Whether two single values mean the same; `exact` keeps case apart (custom fields have no schema)."""
    if one == other:
        return True
    if is_empty(one) or is_empty(other):
        return is_empty(one) and is_empty(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return as_boolean(one) == as_boolean(other)
    if isinstance(one, (list, dict)) or isinstance(other, (list, dict)):
        return False
    return _same_text(str(one), str(other), exact=exact)
