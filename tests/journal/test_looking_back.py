"""What the next run is told of the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.plan_model import TenantIdentity
from reconciler.journal.entries import parse_entry
from reconciler.journal.reading import look_back, read_runs
from reconciler.journal.writing import open_journal
from tests.builders import DIGEST, plan
from tests.journal.records import ACTIONS, IDS, ORIGIN, clock, done, file_of, write_run

if TYPE_CHECKING:
    from pathlib import Path

TENANT = plan().tenant


def test_a_run_that_never_ended_is_found_by_its_own_tenant_only(tmp_path: Path) -> None:
    now = clock()
    assert look_back(tmp_path, TENANT) == (None, None)
    write_run(tmp_path, now)
    assert look_back(tmp_path, TENANT) == (None, None)
    run = write_run(tmp_path, now, [done(ACTIONS[0])], ended=False)
    found, damaged = look_back(tmp_path, TENANT)
    assert found
    assert (found.run, found.done, found.planned, found.in_flight, damaged) == (run, 1, 1, (), None)
    assert look_back(tmp_path, TenantIdentity("other", "https://other.example", None)) == (None, None)
    write_run(tmp_path, now)
    assert look_back(tmp_path, TENANT) == (None, None)


def test_what_was_in_flight_was_not_skipped(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, DIGEST, clock())
    journal.begin(plan(*ACTIONS), ORIGIN, IDS)
    journal.record_attempt(ACTIONS[0])
    journal.close()
    (found,) = read_runs(tmp_path)
    assert (found.planned, found.done, found.skipped, found.in_flight) == (2, 0, 1, (ACTIONS[0].key,))


def test_wherever_a_run_was_cut_off_it_is_interrupted_and_not_damaged(tmp_path: Path) -> None:
    run = write_run(tmp_path, clock())
    path = file_of(tmp_path, run)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole) - 1):
        path.write_bytes(whole[:length])
        found, damaged = look_back(tmp_path, TENANT)
        assert found
        assert (found.status, damaged) == ("interrupted", None)
        kinds = [entry["entry"] for entry in map(parse_entry, whole[:length].split(b"\n")) if entry]
        assert (found.done, len(found.in_flight)) == (
            kinds.count("outcome"),
            kinds.count("attempt") - kinds.count("outcome"),
        )


@pytest.mark.parametrize("place", range(0, 1800, 97))
def test_a_changed_byte_is_damage(tmp_path: Path, place: int) -> None:
    run = write_run(tmp_path, clock())
    path = file_of(tmp_path, run)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert look_back(tmp_path, TENANT).damaged == run


@pytest.mark.parametrize("data", [b"", b"\0" * 4096])
def test_a_file_that_was_never_filled_says_nothing(tmp_path: Path, data: bytes) -> None:
    now = clock()
    write_run(tmp_path, now, ended=False)
    file_of(tmp_path, write_run(tmp_path, now)).write_bytes(data)
    found, damaged = look_back(tmp_path, TENANT)
    assert found
    assert damaged is None
