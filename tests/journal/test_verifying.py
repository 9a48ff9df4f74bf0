"""Whatever is done to the journal behind the tool's back is found, and where; what a power cut leaves is no fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.journal.entries import seal
from reconciler.journal.files import run_files
from reconciler.journal.verifying import Fault, verify_journal
from reconciler.journal.writing import open_journal
from tests.builders import DIGEST
from tests.journal.records import ACTIONS, clock, done, entries, file_of, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Three runs of six entries."""
    now = clock()
    for _ in range(3):
        write_run(tmp_path, now)
    return tmp_path


def lines_of(state: Path, run: int) -> list[bytes]:
    return run_files(state)[run].read_bytes().splitlines(keepends=True)


def rewrite(state: Path, run: int, lines: list[bytes]) -> None:
    run_files(state)[run].write_bytes(b"".join(lines))


def faults(state: Path, **how: str) -> list[tuple[int, int | None, str]]:
    """Each fault as the run's number, the line, and the problem."""
    names = [path.name for path in run_files(state)]
    found = verify_journal(state, **how).faults
    return [(names.index(fault.file) if fault.file else -1, fault.line, fault.problem) for fault in found]


def test_what_was_written_is_whole(state: Path) -> None:
    found = verify_journal(state)
    last = run_files(state)[-1].stem
    head = entries(state, last)[-1]["hash"]
    assert (found.runs, found.entries, found.older, found.head, found.head_run) == (3, 18, 0, head, last)
    assert (found.faults, found.notes) == ((), ())
    assert verify_journal(state, head).faults == ()


def test_no_journal_is_whole_but_has_no_head(tmp_path: Path) -> None:
    found = verify_journal(tmp_path)
    assert (found.runs, found.entries, found.head, found.faults) == (0, 0, None, ())
    assert [fault.problem for fault in verify_journal(tmp_path, DIGEST).faults] == [
        f"no entry has the hash {DIGEST}: it was cut off, or the journal was made anew"
    ]


def edit(line: bytes) -> bytes:
    return line.replace(b'"who":"jan"', b'"who":"ann"').replace(b'"Lead"', b'"Boss"')


def resealed(line: bytes) -> bytes:
    """An edited entry with the hash that its new content has."""
    entry = json.loads(edit(line))
    entry.pop("hash")
    return seal(entry)[0]


NOT_AFTER = "it does not follow the entry before it: that one was changed"
TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], list[tuple[int, int | None, str]]]] = {
    "edited": (
        lambda run: [*run[:2], edit(run[2]), *run[3:]],
        [(1, 3, "its hash is not that of its content: it was changed")],
    ),
    "edited and sealed anew": (lambda run: [*run[:2], resealed(run[2]), *run[3:]], [(1, 4, NOT_AFTER)]),
    "the first one edited": (
        lambda run: [edit(run[0]), *run[1:]],
        [(1, 1, "its hash is not that of its content: it was changed")],
    ),
    "no entry any more": (lambda run: [*run[:2], b"{}\n", *run[3:]], [(1, 3, "it holds no entry: it was changed")]),
    "removed": (
        lambda run: [*run[:2], *run[3:]],
        [(1, 3, "it is number 4 of its run: 1 before it were removed")],
    ),
    "the first one removed": (lambda run: run[1:], [(1, 1, "it is number 2 of its run: 1 before it were removed")]),
    "the end removed": (
        lambda run: run[:-1],
        [(2, 1, "it does not follow the end of run {1}: that end was changed or cut off, or runs were removed")],
    ),
    "all removed": (
        lambda _run: [],
        [(2, 1, "it does not follow the end of run {0}: that end was changed or cut off, or runs were removed"),
         (1, 1, "it was not here when run {2} began")],
    ),
    "repeated": (lambda run: [*run[:3], run[2], *run[3:]], [(1, 4, "it stands in {1}.jsonl:3 already")]),
    "moved": (
        lambda run: [*run[:2], run[3], run[2], *run[4:]],
        [(1, 3, "it is number 4 of its run: 1 before it were removed"),
         (1, 4, "it is number 3 of its run, where number 5 was due: it was moved here")],
    ),
    "something behind the end": (
        lambda run: [*run, seal({**json.loads(run[1]), "seq": 7, "previous": json.loads(run[5])["hash"]})[0]],
        [(1, 7, "it stands behind the end of its run")],
    ),
    "a line that is none put in": (
        lambda run: [*run[:3], b"nothing\n", *run[3:]],
        [(1, 4, "it holds no entry: it was changed")],
    ),
    "half a line behind the end": (lambda run: [*run, b'{"at":'], [(1, 7, "it was not here when run {2} began")]),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_what_is_done_to_a_run_is_found_where_it_was_done(state: Path, how: str) -> None:
    tamper, expected = TAMPERED[how]
    names = [path.stem for path in run_files(state)]
    rewrite(state, 1, tamper(lines_of(state, 1)))
    assert faults(state) == [(run, line, problem.format(*names)) for run, line, problem in expected]


def test_where_runs_were_taken_out_the_next_one_tells(state: Path) -> None:
    first, second, third = run_files(state)
    second.unlink()
    begun = f"it does not follow the end of run {first.stem}: that end was changed or cut off, or runs were removed"
    assert faults(state) == [(1, 1, begun)]
    first.unlink()
    previous = entries(state, third.stem)[0]["previous"]
    assert faults(state) == [(0, 1, f"it follows {previous}, which is not here: all runs before it were removed")]
    assert faults(state, after=previous) == []
    third.unlink()
    assert faults(state) == []
    assert [line for _, line, _ in faults(state, head=previous)] == [None]


def test_files_that_changed_their_names_are_found(state: Path) -> None:
    first, second, third = run_files(state)
    second.rename(third.with_name("20270101T000000.000000Z-00000000.jsonl"))
    assert [(run, line) for run, line, _ in faults(state)] == [(1, 1), (2, 1)]
    first.rename(first.with_name(f"{first.name}.bak"))
    assert verify_journal(state).faults[0] == Fault(
        f"{first.name}.bak", None, "", "", "no run has a file of this name: it is not of this journal"
    )


def test_an_entry_of_another_run_is_found(state: Path) -> None:
    stranger = lines_of(state, 0)[2]
    rewrite(state, 2, [*lines_of(state, 2)[:3], stranger, *lines_of(state, 2)[3:]])
    (fault,) = verify_journal(state).faults
    assert (fault.line, fault.entry, fault.key) == (4, "outcome update User", "ann@widget.example")
    assert fault.problem == f"it stands in {run_files(state)[0].name}:3 already"


def test_a_head_that_was_kept_tells_that_the_end_was_cut_off(state: Path) -> None:
    head = verify_journal(state).head
    assert head
    rewrite(state, 2, lines_of(state, 2)[:-1])
    assert faults(state) == []
    cut = f"no entry has the hash {head}: it was cut off, or the journal was made anew"
    assert faults(state, head=head) == [(-1, None, cut)]


def test_what_comes_after_a_head_is_no_fault(state: Path) -> None:
    head = verify_journal(state).head
    write_run(state, clock("2026-11-25T10:00:"))
    assert faults(state, head=str(head)) == []


@pytest.mark.parametrize("torn", [b'{"action":"upd', b"\0\0\0"])
def test_an_interrupted_run_is_no_fault_and_what_is_torn_is_sealed_by_the_next(tmp_path: Path, torn: bytes) -> None:
    now = clock()
    run = write_run(tmp_path, now, ended=False)
    assert verify_journal(tmp_path).notes == (f"run {run} has no end: it was interrupted, or is still running",)
    file = file_of(tmp_path, run)
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    told = f"run {run} was interrupted: line 6, of {len(torn)} bytes, is no whole entry"
    assert (verify_journal(tmp_path).notes, faults(tmp_path)) == ((told,), [])
    later = write_run(tmp_path, now)
    assert (verify_journal(tmp_path).notes, faults(tmp_path)) == ((told,), [])
    changed = f"what it found torn at the end of run {run} was changed or removed"
    for other in (whole, whole + torn[:-1], whole + torn + b"x"):
        file.write_bytes(other)
        assert faults(tmp_path) == [(1, 1, changed)]
    assert later == run_files(tmp_path)[1].stem


def test_runs_without_an_entry_are_no_fault(tmp_path: Path) -> None:
    now = clock()
    write_run(tmp_path, now)
    empty = [open_journal(tmp_path, DIGEST, now) for _ in range(1)]
    empty[0].close()
    told = f"run {empty[0].run} was interrupted: it has no entry"
    assert (verify_journal(tmp_path).notes, faults(tmp_path)) == ((told,), [])
    write_run(tmp_path, now)
    assert (verify_journal(tmp_path).notes, faults(tmp_path)) == ((told,), [])


def write_older(state: Path, run: str) -> None:
    """A run as version 1.0 of the format has it."""
    first = {"entry": "run", "at": "2026-11-01T10:00:00Z", "formatVersion": "1.0", "tool": "1.0.0", "who": "jan",
             "tenant": {"name": "production"}, "fingerprint": DIGEST, "planned": 0}  # fmt: skip
    end = {"entry": "end", "at": "2026-11-01T10:00:01Z", "done": 0, "failed": 0, "skipped": 0, "spent": False}
    (state / "journal").mkdir(exist_ok=True)
    file_of(state, run).write_text("".join(f"{json.dumps(each)}\n" for each in (first, end)), encoding="utf-8")


def test_runs_of_an_older_format_are_counted_and_stand_before_the_chain(tmp_path: Path) -> None:
    write_older(tmp_path, "20261101T100000Z-1a2b3c4d")
    write_older(tmp_path, "20261101T100000Z-1a2b3c4d-1")
    write_run(tmp_path, clock())
    write_run(tmp_path, clock("2026-11-25T10:00:"))
    found = verify_journal(tmp_path)
    assert (found.runs, found.older, found.faults) == (2, 2, ())
    write_older(tmp_path, "20261125T000000Z-1a2b3c4d")
    assert faults(tmp_path) == [(3, 1, "a run of an older format among chained ones: nothing vouches for it")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[Path, bytes]]:
    """Four runs, their head, and what they are made of."""
    state, now = tmp_path_factory.mktemp("shared"), clock()
    for _ in range(4):
        write_run(state, now, [done(ACTIONS[0])])
    return state, str(verify_journal(state).head), {path: path.read_bytes() for path in run_files(state)}


def found_after(shared: tuple[Path, str, dict[Path, bytes]], files: dict[Path, bytes], head: str | None = None) -> bool:
    """Whether anything is found once the journal is made of these files only."""
    state, _, before = shared
    try:
        for path in before:
            path.unlink()
        for path, data in files.items():
            path.write_bytes(data)
        return bool(verify_journal(state, head).faults)
    finally:
        for path in files:
            path.unlink()
        for path, data in before.items():
            path.write_bytes(data)


@given(st.data())
def test_any_byte_that_changed_is_found(shared: tuple[Path, str, dict[Path, bytes]], data: Any) -> None:
    files = shared[2]
    path = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[path]) - 1))
    other = data.draw(st.integers(1, 255)) ^ files[path][at]
    assert found_after(shared, {**files, path: files[path][:at] + bytes((other,)) + files[path][at + 1 :]})


@given(st.data())
def test_any_line_removed_repeated_or_moved_is_found(shared: tuple[Path, str, dict[Path, bytes]], data: Any) -> None:
    """Only the end of the newest run takes a head to tell."""
    files = shared[2]
    lines = [(path, line) for path in sorted(files) for line in files[path].splitlines(keepends=True)]
    number = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["remove", "repeat", "move"]))
    line = lines[number][1]
    rest = lines[:number] + lines[number + 1 :]
    if how == "remove":
        lines = rest
    else:
        lines = lines if how == "repeat" else rest
        to = data.draw(st.integers(0, len(lines)).filter(lambda each: how == "repeat" or each != number))
        file = lines[min(to, len(lines) - 1)][0]
        lines = [*lines[:to], (file, line), *lines[to:]]
    made = {path: b"".join(line for file, line in lines if file == path) for path in files}
    if made == files:
        return
    newest_end = how == "remove" and number == len(lines)
    assert found_after(shared, made, shared[1] if newest_end else None)


@given(st.data())
def test_any_byte_of_an_only_run_that_changed_is_found(shared: tuple[Path, str, dict[Path, bytes]], data: Any) -> None:
    path, content = min(shared[2].items())
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(1, 255)) ^ content[at]
    assert found_after(shared, {path: content[:at] + bytes((other,)) + content[at + 1 :]})


@given(st.sets(st.integers(0, 3), min_size=1))
def test_any_run_removed_is_found(shared: tuple[Path, str, dict[Path, bytes]], gone: set[int]) -> None:
    """Without a head only where a run is left that came later."""
    left = {path: data for number, (path, data) in enumerate(sorted(shared[2].items())) if number not in gone}
    assert found_after(shared, left, shared[1])
    assert found_after(shared, left) == any(number > min(gone) for number in set(range(4)) - gone)
