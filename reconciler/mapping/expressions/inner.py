"""The values that functions pass on to each other, and each kind as another.

NULL is None; an empty list counts as NULL. Booleans are the texts `True` and `False` wherever a text is expected, and
date-times are `M/d/yyyy h:mm:ss tt` in UTC. All that converts raises Unfit where it cannot.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from reconciler.mapping.patterns import LONGEST_RESULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.model import Value
    from reconciler.mapping.expressions.values import Ignore

Inner: TypeAlias = "Value | datetime"
"""A value, or a date-time in UTC (aware)."""

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{1,30})?|\.\d{1,30})", re.ASCII)
_LARGEST = 10**30


class Unfit(Exception):
    """A value that a function cannot work with; who calls the function knows where that is."""


class Skipped(Exception):
    """Evaluation ends here: nothing is written."""

    def __init__(self, ignore: Ignore) -> None:
        super().__init__(ignore)
        self.ignore = ignore


def check_length(characters: int) -> None:
    """Refuses results that would be longer than any attribute is: functions in one another multiply."""
    if characters > LONGEST_RESULT:
        raise Unfit(f"expected at most {LONGEST_RESULT:,} characters, found a result of more")


def is_null(value: Inner) -> bool:
    """Whether there is no value at all; an empty text is one."""
    return value is None or value in ([], {})


def is_empty(value: Inner) -> bool:
    """Whether there is no value, or an empty text."""
    return value is None or value in ("", [], {})


def to_text(value: Inner) -> str:
    """The text of one value; "" for NULL. A list of one value is that value."""
    if type(value) is str:
        return value
    if isinstance(value, list):
        return to_text(_only(value))
    if isinstance(value, dict):
        raise Unfit("expected a text, found a map")
    return _scalar_text(value)


def _scalar_text(value: str | float | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return date_text(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0").upper() if abs(value) >= 1 or value == 0 else repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGEST:
        raise Unfit("found a number of more than 30 digits")
    return str(value)


def _only(values: list[Any]) -> Value:
    kept: list[Value] = [each for each in values if not is_empty(each)]
    if len(kept) > 1:
        raise Unfit(f"expected one value, found a list of {len(kept)}")
    return kept[0] if kept else None


def date_text(moment: datetime) -> str:
    """`M/d/yyyy h:mm:ss tt`, as all of Entra's functions print a date-time."""
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year:04} {hour}:{moment.minute:02}:{moment.second:02} {half}"


def to_texts(value: Inner) -> list[str]:
    """The texts of all values, without the empty ones."""
    if isinstance(value, list):
        return [to_text(each) for each in value if not is_empty(each)]
    text = to_text(value)
    return [text] if text else []


def number_of(value: Inner) -> float | None:
    """A number, also a quoted one; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    return None


def to_number(value: Inner) -> float:
    """A number, also a quoted one or one in a list of its own."""
    number = number_of(_only(value) if isinstance(value, list) else value)
    if number is None:
        raise Unfit(f"expected a number, found {shown(value)}")
    return number


def to_whole(value: Inner) -> int:
    """A whole number of at most 64 bits."""
    number = to_number(value)
    if number != number or number in (float("inf"), float("-inf")) or number != int(number):  # noqa: PLR0124
        raise Unfit(f"expected a whole number, found {shown(value)}")
    if not -(2**63) <= number < 2**63:
        raise Unfit(f"expected a number of at most 64 bits, found {shown(value)}")
    return int(number)


def to_truth(value: Inner) -> bool:
    """True and numbers but 0 are true; False, 0 and nothing are not; other texts are neither."""
    if isinstance(value, bool):
        return value
    number = number_of(value)
    if number is not None:
        return number != 0
    text = to_text(value).lower()
    if text not in {"true", "false", ""}:
        raise Unfit(f"expected True, False or a number, found {shown(value)}")
    return text == "true"


def shown(value: Inner) -> str:
    """A value as messages show it."""
    if is_null(value):
        return "no value"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "a map" if isinstance(value, dict) else f"`{to_text(value)[:80]}`"


def handed_out(value: Inner) -> Value:
    """A value as it leaves an expression: booleans and date-times as texts."""
    if type(value) is str:
        return value
    if isinstance(value, (bool, datetime)):
        return to_text(value)
    if isinstance(value, list):
        return [str(each) if isinstance(each, bool) else each for each in value] or None
    return value


def for_each(apply: Callable[..., Inner]) -> Callable[..., Inner]:
    """A function of a text that works on each value of a list, and makes NULL of NULL."""

    def applied(value: Inner, *rest: Inner) -> Inner:
        if type(value) is str:
            return apply(value, *rest)
        if isinstance(value, list):
            results: list[Any] = []
            characters = 0
            for text in to_texts(value):
                results.append(apply(text, *rest))
                characters += len(results[-1] or "")
                check_length(characters)
            return results or None
        return None if is_null(value) else apply(to_text(value), *rest)

    return applied
