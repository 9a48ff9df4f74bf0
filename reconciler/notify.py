"""The use case of telling people what happened: once, with no more of others' data than the tenant allows.

What goes wrong here is a warning and never the run's result. What was told is remembered in the state directory.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from reconciler.messenger import Letter, send
from reconciler.report.news import TEST, render_news
from reconciler.settings import read_addresses, run_link
from reconciler.state_files import is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from reconciler.core.notifications import Destination, Notifications
    from reconciler.core.tenant import Tenant
    from reconciler.messenger import Kind
    from reconciler.report.news import News

_KINDS: dict[str, Kind] = {"test": "info", "refused": "failure", "failed": "failure"}


class Delivery(NamedTuple):
    """To which environment variable's addresses, and why it did not arrive."""

    env: str
    failure: str | None


def tell(news: Iterable[News], tenant: Tenant, state: Path, now: float, warn: Callable[[str], None]) -> None:
    """Tell each destination the news that it wants and was not told lately. `now` in epoch seconds; never raises."""
    if tenant.notify is None:
        return
    memory = state / "notified" / f"{tenant.name}.json"
    told = _recall(memory, now - tenant.notify.every)
    wanted = [
        (destination, each)
        for each in news
        for destination in tenant.notify.to
        if each.topic in destination.topics and _mark(destination, each) not in told
    ]
    if not wanted:
        return
    deliveries = _deliver(wanted, tenant, tenant.notify)
    for (destination, each), delivery in zip(wanted, deliveries, strict=True):
        if delivery.failure is None:
            told[_mark(destination, each)] = now
        else:
            warn(f"not told ({each.headline}): {delivery.env}: {delivery.failure}")
    _remember(memory, told, warn)


def send_test(tenant: Tenant) -> list[Delivery]:
    """A test message to every destination."""
    notify = tenant.notify
    return _deliver([(destination, TEST) for destination in notify.to], tenant, notify) if notify else []


def _deliver(wanted: list[tuple[Destination, News]], tenant: Tenant, notify: Notifications) -> list[Delivery]:
    link = run_link()
    addresses = {destination.env: read_addresses(destination.env) for destination, _ in wanted}
    letters = [
        Letter(found, *render_news(news, tenant.name, notify.detail, link), _KINDS.get(news.topic, "warning"))
        for destination, news in wanted
        if (found := addresses[destination.env])
    ]
    failures = iter(send(letters) if letters else ())
    return [
        Delivery(destination.env, next(failures) if addresses[destination.env] else "this variable is not set")
        for destination, _ in wanted
    ]


def _mark(destination: Destination, news: News) -> str:
    return f"{destination.env} {news.digest}"


def _recall(memory: Path, since: float) -> dict[str, float]:
    """What was told since then; what cannot be read was not told."""
    try:
        found = json.loads(memory.read_bytes()) if is_there(memory) else {}
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {mark: float(when) for mark, when in entries if isinstance(when, int | float) and when > since}


def _remember(memory: Path, told: dict[str, float], warn: Callable[[str], None]) -> None:
    partial = memory.with_name(f".{memory.name}.{os.getpid()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(told, file)
        partial.replace(memory)
    except OSError as error:
        warn(f"what was told cannot be remembered in {memory}: {error.strerror}")
