"""News on the command line: which outcome is told, what never changes, and that no secret shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run_command
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.faults import parse_fault
from reconciler.sandbox.server import serve
from tests.receivers import WebReceiver, closed_port, web_receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[..., tuple[int, str, str]]

EXAMPLE = Path(__file__).parents[2] / "manifests"
SECRET = "s3cr3t-p4th"
NOTIFY = "notify: {to: {env: HOOK}}\n"


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    copytree(EXAMPLE, tmp_path / "manifests")
    add_to_tenant(tmp_path, NOTIFY)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, arguments), str(tmp_path / "manifests")])
        captured = capfd.readouterr()
        assert SECRET not in captured.out + captured.err
        return code, captured.out, captured.err

    return call


@pytest.fixture(name="web")
def _web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver() as receiver:
        monkeypatch.setenv("HOOK", f"json://127.0.0.1:{receiver.port}/{SECRET}")
        yield receiver


def add_to_tenant(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifests" / "tenant.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}{text}", encoding="utf-8")


def change_tenant(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "manifests" / "tenant.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def declare_nobody(tmp_path: Path) -> None:
    for file in (tmp_path / "manifests").glob("**/*.yaml"):
        if file.name != "tenant.yaml":
            file.unlink()


def titles(web: WebReceiver) -> list[str]:
    return [each.body["title"].removeprefix("reconciler: sandbox: ") for each in web.received]


def test_drift_is_told_once_and_no_drift_is_not(cli: Call, web: WebReceiver) -> None:
    assert cli("drift")[0] == 2
    assert cli("drift")[0] == 2
    assert titles(web) == ["drift found"]
    assert "widget.example" not in web.received[0].body["message"]
    assert cli("apply", "--yes")[0] == 0
    assert cli("drift")[0] == 0
    assert titles(web) == ["drift found"]


def test_a_plan_is_no_news_but_a_refused_one_is(cli: Call, web: WebReceiver, tmp_path: Path) -> None:
    assert cli("plan", "--detailed-exitcode")[0] == 2
    assert web.received == []
    declare_nobody(tmp_path)
    assert cli("plan")[0] == 3
    assert cli("apply", "--yes")[0] == 3
    assert titles(web) == ["plan refused", "apply refused"]


def test_an_apply_without_the_approval_that_it_needs_is_told(cli: Call, web: WebReceiver, tmp_path: Path) -> None:
    add_to_tenant(tmp_path, "approval: required\n")
    assert cli("apply", "--yes")[0] == 1
    assert titles(web) == ["apply refused"]
    assert web.received[0].body["message"].startswith("An approved plan is missing, or is not accepted.")


def test_with_no_notify_nobody_is_told(cli: Call, web: WebReceiver, tmp_path: Path) -> None:
    assert cli("--no-notify", "drift")[0] == 2
    assert web.received == []
    assert not (tmp_path / "state" / "notified").exists()


def test_an_apply_that_nobody_could_confirm_is_told(cli: Call, web: WebReceiver) -> None:
    assert cli("apply")[0] == 1
    assert titles(web) == ["apply failed"]


def test_a_failed_and_a_partial_apply_are_told(cli: Call, web: WebReceiver, tmp_path: Path) -> None:
    with serve(open_sandbox(SandboxOptions(database=None, faults=(parse_fault("status=422,method=POST"),)))) as served:
        change_tenant(tmp_path, '"sandbox:"', served.url)
        code, _, err = cli("apply", "--yes")
    assert (code, titles(web)) == (4, ["applied in part"]), err
    assert web.received[0].body["message"].splitlines()[0] == "6 of 11 actions done."
    add_to_tenant(tmp_path, "token: {env: UNSET}\n")
    assert cli("apply", "--yes")[0] == 1
    assert titles(web)[1:] == ["apply failed"]
    assert web.received[1].body["message"].startswith("Settings, the token or local files are not usable.")


def test_a_drift_check_that_failed_is_told_and_a_plan_is_not(cli: Call, web: WebReceiver, tmp_path: Path) -> None:
    add_to_tenant(tmp_path, "token: {env: UNSET}\n")
    assert (cli("plan")[0], cli("drift")[0]) == (1, 1)
    assert titles(web) == ["drift failed"]


def test_a_token_that_is_about_to_expire_is_told(
    cli: Call, web: WebReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = datetime.now(UTC).date() - timedelta(days=26)
    monkeypatch.setenv("TOKEN", "any")
    add_to_tenant(tmp_path, f"token: {{env: TOKEN, issued: {issued}}}\n")
    assert cli("check")[0] == 0
    assert cli("plan")[0] == 0
    assert titles(web) == ["token expires"]
    assert web.received[0].body["message"].startswith("The token expires on ")


@pytest.mark.parametrize("address", [None, "nonsense", "json://127.0.0.1:{closed}/s3cr3t-p4th"])
def test_what_cannot_be_told_changes_nothing(address: str | None, cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    if address:
        monkeypatch.setenv("HOOK", address.format(closed=closed_port()))
    code, out, err = cli("drift")
    assert (code, out.splitlines()[-1].endswith("unmanaged")) == (2, True)
    assert err.splitlines()[-1].startswith("warning: not told (drift found): HOOK: ")


def test_check_sends_a_test_message_and_says_whether_it_arrived(cli: Call, web: WebReceiver) -> None:
    code, out, _ = cli("check", "--notify")
    assert (code, out.splitlines()[-1], titles(web)) == (0, "notify    HOOK: delivered", ["test message"])
    web.status = 401
    code, out, _ = cli("check", "--notify")
    assert (code, out.splitlines()[-1]) == (1, "notify    HOOK: the service answered with status 401")
