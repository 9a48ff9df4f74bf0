"""What is told while an apply is under way: a bar on a terminal, lines elsewhere, few where there is much to do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.cli.audience import shown_outcomes
from reconciler.cli.log import outcome_fields
from reconciler.core.plan_model import OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.console import Bar, Console
    from reconciler.core.forecast import Forecast
    from reconciler.core.plan_model import Outcome

EACH_UP_TO = 200
"""Actions that are told one by one; of more only what is not done, and how far it is."""
SHARE, SECONDS = 20, 120.0
"""How far it is: each twentieth, or after so many seconds."""
SHOWN_FOR = 2.0
"""Seconds for which a bar keeps the time at which it will be done."""
_LONGEST_REQUEST = 60.0
"""Seconds: a longer silence between two outcomes was no request, but a limit that was waited for."""


@dataclass(slots=True)
class Progress:
    """Hears outcomes, and what the rest will take by the service's limits."""

    console: Console
    bar: Bar
    read: Bar
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    done: int = 0
    foretell: Callable[[], Forecast] | None = None
    _started: float = 0.0
    _last: float = 0.0
    _busy: float = 0.0
    _told_at: float = 0.0
    _told: int = 0
    _until: str = ""
    _details: set[str] = field(default_factory=set)

    def start(self) -> None:
        """The first request is about to be sent."""
        self._started = self._last = self._told_at = self.monotonic()

    def hear_pace(self, foretell: Callable[[], Forecast]) -> None:
        """How to ask what the rest will take, as far as limits tell."""
        self.foretell = foretell

    def hear(self, outcome: Outcome, total: int) -> None:
        """One more is over."""
        moment = self.monotonic()
        self.done += 1
        self._busy += min(moment - self._last, _LONGEST_REQUEST)
        self._last = moment
        self.console.heard.outcomes.append(outcome)
        self.read.close()
        if self.bar.shown:
            self._show(total)
        else:
            self._tell(outcome, total)

    def _show(self, total: int) -> None:
        if not self._until or self._last - self._told_at >= SHOWN_FOR:
            self._until, self._told_at = self._end(total), self._last
        self.bar(self.done, total, self._until)

    def _tell(self, outcome: Outcome, total: int) -> None:
        if total <= EACH_UP_TO or self._is_news(outcome):
            from reconciler.report.text import render_outcome_line

            (shown,) = shown_outcomes(self.console, (outcome,))
            text = f"[{self.done}/{total}] {render_outcome_line(shown)}"
            self.console.say(text, event="outcome", **outcome_fields(shown), done=self.done, total=total)
        if total > EACH_UP_TO and self._is_due(total):
            self._told, self._told_at = self.done * SHARE // total, self._last
            self.console.say(f"[{self.done}/{total}] {self._how_far(total)}")

    def _is_news(self, outcome: Outcome) -> bool:
        """What failed; of what is skipped for one reason the first."""
        if outcome.status is not OutcomeStatus.SKIPPED:
            return outcome.status is OutcomeStatus.FAILED
        first = outcome.detail not in self._details
        self._details.add(outcome.detail)
        return first

    def _is_due(self, total: int) -> bool:
        return self.done * SHARE // total > self._told or self._last - self._told_at >= SECONDS

    def _how_far(self, total: int) -> str:
        percent = f"{self.done * 100 // total} %"
        elapsed = self._last - self._started
        rate = f", {self.done / elapsed * 60:,.0f} a minute" if elapsed >= 1 else ""
        return ", ".join(filter(None, (f"{percent}{rate}", self._end(total))))

    def _end(self, total: int) -> str:
        """When all will be done, as far as is known."""
        if self.done == total or self.foretell is None:
            return ""
        from reconciler.report.forecast import show_clock

        seconds = max(self.foretell().seconds, (total - self.done) * self._busy / self.done)
        now = self.now()
        return f"done at about {show_clock(now + timedelta(seconds=seconds), now)}"
