"""A canary: a few actions that go ahead of the others, so that what they come to can be looked at first.

They are a fair sample, the same each time, and need nothing that is not done yet. Deactivations come after all else,
and begin with a few of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import ResourceType
from reconciler.core.order import needs, sort_key
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.core.plan_model import Action

    _Which = tuple[ResourceType, str, str | None]

STARTS = (ActionKind.CREATE, ActionKind.REACTIVATE)
"""What others may wait for."""
_KINDS = tuple(product(ResourceType, ActionKind))


class Canary(NamedTuple):
    """How many actions go ahead: `number` of them, or `percent` of all."""

    number: int | None = None
    percent: Decimal | None = None

    def of(self, whole: int) -> int:
        """How many of so many: rounded up, at least one."""
        if self.number is not None:
            return min(self.number, whole)
        share = Decimal(whole) * (self.percent or 0) / 100
        return min(max(1, int(share.to_integral_value(ROUND_CEILING))), whole)

    def __str__(self) -> str:
        return str(self.number) if self.number is not None else f"{self.percent}%"


@dataclass(frozen=True, slots=True)
class Stage:
    """Actions that are carried out before the next stage begins; `checked`: only if they came to what was asked."""

    actions: tuple[Action, ...]
    checked: bool = False


def parse_canary(text: str) -> Canary:
    """`5` or `10%`. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9})|(\d{1,3}(?:\.\d{1,6})?)%", text.strip(), re.ASCII)
    number, percent = found.groups() if found else (None, None)
    if number and int(number):
        return Canary(int(number))
    if percent and 0 < Decimal(percent) <= 100:  # noqa: PLR2004 - of a hundred
        return Canary(percent=Decimal(percent))
    message = f"{text!r} is neither a number of actions from 1 on, such as 5, nor a share of up to 100%, such as 10%"
    raise ValueError(message)


def split_stages(actions: Sequence[Action], canary: Canary | None) -> tuple[Stage, ...]:
    """All actions in stages; without a canary in one that nobody looks at.

    A canary of all actions before the deactivations, or of all deactivations, leaves no stage after it.
    """
    if canary is None or not actions:
        return (Stage(tuple(actions)),)
    size = canary.of(len(actions))
    removals = [each for each in actions if each.kind is ActionKind.DEACTIVATE]
    others = [each for each in actions if each.kind is not ActionKind.DEACTIVATE]
    return tuple(stage for part in (others, removals) if part for stage in _stages(part, size))


def count_read_backs(stages: Sequence[Stage]) -> int:
    """How many requests it takes to read back what is checked: one for each resource."""
    return sum(len(stage.actions) for stage in stages if stage.checked)


def _stages(actions: Sequence[Action], size: int) -> Iterator[Stage]:
    ahead = choose_canary(actions, size)
    yield Stage(ahead, checked=True)
    chosen = set(map(_which, ahead))
    rest = tuple(each for each in actions if _which(each) not in chosen)
    if rest:
        yield Stage(rest)


def choose_canary(actions: Sequence[Action], size: int) -> tuple[Action, ...]:
    """At most `size` of these actions, in their order: some of each kind, and with each all that it waits for.

    At least one, since nothing waits for itself.
    """
    starts = {(each.type, each.key): each for each in actions if each.kind in STARTS}
    chosen: set[_Which] = set()
    for action in _in_turn(actions, starts):
        if len(chosen) >= size:
            break
        if _which(action) not in chosen:
            chosen |= _closure(action, starts, chosen, size - len(chosen))
    return tuple(each for each in actions if _which(each) in chosen)


def _closure(
    action: Action, starts: Mapping[tuple[ResourceType, str], Action], chosen: set[_Which], room: int
) -> set[_Which]:
    """The action and what it waits for, without what is chosen already; nothing where that is more than `room`."""
    found, waiting = {_which(action)}, [action]
    while waiting and len(found) <= room:
        for start in filter(None, map(starts.get, needs(waiting.pop()))):
            if _which(start) not in found and _which(start) not in chosen:
                found.add(_which(start))
                waiting.append(start)
    return found if len(found) <= room else set()


def _in_turn(actions: Sequence[Action], starts: Mapping[tuple[ResourceType, str], Action]) -> list[Action]:
    """One of each kind in turn, users first; within a kind one of each shape, what waits for little first, by key."""

    def rank(action: Action) -> tuple[int, tuple[str, str, str]]:
        return sum(need in starts for need in needs(action)), sort_key(action)

    shapes, kinds = Counter[object](), Counter[object]()
    within: list[tuple[int, Action]] = []
    for action in sorted(actions, key=rank):
        shapes[_shape(action)] += 1
        within.append((shapes[_shape(action)], action))
    turns: list[tuple[int, int, Action]] = []
    for _, action in sorted(within, key=lambda each: each[0]):
        kind = _KINDS.index((action.type, action.kind))
        kinds[kind] += 1
        turns.append((kinds[kind], kind, action))
    return [action for _, _, action in sorted(turns, key=lambda each: each[:2])]


def _shape(action: Action) -> object:
    """What it writes, whatever the values: which attributes, and whether members come and go."""
    paths = frozenset(change.path for change in action.changes)
    return action.type, action.kind, paths, bool(action.members.add), bool(action.members.remove)


def _which(action: Action) -> _Which:
    """A name may be borne by several live groups."""
    return action.type, action.key, action.id
