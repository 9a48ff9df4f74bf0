"""Whether the journal is whole and unchanged, and if not, where: each entry has to follow the one before it.

What a chain cannot tell: whether all of it was made anew, and whether its end was cut off. For that a head (the hash of
an entry) has to be kept elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.journal.entries import begins_older, digest_of, is_chained, parse_entry, sealed_hash
from reconciler.journal.files import Torn, all_names, read_file, run_files, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Fault(NamedTuple):
    """A place that is not as it was written. `line`: None for a file as a whole. `entry`, `key`: what stands there."""

    file: str
    line: int | None
    entry: str
    key: str
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `older`: runs of a format that is not chained. `head`: the hash of the last entry, in `head_run`.

    `notes`: what is no fault, such as a run that was interrupted.
    """

    runs: int
    entries: int
    older: int
    head: str | None
    head_run: str | None
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def verify_journal(state: Path, head: str | None = None, after: str | None = None) -> Verdict:
    """Check all of the journal in a state directory. Raises OperatorError where a file cannot be read.

    `head`: the hash of an entry that is to be in it. `after`: the hash of the entry that the oldest one here is to
    follow, where those before it were taken out on purpose.
    """
    paths = run_files(state)
    walk = _Walk(after)
    for path in paths:
        walk.visit_run(path)
    walk.finish()
    missing = [Fault("", None, "", "", f"no entry has the hash {head}: it was cut off, or the journal was made anew")]
    faults = (*_foreign_files(state, paths), *walk.faults, *(missing if head and head not in walk.places else ()))
    last_run, last_hash = (walk.run, walk.hash) if walk.places else (None, None)
    return Verdict(
        len(paths) - walk.older, len(walk.places), walk.older, last_hash, last_run, faults, tuple(walk.notes)
    )


def _foreign_files(state: Path, known: list[Path]) -> Iterator[Fault]:
    runs = {path.name for path in known}
    for name in sorted(all_names(state)):
        if name not in runs:
            yield Fault(name, None, "", "", "no run has a file of this name: it is not of this journal")


class _Place(NamedTuple):
    file: str
    line: int


class _Tail(NamedTuple):
    """What stands behind a run's last whole entry. `forged`: no power cut leaves that. `cut`: it ends within a line."""

    place: _Place
    torn: Torn
    forged: bool
    cut: bool


@dataclass(slots=True)
class _Walk:
    """A walk along the chain, from entry to entry.

    `hash`, `run`, `seq`: of the last entry. `unread`: lines since then that tell nothing. `places`: where each hash is.
    `tails`: what stands behind the last whole entry, for the next run to have noted.
    """

    hash: str | None
    run: str = ""
    seq: int = 0
    unread: int = 0
    broken: bool = False
    ended: bool = True
    older: int = 0
    places: dict[str, _Place] = field(default_factory=dict)
    tails: list[_Tail] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def visit_run(self, path: Path) -> None:
        """Check one run's file, the next in order."""
        lines, tail = split_lines(read_file(path))
        first = parse_entry(lines[0]) if lines else None
        if first and begins_older(first):
            self._visit_older(path, first)
            return
        self._leave_run(latest=False)
        self.seq = self.unread = whole = 0
        for number, line in enumerate(lines, 1):
            if self._visit_line(_Place(path.name, number), path.stem, line):
                whole = number
        self._keep_tail(path, lines, tail, whole)

    def finish(self) -> None:
        """All runs have been visited."""
        self._leave_run(latest=True)
        for tail in self.tails:
            if tail.forged:
                self._fault(tail.place, None, "no power cut leaves what stands here: it was changed")
            else:
                self._note_torn(tail)

    def _visit_older(self, path: Path, first: dict[str, Any]) -> None:
        self.older += 1
        if self.places:
            self._fault(
                _Place(path.name, 1),
                first,
                "a run of an older format among chained ones: nothing vouches for it",
            )

    def _leave_run(self, *, latest: bool) -> None:
        if not self.ended and not self.tails:
            self.notes.append(f"run {self.run} has no end: it was interrupted{', or is still running' * latest}")

    def _visit_line(self, place: _Place, run: str, line: bytes) -> bool:
        """Check an entry; whether it is whole in itself."""
        entry, seal = parse_entry(line), sealed_hash(line)
        if entry is None or seal is None or not is_chained(entry):
            what = "it holds no entry" if entry is None else "its hash is not that of its content"
            self._fault(place, entry, f"{what}: it was changed")
            self.unread += 1
            self.broken = True
            return seal is not None
        stray = self._find_stray(entry)
        problem = stray or self._find_gap(entry, run)
        if problem:
            self._fault(place, entry, problem)
        if not stray:
            if entry["seq"] == 1:
                self._check_torn(place, entry)
            self.run, self.seq, self.hash, self.ended = run, entry["seq"], seal, entry["entry"] == "end"
            self.unread, self.broken = 0, False
        self.places.setdefault(seal, place)
        return True

    def _find_stray(self, entry: dict[str, Any]) -> str | None:
        """Why an entry does not belong here at all: what comes next is to follow the one before it."""
        seq, due = entry["seq"], self.seq + 1
        if entry["hash"] in self.places:
            file, line = self.places[entry["hash"]]
            return f"it stands in {file}:{line} already"
        if seq < due:
            return f"it is number {seq} of its run, where number {due} was due: it was moved here"
        if self.ended and seq > 1 and due > 1 and not self.unread:
            return "it stands behind the end of its run"
        return None

    def _find_gap(self, entry: dict[str, Any], run: str) -> str | None:
        """Why an entry cannot follow the one before it."""
        seq, due = entry["seq"], self.seq + 1
        if seq > due + self.unread:
            return f"it is number {seq} of its run: {seq - due - self.unread} before it were removed"
        if seq == 1 and (entry["entry"] != "run" or entry.get("run") != run):
            return "it begins another run: its file was renamed, or it was put here"
        if entry["previous"] != self.hash and not self.broken:
            return self._explain_gap(entry["previous"], seq)
        return None

    def _explain_gap(self, previous: object, seq: int) -> str:
        if isinstance(previous, str) and previous in self.places:
            file, line = self.places[previous]
            return f"it follows {file}:{line}: what stands between was put there"
        if seq > 1:
            return "it does not follow the entry before it: that one was changed"
        if self.hash is None:
            return f"it follows {previous}, which is not here: all runs before it were removed"
        return f"it does not follow the end of run {self.run}: that end was changed or cut off, or runs were removed"

    def _keep_tail(self, path: Path, lines: list[bytes], tail: bytes, whole: int) -> None:
        """Keep what the next run has to have noted: see `reconciler.journal.files.find_end`."""
        rest = b"\n".join((*lines[whole:], tail))
        kept = [] if whole else self.tails
        if rest or not whole:
            forged = bool(tail) and ((self.ended and whole > 0) or sealed_hash(tail[:-1]) is not None)
            torn = Torn(path.stem, len(rest), digest_of(rest))
            kept = [*kept, _Tail(_Place(path.name, whole + 1), torn, forged, bool(tail) or not lines)]
        self.tails = kept

    def _check_torn(self, place: _Place, entry: dict[str, Any]) -> None:
        """Hold what a run found behind the last whole entry against what stands there."""
        noted = {(each["run"], each["bytes"], each["digest"]) for each in entry.get("torn", ())}
        runs = {run for run, *_ in noted}
        for tail in self.tails:
            if tail.torn in noted:
                noted.remove(tail.torn)
                self._note_torn(tail)
            elif tail.cut and tail.torn.run not in runs:
                self._fault(tail.place, None, f"it was not here when run {entry['run']} began")
        for run, *_ in sorted(noted):
            self._fault(place, entry, f"what it found torn at the end of run {run} was changed or removed")

    def _note_torn(self, tail: _Tail) -> None:
        run, size, _ = tail.torn
        what = f"line {tail.place.line}, of {size} bytes, is no whole entry" if size else "it has no entry"
        self.notes.append(f"run {run} was interrupted: {what}")

    def _fault(self, place: _Place, entry: dict[str, Any] | None, problem: str) -> None:
        entry = entry or {}
        words = " ".join(entry[name] for name in ("entry", "action", "resource") if isinstance(entry.get(name), str))
        self.faults.append(Fault(*place, words, entry.get("key", ""), problem))
