"""Tokens, tenants and expiry."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.core.tenant import Tenant, TokenSource
from reconciler.errors import OperatorError, UsageError
from reconciler.settings import check_pinned, choose_tenant, expiry_during, expiry_warning, read_token

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_comes_from_env_file_or_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "from-env\n")
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    command = (sys.executable, "-c", "print('from-command $HOME')".replace(" $HOME", ""))
    assert read_token(TokenSource(env="T")) == "from-env"
    assert read_token(TokenSource(file=str(tmp_path / "token"))) == "from-file"
    assert read_token(TokenSource(command=command)) == "from-command"
    assert read_token(None) is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TokenSource(env="NOT_SET"), "the environment variable NOT_SET, which should hold the token, is not set"),
        (TokenSource(file="/no/such"), "the token cannot be read from the file /no/such: No such file or directory"),
        (TokenSource(command=("/no/such",)), "the token's command `/no/such` did not run: No such file or directory"),
        (TokenSource(env="EMPTY"), "the token from the environment variable EMPTY is empty"),
    ],
)
def test_a_token_that_cannot_be_had(source: TokenSource, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", "  ")
    with pytest.raises(OperatorError) as caught:
        read_token(source)
    assert caught.value.message == message


def test_a_token_with_blanks_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "se cret")
    with pytest.raises(OperatorError) as caught:
        read_token(TokenSource(env="T"))
    assert "se cret" not in caught.value.message


def test_the_default_tenant_or_the_only_one() -> None:
    one, other = Tenant("one", "sandbox:"), Tenant("other", "sandbox:", default=True)
    assert choose_tenant([one], None) is one
    assert choose_tenant([one, other], None) is other
    assert choose_tenant([one, other], "one") is one
    with pytest.raises(UsageError):
        choose_tenant([one], "none")
    with pytest.raises(OperatorError):
        choose_tenant([], None)


@pytest.mark.parametrize(
    ("today", "text"),
    [
        (date(2026, 11, 10), None),
        (date(2026, 11, 29), "the token expires on 2026-12-01, in 2 day(s): rotate it in 4me (Settings > Apps)"),
        (
            date(2026, 12, 2),
            "the token expired on 2026-12-01, 1 day(s) ago, if it was issued on 2026-11-01 as declared",
        ),
    ],
)
def test_expiry(today: date, text: str | None) -> None:
    assert expiry_warning(TokenSource(env="T", issued=date(2026, 11, 1)), today) == text


HOUR = 3600.0
DURING = (
    "the token expires on 2026-12-01 (only the day is known), and this takes until about {} UTC: it may end half-way;"
    " rotate the token first (4me: Settings > Apps), or carry it out in parts (plan --target KEY --out FILE, then"
    " apply --plan FILE)"
)


@pytest.mark.parametrize(
    ("now", "seconds", "until"),
    [
        ("2026-11-30T22:00", 1.9 * HOUR, None),
        ("2026-11-30T22:00", 2.9 * HOUR, "2026-12-01 00:54"),
        ("2026-11-30T22:00", 30 * HOUR, "2026-12-02 04:00"),
        ("2026-11-01T08:00", 1e12, "2036-11-08 08:00"),
        ("2026-11-30T23:59", 300.0, None),
        ("2026-12-01T09:00", 599.0, None),
        ("2026-12-01T09:00", 1 * HOUR, "2026-12-01 10:00"),
        ("2026-12-02T09:00", 30 * HOUR, None),
    ],
)
def test_a_run_that_outlives_the_token_is_foreseen(now: str, seconds: float, until: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    text = expiry_during(TokenSource(env="T", issued=date(2026, 11, 1)), moment, seconds)
    assert text == (DURING.format(until) if until else None)


@pytest.mark.parametrize("source", [None, TokenSource(env="T")])
def test_of_a_token_whose_age_is_not_known_nothing_is_foreseen(source: TokenSource | None) -> None:
    assert expiry_during(source, datetime(2026, 11, 30, tzinfo=UTC), 1e9) is None


ENDPOINT = "https://api.4me.com/scim/v2"


@pytest.mark.parametrize(
    ("pinned", "endpoint", "token", "problem"),
    [
        (None, "https://elsewhere.example", TokenSource(file="/etc/passwd"), None),
        ("", ENDPOINT, None, "names no endpoint"),
        (" ", "https://elsewhere.example", None, "names no endpoint"),
        (f"{ENDPOINT}/", ENDPOINT, TokenSource(env="FOURME_TOKEN"), None),
        (f"https://api.4me.qa/scim/v2 {ENDPOINT}", ENDPOINT, None, None),
        (ENDPOINT, "https://elsewhere.example", None, "has the endpoint https://elsewhere.example"),
        (ENDPOINT, f"{ENDPOINT}.elsewhere.example", None, "this machine is pinned to https://api.4me.com/scim/v2"),
        (ENDPOINT, "sandbox:", None, "has the endpoint sandbox:"),
        (ENDPOINT, ENDPOINT, TokenSource(file="/etc/passwd"), "takes its token from the file /etc/passwd"),
        (ENDPOINT, ENDPOINT, TokenSource(command=("curl",)), "takes its token from the command `curl`"),
    ],
)
def test_a_pinned_machine_sends_its_token_nowhere_else(
    pinned: str | None, endpoint: str, token: TokenSource | None, problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_PINNED_ENDPOINT", raising=False)
    if pinned is not None:
        monkeypatch.setenv("RECONCILER_PINNED_ENDPOINT", pinned)
    tenant = Tenant("production", endpoint, token=token)
    if problem is None:
        check_pinned(tenant)
        return
    with pytest.raises(OperatorError, match=re.escape(problem)):
        check_pinned(tenant)
