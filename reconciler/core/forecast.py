"""How many requests an apply needs, and how long they take within the service's limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.plan_model import Action

HOUR = 3600.0
BURST = 2.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The requests that may still be sent.

    `left`: of the hour's `per_hour`. `renewed_in`: seconds until used ones come free again, as far as is known.
    `told`: the service itself said so. `frees`: the same for each used one, ascending, where that is known.
    """

    per_hour: int
    per_two_seconds: int
    left: int
    renewed_in: float = HOUR
    told: bool = False
    frees: tuple[float, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What carrying out a plan will take, from `budget`: so many requests and seconds."""

    requests: int
    seconds: float
    budget: Budget


def count_requests(actions: Iterable[Action], members_per_request: int) -> int:
    """How many requests carry out these actions: one each, and more where members do not fit into one."""
    return sum(_requests(action, members_per_request) for action in actions)


def with_more(forecast: Forecast, requests: int) -> Forecast:
    """The same with so many requests more."""
    return make_forecast(forecast.requests + requests, forecast.budget)


def make_forecast(requests: int, budget: Budget) -> Forecast:
    """How long so many requests take: bursts while there are requests left, then as used ones come free again."""
    return Forecast(requests, _seconds(requests, budget), budget)


def _requests(action: Action, members_per_request: int) -> int:
    """As the writer sends them: a create carries its first members, an update's first members its attributes."""
    members = len(action.members.add) + len(action.members.remove)
    if action.kind is ActionKind.CREATE:
        members = len(action.members.add)
    return max(1, -(-members // members_per_request))


def _seconds(requests: int, budget: Budget) -> float:
    """When the last one is sent. What many hours take repeats itself: only the first two are gone through."""
    limit, burst = max(1, budget.per_hour), max(1, budget.per_two_seconds)
    periods = max(0, (requests - limit - 1) // limit)
    first = requests - periods * limit
    return (_sent(first, budget, limit, burst)[-1] if requests > 0 else 0.0) + periods * max(
        HOUR, BURST * limit / burst
    )


def _sent(requests: int, budget: Budget, limit: int, burst: int) -> list[float]:
    """When each request is sent: no more than `burst` in two seconds, and each once there is a slot for it."""
    first = min(limit, requests)
    left = min(max(0, budget.left), first)
    slots = [0.0] * left + [*budget.frees, *[budget.renewed_in] * first][: first - left]
    times: list[float] = []
    for number in range(requests):
        times.append(max(slots[number], times[number - burst] + BURST if number >= burst else 0.0))
        slots.append(times[number] + HOUR)
    return times
