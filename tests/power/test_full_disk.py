"""The disk fills up: an apply that cannot say what it is about to do does not do it, and the next one finishes it.

No file may grow beyond so many bytes (RLIMIT_FSIZE), as on a disk that has no more.
"""

from __future__ import annotations

import resource
import shutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler import run
from reconciler.errors import OperatorError
from reconciler.journal.reading import read_runs
from reconciler.sandbox import Organisation
from tests.services import declare, options, service, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.plan_model import Outcome

USERS = 8
PLENTY = 9000
"""Bytes of a journal of so many actions, about."""


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


def test_wherever_the_disk_is_full_the_apply_stops_before_what_it_cannot_record(tmp_path: Path) -> None:
    stopped: list[int] = []
    told: list[str] = []
    done: list[Outcome] = []
    organisation = declare(USERS, 0, 0)
    for user in organisation["users"]:
        user["title"] = "Changed"
    organisation["users"].append({"userName": "new@widget.example", "externalId": "E-new"})
    how = run.ApplyOptions(confirm=lambda _planned: True, on_outcome=lambda outcome, _total: done.append(outcome))
    for size in range(0, PLENTY, 700):
        with service(organisation=Organisation(USERS)) as (sandbox, url):
            limits = {"concurrency": 1, "requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6}
            write(tmp_path / "manifests", organisation, url, limits=limits)
            done.clear()
            refusal = None
            with no_file_beyond(size):
                try:
                    run.apply(replace(options(tmp_path), on_talk=told.append), how)
                except OperatorError as full:
                    refusal = full.message, full.hint
            if refusal:
                stopped.append(len(done))
                assert refusal == (
                    "the journal cannot be written: File too large",
                    "free or fix the state directory, then run again",
                )
            writes = sum(1 for each in sandbox.requests if each.method != "GET")
            (path,) = (tmp_path / "state" / "journal").glob("*.jsonl")
            assert path.stat().st_size <= size
            assert path.read_bytes().count(b'"entry":"attempt"') == writes
            run.apply(options(tmp_path), how)
            assert run.plan(options(tmp_path)).plan.actions == ()
            assert len(done) == len({each.action.key for each in done}), "what was known to be done was done again"
            assert read_runs(tmp_path / "state")[-1].status in ("done", "interrupted")
            assert sum(1 for each in sandbox.requests if each.method == "POST") == 1
        shutil.rmtree(tmp_path / "state")
    assert stopped[0] == 0
    assert len(set(stopped)) > USERS / 2, "the disk was full in the middle of it"
    assert any("could not be kept" in each for each in told)
