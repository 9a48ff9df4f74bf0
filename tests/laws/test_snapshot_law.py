"""The snapshot is a cache: with it, without it, and whatever is done to it, a plan comes to the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.model import ReadSummary
from reconciler.errors import ManifestError
from reconciler.report.json_text import json_text
from reconciler.report.plan_json import plan_document
from reconciler.sandbox import Organisation
from reconciler.snapshot import open_snapshot
from tests.services import declare, meddle, options, service, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.sandbox import Sandbox

USERS, GROUPS = 130, 6


def edits(users: int, groups: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """What others do between two plans to so many users and groups; `wait` lets so many seconds pass."""
    numbers, teams = st.integers(1, users), st.integers(1, groups)
    return st.lists(
        st.one_of(
            st.tuples(st.just("title"), numbers, st.sampled_from(["A", "B"])),
            st.tuples(st.just("active"), numbers, st.booleans()),
            st.tuples(st.just("rename"), numbers, st.integers(1, 3)),
            st.tuples(st.just("erase"), numbers),
            st.tuples(st.just("new"), st.integers(1, 9)),
            st.tuples(st.just("join"), teams, numbers),
            st.tuples(st.just("leave"), teams, numbers),
            st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 300])),
        ),
        max_size=8,
    )


def carry_out(sandbox: Sandbox, edit: tuple[Any, ...], times: list[float]) -> None:
    kind, *values = edit
    try:
        if kind == "title":
            meddle(sandbox, "PATCH", f"/Users/{values[0]}", {"title": values[1]})
        elif kind == "active":
            meddle(sandbox, "PATCH", f"/Users/{values[0]}", {"active": values[1]})
        elif kind == "rename":
            meddle(sandbox, "PATCH", f"/Users/{values[0]}", {"userName": f"renamed{values[0]}.{values[1]}@x.example"})
        elif kind == "erase":
            meddle(sandbox, "DELETE", f"/Users/{values[0]}?hard=true")
        elif kind == "new":
            meddle(sandbox, "POST", "/Users", {"userName": f"stranger{values[0]}@x.example"})
        elif kind == "wait":
            times[0] += values[0]
        else:
            operation = {"operation": "delete"} if kind == "leave" else {}
            meddle(sandbox, "PATCH", f"/Groups/{values[0]}", {"members": [{"value": str(values[1]), **operation}]})
    except AssertionError:
        return  # who was erased cannot be changed


def comparable(planned: run.Planned) -> dict[str, Any]:
    plan = replace(planned.plan, created_at="", live=replace(planned.plan.live, summary=ReadSummary()))
    return plan_document(plan)


@pytest.mark.parametrize("touches", [True, False])
@pytest.mark.parametrize("assume", [True, "unknown"], ids=["stated", "unknown"])
@given(rounds=st.lists(st.tuples(edits(USERS, GROUPS), st.booleans()), min_size=1, max_size=3), reports=st.booleans())
@settings(max_examples=10)
def test_a_plan_from_a_snapshot_is_the_plan_from_everything(
    *, touches: bool, assume: bool | str, reports: bool, rounds: list[tuple[list[tuple[Any, ...]], bool]]
) -> None:
    times = [1_800_000_000.0]
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=5)
    with (
        TemporaryDirectory() as name,
        service(organisation=organisation, clock=lambda: times[0], membership_touches_group=touches) as (sandbox, url),
    ):
        folder = Path(name)
        stated = {"membershipTouchesGroup": touches if assume is True else assume}
        owned = {"users": {"unlisted": "report"}, "protected": ["stranger1*"]} if reports else {}
        write(folder / "manifests", declare(USERS, GROUPS, 5), url, assume=stated, ownership=owned)
        run.plan(options(folder))
        for edited, applies in rounds:
            times[0] += 1
            for edit in edited:
                carry_out(sandbox, edit, times)
            quick = run.plan(options(folder))
            other = replace(options(folder), state=folder / "other", full=True)
            assert comparable(quick) == comparable(run.plan(other))
            times[0] += 1
            if applies:
                run.apply(options(folder), run.ApplyOptions(confirm=lambda _planned: True))
        assert "DELETE" not in {each.method for each in sandbox.requests if "hard" not in each.target}


FEW, TEAMS = 30, 3
SPOILS = st.one_of(
    st.just(("nothing",)),
    st.just(("remove",)),
    st.just(("older",)),
    st.tuples(st.just("cut"), st.floats(0, 1)),
    st.tuples(st.just("flip"), st.floats(0, 1, exclude_max=True), st.integers(0, 7)),
)
MOMENTS = ("before", "while it reads", "after")


def spoil(state: Path, how: tuple[Any, ...], older: dict[str, bytes]) -> None:
    """Do this to the snapshot, whoever is at work with it; `older` are its earlier files."""
    kind, *values = how
    for path in (state / "snapshot").glob("*.db"):
        data = bytearray(path.read_bytes())
        if kind == "remove":
            path.unlink()
        elif kind == "older":
            path.write_bytes(older.get(path.name, data))
        elif kind == "cut":
            path.write_bytes(data[: int(len(data) * values[0])])
        elif kind == "flip" and data:
            data[int(len(data) * values[0])] ^= 1 << values[1]
            path.write_bytes(data)


@given(
    rounds=st.lists(
        st.tuples(edits(FEW, TEAMS), SPOILS, st.sampled_from(MOMENTS), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=20)
def test_whatever_is_done_to_the_snapshot_at_any_moment_changes_no_result(
    rounds: list[tuple[list[tuple[Any, ...]], tuple[Any, ...], str, bool]],
) -> None:
    times = [1_800_000_000.0]
    with (
        TemporaryDirectory() as name,
        service(organisation=Organisation(FEW, TEAMS, 5), clock=lambda: times[0]) as (sandbox, url),
    ):
        folder = Path(name)
        write(folder / "manifests", declare(FEW, TEAMS, 5), url)
        run.plan(options(folder))
        state = folder / "state"
        older = {path.name: path.read_bytes() for path in (state / "snapshot").iterdir()}
        for edited, how, moment, applies in rounds:
            times[0] += 1
            for edit in edited:
                carry_out(sandbox, edit, times)
            if moment == "before":
                spoil(state, how, older)

            def on_read(_done: int, _total: int | None, moment: str = moment, how: tuple[Any, ...] = how) -> None:
                if moment == "while it reads":
                    spoil(state, how, older)

            quick = run.plan(replace(options(folder), on_read=on_read))
            if moment == "after":
                spoil(state, how, older)
            assert plan_text(quick) == plan_text(plan_without(folder))
            times[0] += 1
            if applies:
                run.apply(replace(options(folder), on_read=on_read), run.ApplyOptions(confirm=lambda _planned: True))
                times[0] += 1
                assert plan_text(run.plan(options(folder))) == plan_text(plan_without(folder))


def plan_without(folder: Path) -> run.Planned:
    """The plan of who has no snapshot, and all else that earlier runs left."""
    with TemporaryDirectory() as name:
        state = Path(name) / "state"
        copytree(folder / "state", state, ignore=ignore_patterns("snapshot"))
        return run.plan(replace(options(folder), state=state, full=True))


def plan_text(planned: run.Planned) -> str:
    """The plan's JSON but for when and how it was read."""
    return json_text(comparable(planned))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    place = data.rindex(b"Employee")
    data[place : place + 8] = b"Impostor"
    path.write_bytes(bytes(data))


def of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def with_a_chunk_less(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM chunks WHERE number = 0 AND type = 'User'")


@pytest.mark.parametrize(
    "damage",
    [truncate, scribble, of_another_version, with_a_chunk_less, lambda path: path.write_bytes(b""), Path.unlink],
    ids=["truncated", "scribbled", "another version", "a chunk less", "empty", "gone"],
)
def test_a_damaged_snapshot_is_no_snapshot(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=5)
    with service(organisation=organisation) as (_, url):
        write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url)
        run.plan(options(tmp_path))
        (path,) = (tmp_path / "state" / "snapshot").glob("*.db")
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        damage(path)
        strategies = [run.plan(options(tmp_path)).plan.live.summary.strategy for _ in range(2)]
        assert strategies == ["scan", "incremental"]


def test_a_snapshot_that_cannot_be_kept_is_told_and_does_no_harm(tmp_path: Path) -> None:
    said: list[str] = []
    with service(organisation=Organisation(users=3)) as (_, url):
        write(tmp_path / "manifests", declare(3, 0, 0), url)
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "snapshot").write_text("in the way", encoding="utf-8")
        planned = run.plan(replace(options(tmp_path), on_talk=said.append))
    assert planned.plan.actions == ()
    assert [each.partition("(")[0] for each in said] == ["what was read could not be kept "]


def test_the_snapshot_of_another_tenant_or_scope_does_not_count(tmp_path: Path) -> None:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=5)
    with service(organisation=organisation) as (_, url):
        strategies = []
        for keys in ({}, {"account": "widget"}, {"ownership": {"users": {"scope": 'userType eq "Employee"'}}}):
            write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url, **keys)
            strategies.append(run.plan(options(tmp_path)).plan.live.summary.strategy)
    assert strategies == ["scan", "scan", "scan"]


def test_everything_is_read_again_after_a_while(tmp_path: Path) -> None:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=5)
    with service(organisation=organisation) as (_, url):
        write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url, refreshEvery="0d")
        with pytest.raises(ManifestError):
            run.plan(options(tmp_path))
        write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url, refreshEvery="1d")
        first = run.plan(options(tmp_path))
        assert first.reading.snapshot is not None
        (path,) = (tmp_path / "state" / "snapshot").glob("*.db")
        store = open_snapshot(options(tmp_path).state, first.plan.tenant, (None, None))
        assert store.path == path
        store.save(replace(first.reading.snapshot, full_at=first.reading.snapshot.full_at - 86401), None)
        again = run.plan(options(tmp_path))
        assert again.plan.live.summary.strategy == "scan"
        assert [way.note for way in again.reading.ways if way.name == "incremental"] == [
            "the last full read is 1.0 days old"
        ]


def test_another_dialect_does_not_build_on_it(tmp_path: Path) -> None:
    with service(organisation=Organisation(USERS, GROUPS, 5)) as (_, url):
        strategies = []
        for dialect in ("auto", "rfc7644", "auto"):
            write(tmp_path / "manifests", declare(USERS, GROUPS, 5), url, dialect)
            strategies.append(run.plan(options(tmp_path)).plan.live.summary.strategy)
    assert strategies == ["scan", "scan", "incremental"]


def test_what_is_said_does_not_depend_on_the_order_in_which_it_was_read(tmp_path: Path) -> None:
    with service(organisation=Organisation(USERS, GROUPS, 5)) as (sandbox, url):
        owned = {"users": {"unlisted": "report"}, "groups": {"unlisted": "report"}, "protected": ["b*"]}
        write(tmp_path / "manifests", declare(3, 0, 0), url, ownership=owned)
        run.plan(options(tmp_path))
        for number in (40, 20, 60):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"title": "Meddled"})
        quick = run.plan(options(tmp_path))
        assert quick.plan.live.summary.strategy == "incremental"
        assert comparable(quick) == comparable(run.plan(replace(options(tmp_path), full=True)))
