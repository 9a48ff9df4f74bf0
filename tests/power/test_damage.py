"""Whatever happened to a file of the state directory: the next run says so where it matters, and comes to the same."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler import run
from reconciler.drift import find_drift
from reconciler.errors import OperatorError, ReconcilerError
from reconciler.journal.reading import read_runs
from reconciler.manifest_cache import open_manifest_cache
from reconciler.sandbox import Organisation
from tests.services import declare, meddle, options, service, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

USERS, GROUPS = 20, 2
SECRET = "somebody else's file"
DAMAGED, VERSION, STRANGE = "it is damaged", "another version wrote it", "it is not a file"


def truncate(share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return damage


def flip(share: float) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(len(data) * share)] ^= 1 << int(share * 1000) % 8
        path.write_bytes(data)

    return damage


def put_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def put_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def put_link(path: Path) -> None:
    """To somebody else's file, which nobody is to touch."""
    outside = path.parents[2] / "outside"
    outside.write_text(SECRET, encoding="utf-8")
    path.unlink()
    path.symlink_to(outside)


def put_link_to_copy(path: Path) -> None:
    """What it leads to is right; writing there would still be writing elsewhere."""
    outside = path.parents[2] / "copy"
    path.rename(outside)
    path.symlink_to(outside)


ANY = {
    "cut to nothing": truncate(0),
    "cut to a tenth": truncate(0.1),
    "cut to a half": truncate(0.5),
    "cut by a bit": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "random": lambda path: path.write_bytes(Random(7).randbytes(5000)),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a directory": put_directory,
    "a FIFO": put_fifo,
    "a link": put_link,
    "a link to a copy": put_link_to_copy,
    "read-only": lambda path: path.chmod(0o400),
    "removed": lambda path: path.unlink(),
    **{f"a bit flipped at {share:.0%}": flip(share) for share in (0.001, 0.2, 0.6, 0.99)},
}
STRANGERS = frozenset({"a directory", "a FIFO", "a link", "a link to a copy"})
HARMLESS = frozenset({"removed", "read-only"})


def raise_layout(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def raise_applied_layout(path: Path) -> None:
    head, _, rest = gzip.decompress(path.read_bytes()).partition(b"\n")
    path.write_bytes(gzip.compress(json.dumps(json.loads(head) | {"layout": 99}).encode() + b"\n" + rest))


def raise_pacing_version(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"formatVersion": "99"}), encoding="utf-8")


class Kind(NamedTuple):
    """A file of the state directory, what another version would be, and what is said of damage, `{}` being why.

    `unread`: damage that is not met, since that part is not read.
    """

    pattern: str
    raise_version: Callable[[Path], None]
    says: str = ""
    unread: frozenset[str] = frozenset()


KINDS = {
    "snapshot": Kind(
        "snapshot/*.db",
        raise_layout,
        "what was read last time cannot be used ({}): everything is read again",
    ),
    "applied": Kind(
        "applied/*.gz",
        raise_applied_layout,
        "what was last applied cannot be used ({}): drift will not be told apart",
        frozenset({"cut to a half", "cut by a bit"}),
    ),
    "pacing": Kind("pacing/*.json", raise_pacing_version),
}


def reason_for(damage: str) -> str | None:
    if damage in HARMLESS:
        return None
    return VERSION if damage == "another version" else STRANGE if damage in STRANGERS else DAMAGED


def said_well(kind: Kind, damage: str, told: list[str]) -> bool:
    """Whether it was said what was found; a flipped bit may hit what nobody reads."""
    reason = reason_for(damage)
    found = [line for line in told if "could not be kept" not in line]
    if not found:
        return not reason or not kind.says or damage.startswith("a bit") or damage in kind.unread
    return reason is not None and found == [kind.says.format(reason)]


@pytest.mark.parametrize("name", KINDS)
def test_the_next_apply_says_what_it_found_and_comes_to_the_same(tmp_path: Path, name: str) -> None:
    kind, state, kept = KINDS[name], tmp_path / "state", tmp_path / "kept"
    organisation = declare(USERS, GROUPS, 5)
    with service(organisation=Organisation(USERS, GROUPS, 5)) as (sandbox, url):
        write(tmp_path / "manifests", organisation, url)
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        run.plan(options(tmp_path))
        shutil.copytree(state, kept)
        for damage, do in (ANY | {"another version": kind.raise_version}).items():
            meddle(sandbox, "PATCH", "/Users/7", {"title": f"Meddled: {damage}"})
            shutil.rmtree(state)
            shutil.copytree(kept, state)
            (path,) = state.glob(kind.pattern)
            do(path)
            told: list[str] = []
            before = len(sandbox.requests)
            how = run.ApplyOptions(confirm=lambda _planned: True)
            applied = run.apply(replace(options(tmp_path), on_talk=told.append), how)
            assert [outcome.status.value for outcome in applied.outcomes] == ["done"], damage
            assert sum(1 for each in sandbox.requests[before:] if each.method != "GET") == 1, damage
            assert said_well(kind, damage, told), (damage, told)
            assert run.plan(options(tmp_path)).plan.actions == (), damage
            judge = replace(options(tmp_path), state=tmp_path / "elsewhere", full=True)
            assert run.plan(judge).plan.actions == (), damage
            assert not (tmp_path / "outside").exists() or (tmp_path / "outside").read_text() == SECRET


def test_drift_says_why_it_cannot_tell_apart(tmp_path: Path) -> None:
    kind, state, kept = KINDS["applied"], tmp_path / "state", tmp_path / "kept"
    with service(organisation=Organisation(USERS)) as (sandbox, url):
        write(tmp_path / "manifests", declare(USERS, 0, 0), url)
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        shutil.copytree(state, kept)
        meddle(sandbox, "PATCH", "/Users/7", {"title": "Meddled"})
        for damage, do in (ANY | {"another version": raise_applied_layout}).items():
            shutil.rmtree(state)
            shutil.copytree(kept, state)
            (path,) = state.glob(kind.pattern)
            do(path)
            told: list[str] = []
            drifted = find_drift(replace(options(tmp_path), on_talk=told.append))
            assert len(drifted.planned.plan.actions) == 1, damage
            assert said_well(kind._replace(unread=frozenset()), damage, told), (damage, told)
            known = drifted.drift.origin is not None
            assert known is (told == [] and damage != "removed"), damage


@pytest.mark.parametrize("damage", [*ANY, "another version"])
def test_what_was_kept_of_manifests_is_never_wrong(tmp_path: Path, damage: str) -> None:
    bodies = {bytes([number]) * 32: bytes([number]) * 400 for number in range(20)}
    cache = open_manifest_cache(tmp_path / "state", tmp_path, print)
    cache.put(bodies, bodies)
    (ANY | {"another version": raise_layout})[damage](cache.path)
    found = cache.get(bodies)
    assert found.items() <= bodies.items()
    told: list[str] = []
    open_manifest_cache(tmp_path / "state", tmp_path, told.append).put(
        {key: body for key, body in bodies.items() if key not in found}, bodies
    )
    assert cache.get(bodies) == ({} if told else bodies)
    assert (told != []) is (damage == "a directory")
    assert not (tmp_path / "outside").exists() or (tmp_path / "outside").read_text() == SECRET


TORN = {each for each in ANY if each.startswith("cut")} | {"zeros"}
"""As if the end had not been written: the next run's entry names what is torn, and 4me shows what was done."""
UNREADABLE = {"a directory", "a FIFO", "a link", "a link to a copy"}


def test_a_damaged_journal_is_told_and_blocks_nothing_that_can_be_read(tmp_path: Path) -> None:
    """What cannot be read at all is refused: it is evidence, and somebody has taken it away."""
    state, kept = tmp_path / "state", tmp_path / "kept"
    with service(organisation=Organisation(USERS)) as (sandbox, url):
        write(tmp_path / "manifests", declare(USERS, 0, 0), url)
        for title in ("One", "Two"):
            meddle(sandbox, "PATCH", "/Users/7", {"title": title})
            run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        shutil.copytree(state, kept)
        for damage, do in ANY.items():
            meddle(sandbox, "PATCH", "/Users/7", {"title": f"Meddled: {damage}"})
            shutil.rmtree(state)
            shutil.copytree(kept, state)
            path = max(state.glob("journal/*.jsonl"))
            do(path)
            told: list[str] = []
            impatient = replace(options(tmp_path), on_talk=told.append)
            how = run.ApplyOptions(confirm=lambda _planned: True)
            if damage in UNREADABLE:
                with pytest.raises(OperatorError, match=r"the journal cannot be read: .* it is not a file"):
                    run.apply(impatient, how)
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            applied = run.apply(impatient, how)
            assert [outcome.status.value for outcome in applied.outcomes] == ["done"], damage
            named = [line for line in told if path.stem in line]
            assert (named == []) is (damage in HARMLESS | UNREADABLE | TORN), (damage, told)
            assert run.plan(options(tmp_path)).plan.actions == (), damage
            assert read_runs(state)[-1].status == "done"


def refuse(folder: Path) -> str | None:
    """Why an apply is refused, if it is."""
    try:
        run.apply(options(folder), run.ApplyOptions(confirm=lambda _planned: True))
    except ReconcilerError as error:
        return error.message
    return None


def test_a_damaged_sandbox_is_told(tmp_path: Path) -> None:
    state, kept = tmp_path / "state", tmp_path / "kept"
    write(tmp_path / "manifests", declare(3, 0, 0), "sandbox:")
    run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
    shutil.copytree(state, kept)
    for damage, do in (ANY | {"another version": raise_layout}).items():
        shutil.rmtree(state)
        shutil.copytree(kept, state)
        (path,) = state.glob("sandbox/*.db")
        do(path)
        refusal = refuse(tmp_path)
        if refusal:
            assert damage not in HARMLESS | {"cut to nothing"}, (damage, refusal)
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            for beside in path.parent.iterdir():
                beside.unlink()
            assert refuse(tmp_path) is None
        assert run.plan(options(tmp_path)).plan.actions == (), damage
