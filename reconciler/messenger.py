"""Sends messages by e-mail, chat and webhook, to addresses as Apprise reads them (https://appriseit.com).

An address holds passwords and keys: nothing that Apprise logs or raises leaves this module. Touches the network.
"""

from __future__ import annotations

import logging
import re
import time
import warnings
from dataclasses import dataclass, field
from threading import Thread, get_ident
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

SECONDS = 20.0
MISSING = "sending needs a library: pip install 'fourme-reconciler[notify]'"
UNDELIVERED = "not delivered: the server is not there, does not answer, or refused"
Kind = Literal["info", "warning", "failure"]
_STATUS = re.compile(r"\berror=(\d{3})\b")


class Letter(NamedTuple):
    """A message in plain text and the addresses it goes to, separated by blanks or commas."""

    addresses: str
    title: str
    body: str
    kind: Kind = "warning"


@dataclass(slots=True)
class _Delivery:
    """One letter on its way; `failure` says why it has not arrived, None once it has."""

    letter: Letter
    failure: str | None = "no answer in time"
    statuses: list[str] = field(default_factory=list)


class _Statuses(logging.Handler):
    """Keeps of what one thread logs the HTTP statuses, and lets nobody see the rest."""

    def __init__(self, delivery: _Delivery) -> None:
        super().__init__()
        self._delivery, self._thread = delivery, get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._delivery.statuses += _STATUS.findall(record.getMessage())


def send(letters: Sequence[Letter], seconds: float = SECONDS) -> list[str | None]:
    """Why each letter did not arrive, None where it did. All are sent at once and given up after `seconds`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import apprise
    except ImportError:
        return [MISSING for _ in letters]
    log = logging.getLogger("apprise")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    deliveries = [_Delivery(letter) for letter in letters]
    threads = [Thread(target=_deliver, args=(apprise, each), daemon=True) for each in deliveries]
    deadline = time.monotonic() + seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
    return [delivery.failure for delivery in deliveries]


def _deliver(apprise: ModuleType, delivery: _Delivery) -> None:
    """In a thread of its own, which may be left behind: nothing waits for what does not answer."""
    handler = _Statuses(delivery)
    log = logging.getLogger("apprise")
    log.addHandler(handler)
    try:
        delivery.failure = _send(apprise, delivery)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong there, the run goes on
        delivery.failure = f"not sent ({type(error).__name__})"
    finally:
        log.removeHandler(handler)


def _send(apprise: ModuleType, delivery: _Delivery) -> str | None:
    letter = delivery.letter
    asset = apprise.AppriseAsset(
        app_id="reconciler",
        app_desc="reconciler",
        app_url="",
        async_mode=False,
        service_timeout=0,
        image_url_mask=False,
    )
    postman = apprise.Apprise(asset=asset)
    if not postman.add(letter.addresses) or not len(postman):
        return "it holds no address that is understood (https://appriseit.com/services/)"
    kind = apprise.NotifyType(letter.kind)
    if postman.notify(body=letter.body, title=letter.title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
        return None
    statuses = ", ".join(dict.fromkeys(delivery.statuses))
    return f"the service answered with status {statuses}" if statuses else UNDELIVERED
