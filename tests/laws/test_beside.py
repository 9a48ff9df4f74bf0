"""Large manifest sets are parsed while live state is read; small ones before anything is asked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from sqlite3 import connect
from typing import TYPE_CHECKING

import pytest

from reconciler import run
from reconciler.core.model import ReadSummary
from reconciler.errors import ManifestError, UsageError
from reconciler.report.plan_json import plan_document
from reconciler.sandbox import Organisation
from reconciler.session import READ_BESIDE
from tests.services import declare, options, service, write

if TYPE_CHECKING:
    from pathlib import Path

USERS = 60
PADDING = "# " + "x" * 98 + "\n"


def pad(folder: Path) -> None:
    """Make the set a large one without adding anything to it."""
    (folder / "manifests" / "padding.yaml").write_text(PADDING * (READ_BESIDE // len(PADDING) + 1), "utf-8")


@pytest.mark.parametrize("large", [False, True])
def test_both_ways_come_to_the_same(tmp_path: Path, *, large: bool) -> None:
    with service(organisation=Organisation(USERS, 2, 5)) as (_, url):
        organisation = declare(USERS, 2, 5)
        organisation["users"][7]["title"] = "Changed"
        write(tmp_path / "manifests", organisation, url)
        if large:
            pad(tmp_path)
        planned = run.plan(options(tmp_path))
    assert [(action.kind.value, action.id) for action in planned.plan.actions] == [("update", "8")]


def test_files_of_large_sets_are_kept_and_plans_are_the_same(tmp_path: Path) -> None:
    more = tmp_path / "manifests" / "more.yaml"
    documents, kept = [], []
    with service(organisation=Organisation(USERS, 2, 5)) as (_, url):
        write(tmp_path / "manifests", declare(USERS, 2, 5), url)
        pad(tmp_path)
        for title in ("A", "A", "B"):
            text = f"kind: Users\nusers:\n  - {{userName: a, title: {title}, roles: [analyst], groups: [Group 0001]}}\n"
            more.write_text(text, "utf-8")
            run.validate(tmp_path / "manifests")
            kept.append([len(keys) for keys in kept_files(tmp_path)])
            plan = run.plan(options(tmp_path)).plan
            plan = replace(plan, created_at="", live=replace(plan.live, summary=ReadSummary()))
            documents.append(plan_document(plan))
        old, new = kept_files(tmp_path)[0], replace(options(tmp_path), state=tmp_path / "other")
        assert run.plan(new).plan.fingerprint == plan.fingerprint
    assert (documents[0], kept, len(old)) == (documents[1], [[], [2], [2]], 2)
    assert documents[0] != documents[2]


def kept_files(folder: Path) -> list[list[bytes]]:
    """The keys in each cache file: all files of the set but the one that declares a tenant."""
    found = []
    for path in (folder / "state" / "manifests").glob("*"):
        with closing(connect(path)) as connection:
            found.append([key for (key,) in connection.execute("SELECT key FROM files")])
    return found


@pytest.mark.parametrize("large", [False, True])
def test_wrong_manifests_end_the_reading_and_are_told(tmp_path: Path, *, large: bool) -> None:
    with service(organisation=Organisation(2000), latency=0.005) as (sandbox, url):
        write(tmp_path / "manifests", declare(1, 0, 0), url)
        (tmp_path / "manifests" / "wrong.yaml").write_text("kind: User\nuserName: x\ntitel: y\n", "utf-8")
        if large:
            pad(tmp_path)
        with pytest.raises(ManifestError) as caught:
            run.plan(options(tmp_path))
        assert list(map(str, caught.value.problems)) == [
            "wrong.yaml:3:1: unknown attribute `titel`; did you mean `title`?"
        ]
        assert {each.method for each in sandbox.requests} <= ({"GET"} if large else set())
        assert len(sandbox.requests) < 80


def test_everything_that_is_wrong_is_told_where_the_tenant_is_wrong_too(tmp_path: Path) -> None:
    write(tmp_path / "manifests", declare(1, 0, 0), "http://127.0.0.1:1/scim", nonsense=1)
    (tmp_path / "manifests" / "wrong.yaml").write_text("kind: User\nuserName: x\ntitel: y\n", "utf-8")
    pad(tmp_path)
    with pytest.raises(ManifestError) as caught:
        run.plan(options(tmp_path))
    assert [problem.file for problem in caught.value.problems] == ["all.yaml", "wrong.yaml"]


def test_a_target_that_nobody_declares_is_wrong_usage(tmp_path: Path) -> None:
    with service(organisation=Organisation(USERS)) as (_, url):
        write(tmp_path / "manifests", declare(USERS, 0, 0), url)
        with pytest.raises(UsageError, match="no declared user or group"):
            run.plan(run.PlanOptions(tmp_path / "manifests", tmp_path / "state", targets=("nobody",)))
