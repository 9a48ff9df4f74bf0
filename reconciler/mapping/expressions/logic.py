"""Comparing, and functions that say True or False."""

from __future__ import annotations

from datetime import datetime
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from reconciler.mapping.expressions.date_texts import to_moment
from reconciler.mapping.expressions.inner import (
    is_empty,
    is_null,
    number_of,
    to_text,
    to_texts,
    to_truth,
    to_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.mapping.expressions.inner import Inner


def equal(left: Inner, right: Inner) -> bool:
    """Whether two values are the same: as numbers where one is a number, as instants, else as texts, case mattering.

    NULL equals an empty text.
    """
    if type(left) is str and type(right) is str:
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return to_texts(left) == to_texts(right)
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if _is_number(left) or _is_number(right):
        one, other = number_of(left), number_of(right)
        if one is not None and other is not None:
            return one == other
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left == right
    return to_text(left) == to_text(right)


def _is_number(value: Inner) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unequal(left: Inner, right: Inner) -> bool:
    """Whether two values differ."""
    return not equal(left, right)


def _ordering(holds: Callable[[Any, Any], bool]) -> Callable[[Inner, Inner], bool]:
    def compared(left: Inner, right: Inner) -> bool:
        if is_empty(left) or is_empty(right):
            return False
        if isinstance(left, datetime) or isinstance(right, datetime):
            return holds(to_moment(left), to_moment(right))
        one, other = number_of(left), number_of(right)
        if one is not None and other is not None:
            return holds(one, other)
        return holds(to_text(left), to_text(right))

    return compared


COMPARISONS: dict[str, Callable[[Inner, Inner], bool]] = {
    "=": equal,
    "<>": unequal,
    ">": _ordering(gt),
    ">=": _ordering(ge),
    "<": _ordering(lt),
    "<=": _ordering(le),
}
"""Numbers, also quoted ones, by size, date-times by time, texts by their characters; NULL is not in any order."""


def c_bool(value: Inner) -> Inner:
    """Whether this is true, or a number but 0."""
    return to_truth(value)


def negated(value: Inner) -> Inner:
    """False for True, True for anything else."""
    return to_text(value).lower() != "true"


def is_nothing(value: Inner) -> Inner:
    """Whether there is no value."""
    return is_null(value)


def is_null_or_empty(value: Inner) -> Inner:
    """Whether there is no value, or an empty text."""
    return is_empty(value)


def is_present(value: Inner) -> Inner:
    """Whether there is a value that is no empty text."""
    return not is_empty(value)


def is_string(value: Inner) -> Inner:
    """Whether this is one value, which CStr would make a text of."""
    return not is_null(value) and not isinstance(value, (list, dict))


def bit_and(one: Inner, other: Inner) -> Inner:
    """The bits that both whole numbers have."""
    return to_whole(one) & to_whole(other)


def identity(value: Inner) -> Inner:
    """The value."""
    return value
