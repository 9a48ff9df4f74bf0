"""Telling people: content, secrecy, how often, and what goes wrong. Against a web and a mail server on loopback."""

from __future__ import annotations

import json
import logging
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import messenger, notify
from reconciler.core.notifications import Destination, Notifications, Topic
from reconciler.core.tenant import Tenant
from reconciler.messenger import Letter
from reconciler.report.news import TEST, News
from tests.receivers import WebReceiver, closed_port, mail_receiver, silent_receiver, web_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIFT = News("drift", "drift found", ("3 differ.",), ("update User ann",), ("update User ann: title 1 → 2",), "a")
TOKEN = News("token", "token expires", ("In 3 days.",))
ALL: frozenset[Topic] = frozenset(("drift", "refused", "failed", "token"))
SECRET = "s3cr3t-p4th"
HOUR = 3600.0


@pytest.fixture(name="web")
def _web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    monkeypatch.delenv("GITHUB_RUN_ID", raising=False)
    monkeypatch.delenv("CI_JOB_URL", raising=False)
    with web_receiver() as receiver:
        monkeypatch.setenv("HOOK", f"json://127.0.0.1:{receiver.port}/{SECRET}")
        yield receiver


def tenant(*to: Destination, **keys: Any) -> Tenant:
    destinations = to or (Destination("HOOK", ALL),)
    return Tenant("production", "sandbox:", notify=Notifications(destinations, **{"every": HOUR, **keys}))


class Teller:
    """Tells news for a tenant at a time, and keeps the warnings."""

    def __init__(self, state: Path) -> None:
        self.state, self.warnings = state, list[str]()

    def __call__(self, *news: News, now: float = 0.0, told: Tenant | None = None) -> None:
        notify.tell(news, told or tenant(), self.state, now, self.warnings.append)


@pytest.fixture(name="tell")
def _tell(tmp_path: Path) -> Teller:
    return Teller(tmp_path / "state")


@pytest.mark.parametrize(
    ("detail", "rest"),
    [("counts", ""), ("names", "\n\n- update User ann"), ("changes", "\n\n- update User ann: title 1 → 2")],
)
def test_a_webhook_gets_as_much_as_is_allowed(detail: str, rest: str, web: WebReceiver, tell: Teller) -> None:
    tell(DRIFT, told=tenant(detail=detail))
    assert web.messages == [f"reconciler: production: drift found\n3 differ.{rest}"]
    assert web.received[0].path == f"/{SECRET}"
    assert tell.warnings == []


def test_the_run_is_linked(web: WebReceiver, tell: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SERVER_URL", "https://github.example"), ("REPOSITORY", "o/r"), ("RUN_ID", "7")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    tell(DRIFT)
    assert web.received[0].body["message"] == "3 differ.\n\nRun: https://github.example/o/r/actions/runs/7"


def test_a_chat_gets_it_in_its_own_form(web: WebReceiver, tell: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", f"mmost://127.0.0.1:{web.port}/{'t' * 26}")
    tell(DRIFT)
    [(path, body)] = web.received
    assert path == f"/hooks/{'t' * 26}"
    assert " ".join(body["text"].split()) == "reconciler: production: drift found 3 differ."


def test_an_e_mail_shows_names_as_they_are(tell: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = DRIFT._replace(names=("update User <b>ann</b> & co",))
    with mail_receiver() as mail:
        monkeypatch.setenv("HOOK", f"mailto://127.0.0.1:{mail.port}?from=bot@widget.example&to=team@widget.example")
        tell(evil, told=tenant(detail="names"))
    [message] = mail.received
    assert (message["Subject"], message["To"]) == ("reconciler: production: drift found", "team@widget.example")
    assert message.get_content_type() == "text/plain"
    assert message.get_content().split("\r\n")[:3] == ["3 differ.", "", "- update User <b>ann</b> & co"]
    assert tell.warnings == []


def test_several_addresses_and_destinations_each_get_what_they_want(
    web: WebReceiver, tell: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTH", f"json://127.0.0.1:{web.port}/one json://127.0.0.1:{web.port}/two")
    to = (Destination("BOTH", frozenset(("drift",))), Destination("HOOK", frozenset(("token",))))
    tell(DRIFT, TOKEN, told=tenant(*to))
    assert sorted((each.path, each.body["title"]) for each in web.received) == [
        ("/one", "reconciler: production: drift found"),
        (f"/{SECRET}", "reconciler: production: token expires"),
        ("/two", "reconciler: production: drift found"),
    ]


def test_the_same_news_is_told_once_in_a_while_and_changed_news_at_once(web: WebReceiver, tell: Teller) -> None:
    for news, now in ((DRIFT, 0.0), (DRIFT, HOUR - 1), (DRIFT._replace(identity="b"), HOUR - 1), (DRIFT, HOUR + 1)):
        tell(news, now=now)
    assert len(web.received) == 3
    memory = tell.state / "notified" / "production.json"
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    assert sorted(json.loads(memory.read_bytes()).values()) == [HOUR - 1, HOUR + 1]
    assert SECRET not in memory.read_text(encoding="utf-8")


def test_a_further_destination_is_told_what_others_know(
    web: WebReceiver, tell: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER", f"json://127.0.0.1:{web.port}/other")
    tell(DRIFT)
    tell(DRIFT, told=tenant(Destination("HOOK", ALL), Destination("OTHER", ALL)))
    assert [each.path for each in web.received] == [f"/{SECRET}", "/other"]


@pytest.mark.parametrize("kept", [b"", b"[]", b"\xff", b'{"HOOK x": "y"}'])
def test_what_is_remembered_may_be_anything(kept: bytes, web: WebReceiver, tell: Teller) -> None:
    memory = tell.state / "notified" / "production.json"
    memory.parent.mkdir(parents=True)
    memory.write_bytes(kept)
    tell(DRIFT)
    tell(DRIFT)
    assert len(web.received) == 1


def test_a_server_that_refuses_is_a_warning_and_is_told_next_time(web: WebReceiver, tell: Teller) -> None:
    web.status = 403
    tell(DRIFT)
    assert tell.warnings == ["not told (drift found): HOOK: the service answered with status 403"]
    web.status = 200
    tell(DRIFT, now=1.0)
    assert (len(web.received), len(tell.warnings)) == (2, 1)


@pytest.mark.parametrize(
    ("address", "failure"),
    [
        ("json://127.0.0.1:{closed}/s3cr3t-p4th", messenger.UNDELIVERED),
        ("mailto://127.0.0.1:{closed}?from=a@b.example&to=s3cr3t-p4th@b.example", messenger.UNDELIVERED),
        ("nonsense s3cr3t-p4th", "it holds no address that is understood (https://appriseit.com/services/)"),
        (
            "https://s3cr3t-p4th.invalid/x y://",
            "it holds no address that is understood (https://appriseit.com/services/)",
        ),
        ("  ", "this variable is not set"),
    ],
)
def test_what_cannot_be_told_is_a_warning_without_the_address(
    address: str,
    failure: str,
    tell: Teller,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler()])
    monkeypatch.setenv("HOOK", address.format(closed=closed_port()))
    tell(DRIFT)
    assert tell.warnings == [f"not told (drift found): HOOK: {failure}"]
    assert capfd.readouterr() == ("", "")


def test_a_server_that_says_nothing_is_given_up() -> None:
    with silent_receiver() as port:
        letter = Letter(f"json://127.0.0.1:{port}/x", "title", "body")
        assert messenger.send([letter, letter], seconds=0.1) == ["no answer in time"] * 2


def test_without_the_library_it_says_how_to_get_it(
    web: WebReceiver, tell: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    tell(DRIFT)
    assert tell.warnings == [f"not told (drift found): HOOK: {messenger.MISSING}"]
    assert web.received == []


def test_a_state_directory_that_cannot_be_written_is_a_warning(web: WebReceiver, tell: Teller) -> None:
    tell.state.write_text("a file", encoding="utf-8")
    tell(DRIFT)
    assert len(web.received) == 1
    memory = tell.state / "notified" / "production.json"
    assert tell.warnings == [f"what was told cannot be remembered in {memory}: Not a directory"]


def test_a_tenant_that_tells_nobody_tells_nobody(web: WebReceiver, tell: Teller) -> None:
    tell(DRIFT, told=Tenant("production", "sandbox:"))
    assert (web.received, notify.send_test(Tenant("production", "sandbox:")), tell.state.exists()) == ([], [], False)


def test_a_test_message_goes_to_all_whatever_they_want(web: WebReceiver) -> None:
    to = (Destination("HOOK", frozenset(("token",))), Destination("UNSET", ALL))
    assert notify.send_test(tenant(*to)) == [("HOOK", None), ("UNSET", "this variable is not set")]
    assert web.messages == [f"reconciler: production: test message\n{TEST.counts[0]}"]
