"""What one run leaves to the next: caution only, never the token, and nothing that a damaged file could spoil."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ServiceError
from reconciler.scim.carryover import Carryover, gather, read_carryover, remember, write_carryover
from reconciler.scim.client import Client
from reconciler.scim.connection import Connection, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = 1_700_000_000.0
LEFT = Carryover(NOW, ((NOW - 100.0, 7), (NOW - 1.5, 2), (NOW, 1)), 3590, NOW + 3000.0, 3600)
WHOSE = "https://x/scim/v2 widget"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pacing" / "t.json"
    write_carryover(path, WHOSE, LEFT)
    assert read_carryover(path, WHOSE, NOW + 1.0) == LEFT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)] == [0o700, 0o700]
    assert [each.name for each in path.parent.iterdir()] == ["t.json"]


@pytest.mark.parametrize(
    ("whose", "epoch"), [("https://y/scim/v2 widget", NOW), (WHOSE, NOW + 3601.0), (WHOSE, NOW - 5.0)]
)
def test_anothers_old_and_future_ones_are_ignored(tmp_path: Path, whose: str, epoch: float) -> None:
    write_carryover(tmp_path / "a" / "t.json", WHOSE, LEFT)
    assert read_carryover(tmp_path / "a" / "t.json", whose, epoch) is None


GOOD: dict[str, Any] = {
    "formatVersion": "1.0",
    "whose": WHOSE,
    "at": NOW,
    "answered": [],
    "remaining": None,
    "reset": 0.0,
    "limit": 0,
}


@pytest.mark.parametrize(
    "damage",
    [
        {"formatVersion": "2.0"},
        {"at": "noon"},
        {"at": float("nan")},
        {"at": True},
        {"answered": None},
        {"answered": [[NOW]]},
        {"answered": [[NOW, 1.5]]},
        {"answered": [[NOW, -1]]},
        {"answered": [[NOW, 10**9]]},
        {"answered": [[NOW + 60, 1]]},
        {"answered": [[float("inf"), 1]]},
        {"remaining": "many"},
        {"remaining": -1},
        {"reset": None},
        {"limit": None},
    ],
)
def test_a_damaged_one_is_ignored(tmp_path: Path, damage: dict[str, Any]) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    assert read_carryover(path, WHOSE, NOW) == Carryover(NOW)
    path.write_text(json.dumps(GOOD | damage), encoding="utf-8")
    assert read_carryover(path, WHOSE, NOW) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_json_is_ignored(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "t.json").write_bytes(text)
    assert read_carryover(tmp_path / "t.json", WHOSE, NOW) is None
    assert read_carryover(tmp_path / "none.json", WHOSE, NOW) is None


def test_a_place_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    write_carryover(tmp_path / "file" / "pacing" / "t.json", WHOSE, LEFT)
    (tmp_path / "a" / "t.json").mkdir(parents=True)
    write_carryover(tmp_path / "a" / "t.json", WHOSE, LEFT)
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["t.json"]


@given(st.lists(st.floats(NOW - 3600, NOW)))
def test_times_are_gathered_never_too_early(times: list[float]) -> None:
    gathered = gather(times, NOW - 2.0)
    spread = [at for at, count in gathered for _ in range(count)]
    assert all(-0.001 <= late - at < 1.0 for at, late in zip(sorted(times), spread, strict=True))
    assert all(late - at <= 0.001 for at, late in zip(sorted(times), spread, strict=True) if at >= NOW - 2.0)


def forbidden(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("403 Forbidden", [])
    return [b""]


def test_it_is_left_on_failure_too_and_holds_no_token(tmp_path: Path) -> None:
    path = tmp_path / "pacing" / "t.json"
    connection = Connection("sandbox:", "s3cret-token", "widget", waiting=Waiting(carryover=path))
    client = Client(connection, application=forbidden)
    with pytest.raises(ServiceError), remember(client.pacer, connection):
        client.get("/Users")
    client.close()
    text = path.read_text(encoding="utf-8")
    assert (json.loads(text)["whose"], "s3cret" in text) == ("sandbox: widget", False)
    following = Client(connection, application=forbidden)
    with remember(following.pacer, connection):
        assert following.pacer.budget().left == 3599
    following.close()
