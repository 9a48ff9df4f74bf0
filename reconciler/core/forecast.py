"""How many requests an apply needs, and how long they take within the service's limits."""

from __future__ import annotations

from dataclasses import dataclass
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
    `told`: the service itself said so.
    """

    per_hour: int
    per_two_seconds: int
    left: int
    renewed_in: float = HOUR
    told: bool = False


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
    """How long so many requests take: bursts while the hour's budget lasts, then the wait for the next hour's."""
    return Forecast(requests, _seconds(requests, budget), budget)


def _requests(action: Action, members_per_request: int) -> int:
    """As the writer sends them: a create carries its first members, an update's first members its attributes."""
    members = len(action.members.add) + len(action.members.remove)
    if action.kind is ActionKind.CREATE:
        members = len(action.members.add)
    return max(1, -(-members // members_per_request))


def _seconds(requests: int, budget: Budget) -> float:
    left = max(0, budget.left)
    if requests <= left:
        return _bursts(requests, budget.per_two_seconds)
    hours, last = divmod(requests - left - 1, budget.per_hour)
    return budget.renewed_in + hours * HOUR + _bursts(last + 1, budget.per_two_seconds)


def _bursts(requests: int, per_two_seconds: int) -> float:
    """The first burst is sent at once, each further one two seconds later."""
    return BURST * (max(0, requests - 1) // per_two_seconds)
