"""Whatever stands in a journal, it is read without harm, and what an apply writes of hostile names is whole."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli import run_command
from reconciler.core.plan_model import ActionKind, Change
from reconciler.journal.entries import DEEPEST, parse_entry, seal, sealed_hash
from reconciler.journal.verifying import verify_journal
from tests.builders import action, user
from tests.journal.records import ACTIONS, clock, done, entries, file_of, write_run
from tests.services import write

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["", "=1+1", "\x1b[2J", "\u202eann", "a\u2028b", "\ud800", '"}\n{"entry":"end"', "🙂", "group:Desk", "\0"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def commands(state: Path) -> list[list[str]]:
    run = min(path.stem for path in (state / "journal").glob("*.jsonl"))
    asked = [["--verify"], [], [run], ["--since", "2026-11-01"], ["--user", "ann@widget.example"], ["--group", "Desk"]]
    return [
        ["--state-dir", str(state), "history", *words, "--format", each]
        for words in asked
        for each in ("text", "json", "csv")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_chained_and_shown_without_harm(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = action(ActionKind.UPDATE, user(name), Change(name or "title", name, [name, {name: name}]))
    run = write_run(tmp_path, clock(), [done(hostile, name or "7"), *map(done, ACTIONS)])
    assert verify_journal(tmp_path).faults == ()
    assert entries(tmp_path, run)[2]["changes"][0]["before"] == name
    for words in commands(tmp_path):
        assert run_command(words) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert not set(out) & {"\x1b", "\u202e", "\u2028", "\0", "\ud800"}


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_an_entry_or_none(line: bytes) -> None:
    assert parse_entry(line) is None
    assert sealed_hash(line) is None


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[dict[str, Any]]]:
    state = tmp_path_factory.mktemp("written")
    run = write_run(state, clock())
    return state, run, entries(state, run)


@settings(max_examples=40)
@given(st.data())
def test_any_value_anywhere_is_read_without_harm(
    written: tuple[Path, str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    """Sealed as if it were genuine, which whoever can write to the journal can do."""
    state, run, whole = written
    number = data.draw(st.integers(0, len(whole) - 1))
    changed = {key: value for key, value in whole[number].items() if key != "hash"}
    key = data.draw(st.sampled_from(sorted(changed)))
    changed = {**changed, key: data.draw(JSON)}
    lines = [json.dumps(each).encode() + b"\n" for each in whole]
    try:
        lines[number] = seal(changed)[0]
    except UnicodeEncodeError:
        return
    file_of(state, run).write_bytes(b"".join(lines))
    for words in commands(state):
        with redirect_stderr(io.StringIO()) as said:
            assert run_command(words) in (0, 1)
        assert "this is a bug" not in said.getvalue()


@pytest.mark.parametrize(("depth", "read"), [(DEEPEST - 4, True), (DEEPEST, False), (100_000, False)])
def test_what_is_nested_too_deeply_is_no_entry(tmp_path: Path, depth: int, read: bool) -> None:  # noqa: FBT001
    run = write_run(tmp_path, clock())
    line = file_of(tmp_path, run).read_bytes().splitlines()[2]
    deep = line.replace(b'"before":"Analyst"', b'"before":' + b"[" * depth + b"]" * depth)
    assert (parse_entry(deep) is not None) == read


def test_a_journal_that_is_no_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "journal").touch()
    for words in ([], ["--verify"], ["--since", "1d"]):
        assert run_command(["--state-dir", str(tmp_path), "history", *words]) == 1
        error, hint = capsys.readouterr().err.splitlines()
        assert error == f"error: the journal cannot be read: {tmp_path}/journal: Not a directory"
        assert hint == "hint: see who changed the state directory"


@pytest.mark.parametrize("command", ["plan", "apply", "history", "history --verify"])
def test_what_a_newer_version_wrote_is_not_guessed_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    state, manifests = tmp_path / "state", tmp_path / "manifests"
    run = write_run(state, clock())
    file = file_of(state, run)
    file.write_bytes(file.read_bytes().replace(b'"formatVersion":"2.0"', b'"formatVersion":"3.1"'))
    write(manifests, {"users": [{"userName": "ann@widget.example"}], "groups": []}, "sandbox:")
    name, *options = command.split()
    where = [str(manifests)] if name in {"plan", "apply"} else []
    assert run_command(["--state-dir", str(state), name, *options, *where]) == 1
    assert capsys.readouterr().err == (
        f"error: the journal's run {run} has format 3, written by a newer version of reconciler; this version reads up"
        " to 2.0\nhint: use that version, or name another directory with --state-dir\n"
    )
