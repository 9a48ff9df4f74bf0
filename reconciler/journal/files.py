"""The files of the journal: which run comes after which, and what one ends with."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import OperatorError
from reconciler.journal.entries import FORMAT_VERSION, begins_older, digest_of, parse_entry, sealed_hash
from reconciler.state_files import is_there

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIX = ".jsonl"
_FORMAT = re.compile(rb'"formatVersion": ?"(\d{1,9})\.')
_KNOWN = int(FORMAT_VERSION.partition(".")[0])
_RUN = re.compile(r"(\d{8}T\d{6})(?:\.(\d{1,6}))?Z-[0-9a-f]{1,8}(?:-\d+)?", re.ASCII)


class Torn(NamedTuple):
    """What stands behind the last whole entry of a run: an entry that was not written to its end."""

    run: str
    bytes: int
    digest: str


class ChainEnd(NamedTuple):
    """Where the next run goes on: `previous`, the hash of the last whole entry, and what is torn behind it."""

    previous: str | None = None
    torn: tuple[Torn, ...] = ()
    last_run: str | None = None


def journal_folder(state: Path) -> Path:
    """Where the journal of a state directory is."""
    return state / "journal"


def is_run(name: str) -> bool:
    """Whether a run may be called this."""
    return _RUN.fullmatch(name) is not None


def run_files(state: Path) -> list[Path]:
    """The files of all runs, oldest first: their names sort in the order in which they were written.

    Raises OperatorError where the folder cannot be read.
    """
    folder = journal_folder(state)
    found = (name.removesuffix(SUFFIX) for name in all_names(state) if name.endswith(SUFFIX))
    return [folder / f"{run}{SUFFIX}" for run in sorted(filter(is_run, found))]


def all_names(state: Path) -> list[str]:
    """What all files in the journal's folder are called. Raises OperatorError where it cannot be read."""
    folder = journal_folder(state)
    try:
        with os.scandir(folder) as found:
            return [each.name for each in found]
    except OSError as error:
        if isinstance(error, FileNotFoundError) or not state.is_dir():
            return []
        raise OperatorError(
            f"the journal cannot be read: {folder}: {error.strerror}", hint="see who changed the state directory"
        ) from error


def name_run(now: str, fingerprint: str, last: str | None) -> str:
    """A name for a run that begins `now` (RFC 3339, UTC): after `last`, whatever the clock was then."""
    stamp, suffix = now.replace(":", "").replace("-", ""), fingerprint.removeprefix("sha256:")[:8]
    name = f"{stamp}-{suffix}"
    found = _RUN.fullmatch(last or "")
    if last is None or found is None or name > last:
        return name
    try:
        before = datetime.fromisoformat(f"{found[1]}.{(found[2] or '').ljust(6, '0')}")
        later = (before + timedelta(microseconds=each) for each in count(1))
        return next(name for each in later if (name := f"{each:%Y%m%dT%H%M%S.%f}Z-{suffix}") > last)
    except (ValueError, OverflowError):
        raise OperatorError(
            f"the journal cannot be continued: no run can come after {last}", hint="see who put this file there"
        ) from None


def split_lines(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of a file, and what stands behind the last end of line."""
    *lines, tail = data.split(b"\n")
    return lines, tail


def find_end(state: Path) -> ChainEnd:
    """Where the chain of this state directory ends. Raises OperatorError where a run's file cannot be read."""
    paths = run_files(state)
    return _find_end(paths) if paths else ChainEnd()


def _find_end(paths: Sequence[Path]) -> ChainEnd:
    torn: list[Torn] = []
    previous = None
    for path in reversed(paths):
        lines, tail = split_lines(read_file(path))
        behind = list(_behind_whole(lines))
        if len(behind) < len(lines):
            previous = sealed_hash(lines[len(lines) - len(behind) - 1])
        elif lines and begins_older(parse_entry(lines[0])):
            continue
        rest = b"\n".join((*reversed(behind), tail))
        if rest or previous is None:
            torn.append(Torn(path.stem, len(rest), digest_of(rest)))
        if previous:
            break
    return ChainEnd(previous, tuple(reversed(torn)), paths[-1].stem)


def read_file(path: Path) -> bytes:
    """All of a run's file. Raises OperatorError, also where a newer version wrote it."""
    try:
        data = path.read_bytes() if is_there(path) else b""
    except OSError as error:
        raise OperatorError(
            f"the journal cannot be read: {path}: {error.strerror}", hint="the journal is evidence: see who changed it"
        ) from error
    found = _FORMAT.search(data, 0, data.find(b"\n") + 1)
    if found and int(found[1]) > _KNOWN:
        raise OperatorError(
            f"the journal's run {path.stem} has format {found[1].decode()}, written by a newer version of reconciler;"
            f" this version reads up to {FORMAT_VERSION}",
            hint="use that version, or name another directory with --state-dir",
        )
    return data


def _behind_whole(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines behind the last whole entry, last first."""
    for line in reversed(lines):
        if sealed_hash(line):
            return
        yield line
