"""How to reach one tenant, and which addresses are allowed at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Event
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from reconciler.errors import OperatorError
from reconciler.scim.pacing import Timing

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for the service's limits: `longest` in seconds (None: as long as they ask for).

    `stop`, once set, ends every wait. `carryover` is the file in which one run leaves to the next what it sent.
    `timing`: where time and chance come from.
    """

    longest: float | None = None
    stop: Event = field(default_factory=Event)
    carryover: Path | None = None
    timing: Timing = Timing()


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant's endpoint and limits; `timeout` in seconds. The token never appears in its representation.

    `requests_per_hour` None: whatever the service says it is.
    """

    endpoint: str
    token: str | None = field(default=None, repr=False)
    account: str | None = None
    dialect: Literal["auto", "4me", "rfc7644"] = "auto"
    requests_per_hour: int | None = None
    requests_per_two_seconds: int = 20
    concurrency: int = 8
    members_per_request: int = 500
    timeout: float = 30.0
    waiting: Waiting = field(default_factory=Waiting)


def check_endpoint(endpoint: str) -> str:
    """The endpoint without its last slash. Raises OperatorError unless it is HTTPS, or HTTP on loopback."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise OperatorError(
            "the endpoint is not an address", hint="write it like https://api.4me.com/scim/v2"
        ) from None
    if parts.username is not None or parts.query or parts.fragment:
        raise OperatorError(
            f"the endpoint at {host} is more than an address: it has a user, a query or a fragment",
            hint="write it like https://api.4me.com/scim/v2; the token has its own place",
        )
    if host and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        return endpoint.rstrip("/")
    raise OperatorError(
        f"the endpoint {endpoint} is not allowed: it must be https:// (http:// on loopback only)",
        hint="the token would travel unprotected",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
