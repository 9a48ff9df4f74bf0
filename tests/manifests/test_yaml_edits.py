"""Values changed in YAML of many styles: byte by byte what is expected, and nothing else moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.manifests.yaml_edits import EditProblem, edit_records
from reconciler.manifests.yaml_reader import read_yaml

CASES: list[dict[str, Any]] = list(
    YAML(typ="safe", pure=True).load_all((Path(__file__).parent / "edits" / "cases.yaml").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any], *, crlf: bool) -> None:
    def ended(text: str) -> str:
        return text.replace("\n", "\r\n") if crlf else text

    place = (case["at"][0], case["at"][1])
    if "problem" in case:
        with pytest.raises(EditProblem) as caught:
            edit_records(ended(case["before"]), {place: case["set"]})
        assert str(caught.value) == case["problem"]
        return
    after = edit_records(ended(case["before"]), {place: case["set"]})
    assert after == ended(case["after"])
    assert edit_records(after, {place: case["set"]}) == after
    read_yaml(after)


def test_a_last_line_without_a_break_gets_one_only_where_something_follows() -> None:
    assert edit_records("kind: User\ntitle: a", {(1, 1): {"title": "b"}}) == "kind: User\ntitle: b"
    assert edit_records("kind: User\ntitle: a", {(1, 1): {"site": "b"}}) == "kind: User\ntitle: a\nsite: b"
    assert edit_records("members:\n- a", {(1, 1): {"members": ["a", "b"]}}) == "members:\n- a\n- b"


def test_a_record_is_added_in_the_style_of_the_last() -> None:
    new: list[dict[str, Any]] = [{"userName": "bob", "title": "no"}, {"userName": "cem", "roles": ["a", "b"]}]
    assert edit_records("users:\n-   userName: ann\n    # the end\nkind: Users\n", {}, ((2, 5), new)) == (
        'users:\n-   userName: ann\n-   userName: bob\n    title: "no"\n-   userName: cem\n    roles: [a, b]\n'
        "    # the end\nkind: Users\n"
    )
    assert edit_records("users:\n  - {userName: ann}", {(2, 5): {"title": "x"}}, ((2, 5), new[:1])) == (
        'users:\n  - {userName: ann, title: x}\n  - {userName: bob, title: "no"}'
    )
    with pytest.raises(EditProblem, match="the list of records does not have a line for each"):
        edit_records("users: [{userName: ann}]\n", {}, ((1, 9), new))


def test_there_is_no_record_at_that_place() -> None:
    with pytest.raises(EditProblem, match="no record starts at line 1, column 2"):
        edit_records("kind: User\n", {(1, 2): {"title": "b"}})


TEXTS = st.one_of(
    st.sampled_from(
        ["Lead", "It's", "no", "12", "0012", "1.10", "null", "a: b", "x # y", "- a", "*b", "&c", "{d", "e,f"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), TEXTS, st.lists(TEXTS, max_size=4))
STYLES = ("block", "quoted", "single", "flow")


@st.composite
def records(draw: st.DrawFn) -> tuple[dict[str, Any], str, str]:
    """A record with its line in a list of them, in one of several styles, and its indentation."""
    values = {name: draw(VALUES) for name in draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))}
    style = draw(st.sampled_from(STYLES))
    indent = draw(st.sampled_from(["", "  ", "    "]))
    note = draw(st.sampled_from(["", "  # a note", " # it's: [a] note"]))
    if style == "flow":
        return values, f"- {json.dumps(values)}{note}\n", indent
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, list) and value:
            lines += [f"{name}:{note}", *(f"{indent}- {json.dumps(each)}{note}" for each in value)]
        else:
            lines.append(f"{name}: {_scalar(value, style)}{note}")
    return values, "".join(f"{'- ' if not number else '  '}{line}\n" for number, line in enumerate(lines)), indent


def _scalar(value: Any, style: str) -> str:
    if style == "single" and isinstance(value, str) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if (
        style == "block"
        and isinstance(value, str)
        and value.isascii()
        and value.isalpha()
        and value.lower() not in ("null", "true", "false")
    ):
        return value
    return json.dumps(value)


@given(st.lists(records(), min_size=1, max_size=4), st.data(), st.sampled_from(["\n", "\r\n"]))
def test_only_the_record_changes_and_says_what_was_asked_for(
    found: list[tuple[dict[str, Any], str, str]], data: st.DataObject, line_break: str
) -> None:
    index = data.draw(st.integers(0, len(found) - 1))
    new: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from("abcdefgh"), VALUES, min_size=1, max_size=3))
    chunks = [f"# before\n{text}" for _, text, _ in found]
    before = "kind: Users\nusers:\n" + "".join(chunks) + "# after\n"
    head, tail = ("kind: Users\nusers:\n" + "".join(chunks[:index]), "".join(chunks[index + 1 :]) + "# after\n")
    place = (head.count("\n") + 2, 3)
    after = edit_records(before.replace("\n", line_break), {place: new})
    assert after.count("\n") == after.count(line_break)
    text = after.replace("\r\n", "\n") if line_break == "\r\n" else after
    assert text.startswith(f"{head}# before\n")
    assert text.endswith(tail)
    (document,) = read_yaml(after)
    assert isinstance(document, dict)
    told = document["users"]
    assert isinstance(told, list)
    assert [_as_text(each) for each in told] == [
        _as_text({**values, **new} if number == index else values) for number, (values, _, _) in enumerate(found)
    ]


def _as_text(value: Any) -> Any:
    """A number is as good as its text: nothing that a manifest declares tells them apart."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
