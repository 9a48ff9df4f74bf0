"""What an apply leaves in the journal: entries chained from run to run, whatever the clock and the disk do."""

from __future__ import annotations

import resource
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from reconciler.core.digest import canonical, digest
from reconciler.errors import OperatorError
from reconciler.journal.writing import Approval, Origin, open_journal
from tests.builders import DIGEST, plan
from tests.journal.records import ACTIONS, IDS, ORIGIN, clock, done, entries, file_of, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_each_entry_names_the_one_before_it_from_run_to_run(tmp_path: Path) -> None:
    now = clock()
    runs = [write_run(tmp_path, now) for _ in range(3)]
    previous = None
    for run in runs:
        for number, entry in enumerate(entries(tmp_path, run), 1):
            rest = {key: value for key, value in entry.items() if key != "hash"}
            assert (entry["seq"], entry["previous"], entry["hash"]) == (number, previous, digest(rest))
            previous = entry["hash"]


def test_a_line_is_the_canonical_json_of_its_entry_and_its_hash_at_the_end(tmp_path: Path) -> None:
    run = write_run(tmp_path, clock(), [done(ACTIONS[0])])
    for line, entry in zip(file_of(tmp_path, run).read_bytes().splitlines(), entries(tmp_path, run), strict=True):
        content, _, _ = line.rpartition(b',"hash":')
        seal = entry.pop("hash")
        assert content + b"}" == canonical(entry)
        assert seal == f"sha256:{sha256(content + b'}').hexdigest()}"


def test_a_run_says_where_it_comes_from(tmp_path: Path) -> None:
    approval = Approval(DIGEST, "sha256:" + "1" * 64, "2026-11-24T09:00:00Z", ("sha256:" + "2" * 64,))
    origin = Origin("jan", "c" * 40, dirty=True, link="https://ci.example/run/7", approval=approval)
    run = write_run(tmp_path, lambda: "2026-11-24T10:00:00.000001Z", [], origin=origin)
    first = entries(tmp_path, run)[0]
    assert run == "20261124T100000.000001Z-00000000"
    assert {key: value for key, value in first.items() if key != "hash"} == {
        "entry": "run",
        "at": "2026-11-24T10:00:00.000001Z",
        "seq": 1,
        "previous": None,
        "formatVersion": "2.0",
        "run": run,
        "tool": "1.0.0",
        "who": "jan",
        "tenant": {"name": "production", "endpoint": "https://api.4me.com/scim/v2", "account": "widget"},
        "fingerprint": DIGEST,
        "manifests": DIGEST,
        "planned": 0,
        "commit": "c" * 40,
        "dirty": True,
        "link": "https://ci.example/run/7",
        "plan": "sha256:" + "1" * 64,
        "approval": {
            "fingerprint": DIGEST,
            "plannedAt": "2026-11-24T09:00:00Z",
            "keys": ["sha256:" + "2" * 64],
        },
        "undoes": None,
        "torn": [],
    }


def test_an_outcome_says_what_undoing_it_takes(tmp_path: Path) -> None:
    run = write_run(tmp_path, lambda: "2026-11-24T10:00:00.000001Z", [done(ACTIONS[1])])
    outcome = entries(tmp_path, run)[2]
    assert {key: value for key, value in outcome.items() if key not in ("hash", "previous")} == {
        "entry": "outcome",
        "at": "2026-11-24T10:00:00.000001Z",
        "seq": 3,
        "action": "update",
        "resource": "Group",
        "key": "Desk",
        "id": "7",
        "status": "done",
        "detail": "",
        "reason": "title differs",
        "requests": 1,
        "source": {"file": "groups.yaml", "line": 9},
        "changes": [],
        "members": {"add": ["ann@widget.example", "Night"], "remove": ["bob@widget.example"], "groups": ["Night"]},
        "memberIds": {"ann@widget.example": "7", "group:Night": "g2", "bob@widget.example": "8"},
        "stored": None,
    }


@pytest.mark.parametrize("damage", [b"", b'{"at":"2026-', b"\0\0\0\0", b'{"at":"2026"}\n\xff\n{'])
def test_a_run_after_a_torn_one_goes_on_from_the_last_whole_entry(tmp_path: Path, damage: bytes) -> None:
    now = clock()
    first = write_run(tmp_path, now, ended=False)
    whole = entries(tmp_path, first)[-1]["hash"]
    with file_of(tmp_path, first).open("ab") as file:
        file.write(damage)
    begin = entries(tmp_path, write_run(tmp_path, now))[0]
    noted = {"run": first, "bytes": len(damage), "digest": f"sha256:{sha256(damage).hexdigest()}"}
    assert (begin["previous"], begin["torn"]) == (whole, [noted] if damage else [])


def test_runs_that_never_wrote_a_whole_entry_are_noted_as_well(tmp_path: Path) -> None:
    now = clock()
    first = write_run(tmp_path, now)
    for _ in range(2):
        open_journal(tmp_path, DIGEST, now).close()
    begin = entries(tmp_path, write_run(tmp_path, now))[0]
    assert begin["previous"] == entries(tmp_path, first)[-1]["hash"]
    assert [noted["bytes"] for noted in begin["torn"]] == [0, 0]


@pytest.mark.parametrize(
    "later",
    [
        lambda: "2026-11-24T10:00:00.000000Z",
        lambda: "2026-11-24T09:00:00.000000Z",
        lambda: "2001-01-01T00:00:00Z",
        lambda: "2026-11-24T10:00:00.000001Z",
    ],
)
def test_names_of_runs_sort_as_they_were_written_whatever_the_clock_says(
    tmp_path: Path, later: Callable[[], str]
) -> None:
    runs = [write_run(tmp_path, lambda: "2026-11-24T10:00:00.000000Z")]
    runs += [write_run(tmp_path, later) for _ in range(3)]
    assert runs == sorted(set(runs))
    assert runs == sorted(path.stem for path in (tmp_path / "journal").iterdir())


def test_a_run_that_nothing_can_come_after_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    file_of(tmp_path, "99991231T235959.999999Z-ffffffff").touch()
    with pytest.raises(OperatorError, match="no run can come after 99991231T235959"):
        open_journal(tmp_path, DIGEST, clock())


def test_a_full_disk_leaves_no_half_an_entry_and_nothing_behind_it(tmp_path: Path) -> None:
    now = clock()
    journal = open_journal(tmp_path, DIGEST, now)
    journal.begin(plan(*ACTIONS), ORIGIN, IDS)
    head, size = journal.head, file_of(tmp_path, journal.run).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
    try:
        with pytest.raises(OperatorError, match="the journal cannot be written: File too large"):
            journal.record_attempt(ACTIONS[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(OperatorError, match="File too large"):
        journal.record_attempt(ACTIONS[1])
    journal.close()
    assert (journal.head, file_of(tmp_path, journal.run).stat().st_size) == (head, size)
    assert entries(tmp_path, write_run(tmp_path, now))[0]["previous"] == head


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "state", clock())
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state" / "journal", file_of(tmp_path / "state", run))
    ]
    assert modes == [0o700, 0o600]
