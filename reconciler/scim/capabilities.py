"""What the service says it can do (ServiceProviderConfig, RFC 7643 §5), and which dialect that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.errors import OperatorError, ServiceError
from reconciler.scim.dialects import FOURME, Dialect
from reconciler.scim.wire import decode_resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.scim.transports import Answer

_FOURME_HOST = re.compile(r"(.+\.)?(4me|xurrent)(-demo)?\.(com|qa)")
DISCOVERY = "/ServiceProviderConfig"
RFC_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The part of a ServiceProviderConfig that matters here."""

    patch: bool
    filters: bool
    max_results: int
    documentation: str


def read_capabilities(get: Callable[[str], Answer]) -> Capabilities:
    """Ask the service. Raises ServiceError."""
    document = decode_resource(get(DISCOVERY).body, f"GET {DISCOVERY}")
    filters = _part(document, "filter")
    results = filters.get("maxResults")
    return Capabilities(
        patch=_part(document, "patch").get("supported") is not False,
        filters=filters.get("supported") is not False,
        max_results=results if isinstance(results, int) and results > 0 else RFC_PAGE_SIZE,
        documentation=str(document.get("documentationUri") or ""),
    )


def choose_dialect(name: str, endpoint: str, get: Callable[[str], Answer]) -> Dialect:
    """The dialect that was named; for `auto` the one that the service's own description makes likely.

    Raises OperatorError where it cannot be told, ServiceError where the service does not answer.
    """
    if name == "4me":
        return FOURME
    try:
        found = read_capabilities(get)
    except ServiceError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        if name == "auto" and _is_fourme(endpoint):
            return FOURME
        if name == "rfc7644":
            return Dialect("rfc7644", RFC_PAGE_SIZE)
        raise OperatorError(
            f"{endpoint} does not describe itself ({error.message})",
            hint="state `dialect: 4me` or `dialect: rfc7644` in the Tenant document",
        ) from error
    if name == "auto" and (_is_fourme(found.documentation) or _is_fourme(endpoint)):
        return FOURME
    return Dialect("rfc7644", min(found.max_results, RFC_PAGE_SIZE), filters=found.filters)


def _is_fourme(address: str) -> bool:
    return bool(_FOURME_HOST.fullmatch(urlsplit(address).hostname or ""))


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
