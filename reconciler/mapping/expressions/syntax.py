"""An expression as data: what was written, and where. Offsets count characters from 0; ends are exclusive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from reconciler.mapping.expressions.inner import Inner


class ExpressionProblem(Exception):
    """A text that is not an expression: what was found and what was expected, and which part of the text it is."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


class Remark(NamedTuple):
    """A warning about a part of an expression that nevertheless works."""

    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number, or what a call without any attribute comes to."""

    value: Inner
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing, where an argument could stand."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """The value of an attribute."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Keyword:
    """A bare word."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and one of `= <> > >= < <=`."""

    left: Node
    operator: str
    right: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments. `depth`: how many calls lie in one another; `joined`: where a comma is missing."""

    name: str
    arguments: tuple[Node, ...]
    start: int
    end: int
    depth: int = 1
    joined: tuple[int, ...] = ()


Node: TypeAlias = "Literal | Empty | Attribute | Keyword | Comparison | Call"


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; equal to another of the same text.

    `attributes`: names that it reads, as spelt. `functions`: those that it calls, in the spelling of the registry.
    `keywords`: `IgnoreAttributeFlow` and `IgnoreObjectFlow`, where they are a possible result.
    """

    text: str
    node: Node = field(compare=False, repr=False)
    attributes: frozenset[str] = field(compare=False, repr=False)
    functions: frozenset[str] = field(compare=False, repr=False)
    keywords: frozenset[str] = field(compare=False, repr=False)
    warnings: tuple[Remark, ...] = field(compare=False, repr=False)
