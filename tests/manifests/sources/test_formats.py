"""What was written is read: CSV of any dialect, and the same records as CSV, JSON, JSON Lines and YAML."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.data_text import Lines
from reconciler.manifests.read import read_manifests
from reconciler.manifests.tabular import Dialect, read_csv

if TYPE_CHECKING:
    from reconciler.manifests.data_text import Report

MARKS = [",", ";", "\t", "|", " ", "'", '"', "\\", "a"]
NO_TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
CELLS = st.text(st.one_of(st.sampled_from([*MARKS, "\r", "\n", "\u2028", "\x85", "\ufeff"]), NO_TEXT), max_size=6)
ATTRIBUTES = ("userName", "title", "department", "employeeNumber", "nickName")


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    delimiter, quote, escape = draw(st.permutations(MARKS))[:3]
    return {
        "delimiter": delimiter,
        "quotechar": quote,
        "escapechar": draw(st.sampled_from([None, escape])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    }


def read(data: bytes, encoding: str, dialect: Dialect, header: list[str] | None) -> tuple[Any, list[Any], list[Any]]:
    problems: list[Any] = []
    report: Report = lambda place, message: problems.append((place, message))  # noqa: E731
    table = read_csv(Lines(data, encoding, report), dialect, header, report)
    return (list(table.columns), [row for _, row in table.rows], problems) if table else (None, [], problems)


@given(
    dialect=dialects(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be"]),
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)),
)
@settings(deadline=None, max_examples=300)
def test_any_dialect_reads_as_it_was_written(dialect: dict[str, Any], encoding: str, rows: list[list[str]]) -> None:
    rows = [row for row in rows if not row[0].startswith("\ufeff")]
    if any({"\r", "\n"}.intersection(cell) for row in rows for cell in row):
        dialect["quoting"] = csv.QUOTE_ALL  # a writer of its time quotes only what is in its own line terminator
    text = StringIO(newline="")
    csv.writer(text, **dialect).writerows(rows)
    header = [f"column {number}" for number in range(len(rows[0]))] if rows else ["x"]
    marks = Dialect(dialect["delimiter"], dialect["quotechar"], dialect["escapechar"])
    assert read(text.getvalue().encode(encoding), encoding, marks, header) == (header, rows, [])


@given(rows=st.lists(st.lists(st.text(st.sampled_from("ab ,\\\"'"), min_size=1), min_size=2, max_size=2), min_size=1))
def test_a_dialect_without_quotes(rows: list[list[str]]) -> None:
    text = StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_NONE, escapechar="\\", quotechar=None, lineterminator="\n").writerows(rows)
    assert read(text.getvalue().encode(), "utf-8", Dialect(",", None, "\\"), ["x", "y"]) == (["x", "y"], rows, [])


@given(data=st.binary(max_size=60), encoding=st.sampled_from(["utf-8", "utf-16", "ascii", "shift_jis", "cp1252"]))
def test_any_bytes_are_rows_or_problems(data: bytes, encoding: str) -> None:
    columns, rows, problems = read(data, encoding, Dialect(",", '"', None), None)
    assert all(len(row) == len(columns) for row in rows)
    assert columns or problems or not data.decode(encoding).strip()


def declared(text: str, file: str) -> list[Any]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / file).write_text(text, encoding="utf-8", newline="")
        if file != "users.yaml":
            source = {"kind": "Source", "resource": "User", "file": file, "key": "userName"}
            (folder / "a.yaml").write_text(json.dumps(source), encoding="utf-8")
        return [(each.key, each.attributes) for each in read_manifests(folder).desired.users]


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"), max_size=8)


@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(ATTRIBUTES, VALUES)), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_every_format_comes_to_the_same_records(rows: list[dict[str, str]]) -> None:
    for number, row in enumerate(rows):
        row["userName"] = f"u{number}"
    text = StringIO(newline="")
    writer = csv.DictWriter(text, ATTRIBUTES)
    writer.writeheader()
    writer.writerows(rows)
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    expected = declared(json.dumps({"kind": "Users", "users": rows}, ensure_ascii=False), "users.yaml")
    for file, written in (
        ("a.csv", text.getvalue()),
        ("a.json", json.dumps(rows, indent=1)),
        ("b.json", json.dumps({"value": rows})),
        ("a.jsonl", lines),
    ):
        assert declared(written, file) == expected
