"""Which addresses are allowed, and that a refusal shows no secret written into one."""

from __future__ import annotations

import pytest

from reconciler.errors import OperatorError
from reconciler.scim.connection import Connection, check_endpoint

PLAIN = "is not allowed: it must be https:// (http:// on loopback only)"
MORE = "the endpoint at api.4me.com is more than an address: it has a user, a query or a fragment"


@pytest.mark.parametrize(
    ("endpoint", "checked"),
    [
        ("https://api.4me.com/scim/v2", "https://api.4me.com/scim/v2"),
        ("https://api.4me.com/scim/v2/", "https://api.4me.com/scim/v2"),
        ("HTTPS://api.4me.com:8443/scim/v2", "HTTPS://api.4me.com:8443/scim/v2"),
        ("http://127.0.0.2:8080/scim/v2", "http://127.0.0.2:8080/scim/v2"),
        ("http://[::1]/scim/v2", "http://[::1]/scim/v2"),
    ],
)
def test_allowed(endpoint: str, checked: str) -> None:
    assert check_endpoint(endpoint) == checked


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("http://api.4me.com/scim", f"the endpoint http://api.4me.com/scim {PLAIN}"),
        ("https://[bad/scim", "the endpoint is not an address"),
        ("https://api.4me.com:port/scim", "the endpoint is not an address"),
        ("https://ann:hunter2@api.4me.com/scim", MORE),
        ("https://api.4me.com/scim?token=hunter2", MORE),
    ],
)
def test_refused(endpoint: str, message: str) -> None:
    with pytest.raises(OperatorError) as caught:
        check_endpoint(endpoint)
    assert caught.value.message == message


def test_the_token_is_not_in_a_representation() -> None:
    assert "hunter2" not in repr(Connection("https://api.4me.com/scim", token="hunter2"))
