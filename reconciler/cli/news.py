"""What a command came to, as news for those who did not start it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler import notify
from reconciler.cli.audience import shown_drift, shown_error, shown_outcomes, shown_plan
from reconciler.errors import NotApproved, NotConfirmed
from reconciler.report.news import drift_news, failed_news, refused_news, token_news, unapproved_news
from reconciler.report.words import safe
from reconciler.run import Refused
from reconciler.settings import expiry_warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.cli.console import Console
    from reconciler.core.tenant import Tenant
    from reconciler.errors import ReconcilerError
    from reconciler.report.news import News

TELLING = frozenset(("plan", "apply", "drift", "check"))
UNATTENDED = frozenset(("apply", "drift"))
"""Commands whose failure is news; whoever plans sees it."""


def tell_news(console: Console, command: str, error: ReconcilerError | None) -> None:
    """Tell what `command` found, did, or failed with, as the tenant wants it told."""
    tenant = console.heard.tenant
    if tenant is None or command not in TELLING:
        return

    def warn(text: str) -> None:
        console.say(safe(f"warning: {text}"))

    try:
        notify.tell(_news(console, tenant, command, error), tenant, console.state, time.time(), warn)
    except Exception as bug:  # noqa: BLE001 - whatever it is, the command has ended as it has
        warn(f"not told: unexpected {type(bug).__name__}")


def _news(console: Console, tenant: Tenant, command: str, error: ReconcilerError | None) -> Iterator[News]:
    heard = console.heard
    outcomes = shown_outcomes(console, heard.outcomes)
    notice = expiry_warning(tenant.token, datetime.now(UTC).date())
    if notice:
        yield token_news(notice)
    if heard.drift:
        yield drift_news(*shown_drift(console, heard.drift.plan, heard.drift.drift), heard.drift.counted)
    if isinstance(error, Refused):
        yield refused_news(shown_plan(console, error.planned.plan), command)
    elif isinstance(error, NotApproved):
        yield unapproved_news(command, shown_error(console, error))
    elif error and command in UNATTENDED and not isinstance(error, NotConfirmed):
        yield failed_news(command, shown_error(console, error), outcomes)
