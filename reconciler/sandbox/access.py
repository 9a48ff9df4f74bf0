"""Who may ask, and for what kind of answer: token, account, `Accept`."""

from __future__ import annotations

import base64
import binascii
import hmac
from http import HTTPStatus

from reconciler.sandbox.messages import Refusal

ACCOUNT_HEADERS = ("x-4me-account", "x-xurrent-account")
_ACCEPTED = {"*/*", "application/*", "application/json", "application/scim+json"}


def check_access(headers: dict[str, str], *, token: str | None, account: str | None) -> None:
    """Refuse a wrong token (401), another account (403) and a client that reads no JSON (406).

    Without a token every caller is let in; without an account every account header is.
    """
    if token is not None and not any(hmac.compare_digest(token.encode(), given) for given in _credentials(headers)):
        raise Refusal(HTTPStatus.UNAUTHORIZED, {"message": "Unauthorized"})
    named = [headers[name] for name in ACCOUNT_HEADERS if name in headers]
    if account is not None and any(name.lower() != account.lower() for name in named):
        raise Refusal(HTTPStatus.FORBIDDEN, {"message": "Forbidden"})
    types = {part.partition(";")[0].strip().lower() for part in headers.get("accept", "*/*").split(",")}
    if not types & _ACCEPTED:
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, {"message": "Not Acceptable"})


def _credentials(headers: dict[str, str]) -> list[bytes]:
    """Return what may be the token: the bearer's, or either half of HTTP Basic's user and password."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return [value.strip().encode()]
        case "basic":
            try:
                user, _, password = base64.b64decode(value, validate=True).partition(b":")
            except binascii.Error:
                return []
            return [user, password]
    return []
