"""Folders of git revisions, from git's objects alone.

Runs git's plumbing, which reads; the working tree, the index, hooks, filters and export attributes have no part in it.
Nothing is fetched, and nothing of the repository is run. Files go to a temporary folder of this user only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, NamedTuple

from reconciler.core.suggest import did_you_mean
from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_OPTIONS = ("--no-optional-locks", "--no-replace-objects", "--literal-pathspecs", "-c", "core.fsmonitor=false")
_LINK, _SUBMODULE, _FOLDER = "120000", "160000", "040000"
_CHUNK = 1 << 20


class Revision(NamedTuple):
    """A commit, and what it was asked for by."""

    name: str
    commit: str


class _Entry(NamedTuple):
    """One line of a tree: `path` is relative to the tree."""

    mode: str
    id: str
    path: str


def open_repository(start: Path, environment: Mapping[str, str]) -> Repository:
    """The repository that a folder lies in; git runs with this environment.

    Raises OperatorError where there is none, or no git.
    """
    program = shutil.which("git")
    if program is None or not os.path.isabs(program):  # one that lies in the folder itself is not run  # noqa: PTH117
        raise OperatorError("git was not found", hint="install git, and see that its folder is on the PATH")
    repository = Repository(program, start, dict(environment), start)
    done = repository.run("rev-parse", "--show-toplevel")
    if done.returncode == 0:
        return Repository(program, start, dict(environment), Path(os.fsdecode(done.stdout.removesuffix(b"\n"))))
    words = _words(done)
    if "dubious ownership" in words:
        hint = "if you trust it: git config --global --add safe.directory PATH"
        raise OperatorError(f"git does not trust the repository of {start}, which belongs to somebody else", hint=hint)
    if "not a git repository" in words:
        raise OperatorError(f"{start} is in no git repository", hint="run this in the repository of the manifests")
    if "must be run in a work tree" in words:
        raise OperatorError(f"{start} has no working tree", hint="run this in a clone that is not bare")
    raise OperatorError(f"git cannot tell the working tree of {start}: {words}")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a working tree at `root`; git runs in `start`."""

    program: str
    start: Path
    environment: dict[str, str]
    root: Path

    def find_commit(self, name: str) -> Revision:
        """The commit that a revision (gitrevisions(7)) names. Raises OperatorError."""
        commit = self._resolve(name)
        if commit:
            return Revision(name, commit)
        if ".." in name:
            raise OperatorError(
                f"`{name}` is a range, not a revision", hint="write two revisions; --merge-base is for A...B"
            )
        hint = self._shallow_hint(f"git fetch --depth=1 origin {name}, or all of it: git fetch --unshallow")
        if hint is None and self._resolve(f"origin/{name}"):
            hint = f"there is origin/{name}; compare with that"
        known = self.run("for-each-ref", "--format=%(refname:short)").stdout.decode("utf-8", "replace").split()
        nearest = did_you_mean(name, known) if hint is None else ""
        hint = hint or "a branch, a tag or a commit; git fetch gets those that others have made"
        raise OperatorError(f"no revision `{name}` in this repository{nearest}", hint=hint)

    def knows(self, name: str) -> bool:
        """Whether this names a commit."""
        return self._resolve(name) is not None

    def find_merge_base(self, one: Revision, other: Revision) -> Revision:
        """The best common ancestor, as pull requests compare with. Raises OperatorError where there is none."""
        done = self.run("merge-base", one.commit, other.commit)
        if done.returncode == 0:
            return Revision(f"merge base of {one.name} and {other.name}", _line(done.stdout))
        hint = self._shallow_hint("git fetch --unshallow; in a pipeline, check out with its whole history")
        raise OperatorError(
            f"{one.name} and {other.name} have no common ancestor here", hint=hint or "compare without --merge-base"
        )

    @contextmanager
    def extract(self, revision: Revision, folder: str) -> Iterator[Path | None]:
        """The files of a folder as they are in a commit, None where it has no such folder.

        `folder` is a posix path from the root, "." for all. The files are gone afterwards. Links stay links, submodules
        are left out. Raises OperatorError.
        """
        tree = self.find_tree(revision, folder)
        if tree is None:
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="reconciler-", ignore_cleanup_errors=True) as made:
            target = Path(made) / "files"
            target.mkdir(mode=0o700)
            self._write(self._list(tree), target, revision)
            yield target

    def find_tree(self, revision: Revision, folder: str) -> str | None:
        """The id of a folder in a commit, None where it has none. Raises OperatorError where that is no folder."""
        if folder == ".":
            return _line(self._demand("rev-parse", "--verify", f"{revision.commit}^{{tree}}"))
        found = list(_entries(self._demand("ls-tree", "-z", "--full-tree", revision.commit, "--", folder)))
        if not found:
            return None
        if found[0].mode == _FOLDER:
            return found[0].id
        kinds = {_LINK: "a symbolic link", _SUBMODULE: "a submodule"}
        raise OperatorError(
            f"{folder} is {kinds.get(found[0].mode, 'a file')} in {revision.name}, not a folder",
            hint="name the folder of the manifests, in the repository that has them",
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run one git command to its end."""
        command = (self.program, *_OPTIONS, *words)
        return subprocess.run(  # noqa: S603 - git, and no shell
            command, capture_output=True, check=False, cwd=self.start, env=self.environment, stdin=subprocess.DEVNULL
        )

    def _resolve(self, name: str) -> str | None:
        if not name or name.startswith("-") or "\0" in name:
            return None
        done = self.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return _line(done.stdout) if done.returncode == 0 else None

    def _shallow_hint(self, way_out: str) -> str | None:
        done = self.run("rev-parse", "--is-shallow-repository")
        return f"this clone is shallow: {way_out}" if done.stdout.strip() == b"true" else None

    def _demand(self, *words: str) -> bytes:
        done = self.run(*words)
        if done.returncode != 0:
            raise OperatorError(f"git {words[0]} failed: {_words(done)}")
        return done.stdout

    def _list(self, tree: str) -> list[_Entry]:
        entries = list(_entries(self._demand("ls-tree", "-r", "-z", "--full-tree", tree)))
        for entry in entries:
            path = PurePath(entry.path)
            if path.parts != tuple(entry.path.split("/")) or ".." in path.parts or path.is_absolute() or path.drive:
                raise OperatorError(f"a path in the repository leads elsewhere: {entry.path}")
        return [entry for entry in entries if entry.mode != _SUBMODULE]

    def _write(self, entries: list[_Entry], target: Path, revision: Revision) -> None:
        """Links at last, so that nothing is written through one."""
        entries = sorted(entries, key=lambda entry: entry.mode == _LINK)
        try:
            for parent in {target.joinpath(entry.path).parent for entry in entries}:
                parent.mkdir(parents=True, exist_ok=True)
            self._write_blobs(entries, target, revision)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OperatorError(f"the files of {revision.name} cannot be written: {reason}") from error

    def _write_blobs(self, entries: list[_Entry], target: Path, revision: Revision) -> None:
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{entry.id}\n" for entry in entries).encode())
            wanted.seek(0)
            with subprocess.Popen(  # noqa: S603 - git, and no shell
                (self.program, *_OPTIONS, "cat-file", "--batch"),
                stdin=wanted,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.start,
                env=self.environment,
            ) as process:
                if process.stdout is None:
                    raise RuntimeError("no output was asked for")
                for entry in entries:
                    head = process.stdout.readline().split()
                    if len(head) != 3 or head[1] != b"blob":  # noqa: PLR2004 - id, type and size
                        raise OperatorError(
                            f"{entry.path} of {revision.name} is not in this clone",
                            hint="it is partial or damaged: git fetch --refetch, or clone without --filter",
                        )
                    _write_blob(process.stdout, int(head[2]), entry, target / entry.path)
                    process.stdout.read(1)


def _write_blob(stream: IO[bytes], size: int, entry: _Entry, path: Path) -> None:
    if entry.mode == _LINK:
        path.symlink_to(os.fsdecode(stream.read(size)))
        return
    with path.open("xb", buffering=0) as file:
        while size:
            data = stream.read(min(size, _CHUNK))
            if not data:
                raise OperatorError("git ended before all files were read")
            file.write(data)
            size -= len(data)


def _entries(listing: bytes) -> Iterable[_Entry]:
    for line in listing.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, identity = head.decode("ascii").split(" ")
            yield _Entry(mode, identity, os.fsdecode(path))


def _line(output: bytes) -> str:
    return output.decode("ascii").strip()


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
