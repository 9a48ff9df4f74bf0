"""What a service said of an error, in one bounded line: SCIM errors (RFC 7644 §3.12), 4me's own, HTML pages."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any

from reconciler.errors import ServiceError

LONGEST = 300
_LOOKED_AT = 16_384
_HINTS = {
    HTTPStatus.UNAUTHORIZED: "the token is wrong or expired: generate a new one in 4me (Settings > Apps)",
    HTTPStatus.FORBIDDEN: "the token's owner lacks the right, or `account` is another account",
    HTTPStatus.NOT_FOUND: "is `endpoint` the SCIM address, such as https://api.4me.com/scim/v2?",
    HTTPStatus.TOO_MANY_REQUESTS: "lower `limits` in the Tenant document, or run again later",
}


def explain_answer(subject: str, status: int, said: str) -> ServiceError:
    """The error that an HTTP error answer comes to; `subject` names request and resource, `said` is the service's."""
    text = f"{subject}: HTTP {status}" + (f": {said}" if said else "")
    return ServiceError(text, status=status, hint=_HINTS.get(HTTPStatus(status)) if status in _HINTS else None)


def describe_body(body: bytes, content_type: str) -> str:
    """The service's own words, as far as they stand at its beginning."""
    text = body[:_LOOKED_AT].decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _clean(_html_title(text) or ("" if "html" in content_type else text))
    return _clean(_describe_document(document))


def _describe_document(document: Any) -> str:
    if not isinstance(document, dict):
        return str(document)
    parts = [str(document[key]) for key in ("scimType", "detail", "message") if document.get(key)]
    errors = document.get("errors")
    for error in errors if isinstance(errors, list) else ():
        is_pair = isinstance(error, list) and len(error) == 2  # noqa: PLR2004 - 4me's ["field", "text"]
        parts.append(f"{error[0]} {error[1]}" if is_pair else str(error))
    return ": ".join(dict.fromkeys(parts))


def _html_title(text: str) -> str:
    if "<html" not in text.lower() and "<!doctype" not in text.lower():
        return ""
    found = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return f"an HTML page titled '{found[1].strip()}'" if found else "an HTML page"


def _clean(text: str) -> str:
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
