"""A journal that grew for years costs plan and apply little, and is proved in work that grows as it does."""

from __future__ import annotations

from cProfile import Profile
from functools import partial
from typing import TYPE_CHECKING

import pytest

from reconciler.core.paths import CUSTOM_FIELDS
from reconciler.core.plan_model import ActionKind, Change
from reconciler.journal.changes import Query, find_changes
from reconciler.journal.files import find_end
from reconciler.journal.reading import find_spent, last_written_fields, read_all, read_runs
from reconciler.journal.verifying import verify_journal
from tests.builders import action, plan, user
from tests.journal.records import clock, done, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUNS, CHANGES = 2, 12
TENANT = plan().tenant


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One journal, and one of ten times the runs; in each run one custom field is written."""
    made = []
    for size in (1, 10):
        state, now = tmp_path_factory.mktemp("state"), clock()
        field = Change(f"{CUSTOM_FIELDS}payroll", None, str(size))
        for _ in range(RUNS * size):
            changed = [Change("title", "a", "b")]
            outcomes = [
                done(action(ActionKind.UPDATE, user(f"u{number}"), *([field] if number == 0 else changed)), str(number))
                for number in range(CHANGES)
            ]
            write_run(state, now, outcomes)
        made.append(state)
    return made[0], made[1]


def calls(work: Callable[[], object]) -> int:
    profile = Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    "work",
    [
        read_runs,
        verify_journal,
        lambda state: find_changes(tuple(read_all(state)), Query(user="u1@widget.example")),
    ],
)
def test_reading_all_of_it_grows_as_it_does(journals: tuple[Path, Path], work: Callable[[Path], object]) -> None:
    small, large = (calls(partial(work, state)) for state in journals)
    assert large < 11 * small


def test_what_plan_and_apply_look_up_costs_a_few_calls_a_run(journals: tuple[Path, Path]) -> None:
    """Whatever was done in them: entries that say nothing of it are not parsed."""
    _, large = journals
    runs = RUNS * 10
    everything = calls(lambda: read_runs(large))
    assert last_written_fields(large, TENANT) == {"0": {f"{CUSTOM_FIELDS}payroll": "10"}}
    assert calls(lambda: last_written_fields(large, TENANT)) < everything / 3
    assert (
        calls(lambda: find_spent(large, "sha256:" + "9" * 64)) < 100 * runs
    )  # of which pathlib makes more the newer it is


def test_a_new_run_looks_at_the_last_one_only(journals: tuple[Path, Path]) -> None:
    small, large = journals
    one_run = 30 * (RUNS * 10 - RUNS)
    assert calls(lambda: find_end(large)) < calls(lambda: find_end(small)) + one_run
