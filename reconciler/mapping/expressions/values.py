"""What an expression is evaluated with, and what may come of it besides a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime


class Ignore(Enum):
    """Instead of a value: what is not written."""

    ATTRIBUTE = "IgnoreAttributeFlow"
    OBJECT = "IgnoreObjectFlow"


IGNORE: Final = Ignore.ATTRIBUTE
"""The attribute is left as it is: neither written nor cleared."""

IGNORE_OBJECT: Final = Ignore.OBJECT
"""The whole record is left as it is."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else an expression may ask for, the same for a record however often it is asked.

    `now`: aware, UTC. `key` (of the record) and `target` (the attribute that is computed): what Guid and RandomString
    derive their values from. `default_domain`: of the tenant, where its document names one.
    """

    now: datetime
    key: str
    target: str
    default_domain: str | None = None


class EvaluationProblem(Exception):
    """Values that an expression cannot work with. `start`, `end`: the call in the expression's text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
