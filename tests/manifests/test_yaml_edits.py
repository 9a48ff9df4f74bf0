"""Values changed in YAML of many styles: byte by byte what is expected, and nothing else moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from reconciler.manifests.yaml_edits import EditProblem, edit_records
from reconciler.manifests.yaml_reader import read_yaml

CASES: list[dict[str, Any]] = list(
    YAML(typ="safe", pure=True).load_all((Path(__file__).parent / "edits" / "cases.yaml").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any], *, crlf: bool) -> None:
    def given(text: str) -> str:
        return text.replace("\n", "\r\n") if crlf else text

    place = (case["at"][0], case["at"][1])
    if "problem" in case:
        with pytest.raises(EditProblem) as caught:
            edit_records(given(case["before"]), {place: case["set"]})
        assert str(caught.value) == case["problem"]
        return
    after = edit_records(given(case["before"]), {place: case["set"]})
    assert after == given(case["after"])
    assert edit_records(after, {place: case["set"]}) == after
    read_yaml(after)


def test_a_last_line_without_a_break_gets_one_only_where_something_follows() -> None:
    assert edit_records("kind: User\ntitle: a", {(1, 1): {"title": "b"}}) == "kind: User\ntitle: b"
    assert edit_records("kind: User\ntitle: a", {(1, 1): {"site": "b"}}) == "kind: User\ntitle: a\nsite: b"
    assert edit_records("members:\n- a", {(1, 1): {"members": ["a", "b"]}}) == "members:\n- a\n- b"


def test_there_is_no_record_at_that_place() -> None:
    with pytest.raises(EditProblem, match="no record starts at line 1, column 2"):
        edit_records("kind: User\n", {(1, 2): {"title": "b"}})
