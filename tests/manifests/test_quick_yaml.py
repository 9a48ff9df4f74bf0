"""The quick way reads what the careful way reads, values, types and places, or leaves it to that."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.quick_values import Unsure
from reconciler.manifests.quick_yaml import RECORDS_AT_ONCE, read_quickly
from reconciler.manifests.read import open_manifests
from reconciler.manifests.yaml_reader import YamlProblem, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

UNSURE = "unsure"


def exact(value: Any) -> Any:
    """Give a value that tells 1 from 1.0 and from True, and the order of keys."""
    if isinstance(value, dict):
        return {"keys": [(key, exact(each)) for key, each in value.items()]}
    if isinstance(value, list):
        return [exact(each) for each in value]
    return type(value).__name__, repr(value)


def quick(text: str) -> Any:
    """Give what the quick way reads: documents with their places, records with theirs; UNSURE where it is unsure."""
    found: list[Any] = []
    try:
        for document in read_quickly(text.encode()):
            value = document.value
            if document.records is not None and isinstance(value, dict):
                records = [(exact(each), place if isinstance(each, dict) else None) for each, place in document.records]
                value = {key: each for key, each in value.items() if key not in ("users", "groups")}
                found.append((exact(value), document.place, records))
            elif isinstance(value, dict):
                found.append((exact(value), document.place, None))
            elif value is not None:
                return UNSURE  # wrong by itself, so the careful way tells it
    except Unsure:
        return UNSURE
    return found


def careful(text: str) -> Any:
    """Give the same by the careful way."""
    try:
        documents: list[Any] = [each for each in read_yaml(text) if each is not None]
    except YamlProblem:
        return "wrong"
    found: list[Any] = []
    for each in documents:
        kind = each.get("kind")
        if kind in ("Users", "Groups") and isinstance(each.get(kind.lower()), list):
            records = [(exact(record), getattr(record, "place", None)) for record in each[kind.lower()]]
            value = {key: value for key, value in each.items() if key not in ("users", "groups")}
            found.append((exact(value), each.place, records))
        else:
            found.append((exact(each), each.place, None))
    return found


def agree(text: str) -> bool:
    """Give whether the quick way was sure; it must not be sure of anything else than the careful way reads."""
    read = quick(text)
    if read == UNSURE:
        return False
    assert read == careful(text)
    return True


def users(*lines: str) -> str:
    return "kind: Users\nusers:\n" + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "kind: User\nuserName: ann\n",
        "# comment\n\n  kind: User\n  userName: ann\n",
        "kind: User\r\nuserName: ann\r\ntitle: 'x'\r\n",
        "kind: User\nemployeeNumber: 00123\nworkPhone: +31612345678\ntitle: NO\nnickName: 1.10\n",
        "kind: User\nroles: [12:30, a b, 007, 7]\nmanager: ~\nactive: TRUE\n",
        "kind: User\ncustomFields: {payroll_id: 179e3587, code: 0x1F, since: 2026-11-01, n: 5, f: 1.5, g: 3.1415927}\n",
        "kind: User\ncustomFields:\n  007: bond\n  +1: x\n",
        "kind: User\ntitle: R&D, and more! What? 100% * 2 > 1 | 0 # - no\n",
        "kind: User\ntitle: \"tab\\t, \\u00e9, 0123 [0123]\"\nnickName: 'it''s 0123'\n",
        "kind: User\nnote: |\n  0123\n  - 0456\n\n  end\ntitle: >-\n  a\n  0789\n",
        "kind: User\ntitle: a\n  0123 b\n  -5\n",
        "kind: User\nworkPhone: +31 20 0555\nmobile: 0031 6 # 0123\nroles: [+31 20, 031 , 0x1 a]\n",
        "kind: User\ntitle: a\n---\n# next\n---   # empty\n---\nkind: Group\ndisplayName: é\n",
        users("- userName: a", "  title: x", "- userName: b"),
        users("-   userName: a", "    title: 012", "# comment", "-   {userName: b, title: 012}"),
        "kind: Users\nusers:\n- userName: a\n- userName: b\ndefaults: {title: x}\n",
        "users: # the list comes first\n\n  # comment\n  - userName: a\n  - userName: b\n\nkind: Users\n",
        'kind: "Groups"\ngroups:\n    - displayName: "a"\n      members:\n      - b\n      - group: c\n',
    ],
)
def test_usual_texts_are_read_the_quick_way(text: str) -> None:
    assert agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "kind: &k User\nuserName: *k\n",
        "kind: User\nuserName: !!str 12\n",
        "kind: User\nbase: &b {a: 1}\nmore: {<<: *b}\n",
        "kind: User\n? userName\n: a\n",
        "kind: User\n12 : a\n",
        "kind: User\ncustomFields: {true: a}\n",
        "kind: User\ncustomFields: {'a':0123}\n",
        "kind: User\n0123: a\n'0123': b\n",
        "kind: User\nuserName: a\nuserName: b\n",
        "kind: User\ntitle: a\x7fb\n",
        'kind: User\ntitle: "\\ud83d\\ude00"\nnickName: !!str "\\uD83D\\uDE00"\n',
        'kind: User\ntitle: "a\\x7f"\nnickName: 0123\n',
        "kind: User\n\ttitle: a\n",
        "kind: User\ntitle: a\u2028b\n",
        "kind: User\ntitle: a\x85b\n",
        "kind: User\ntitle: a\rnickName: b\n",
        "kind: User\ntitle: \ufeffa\n",
        "kind: User\ntitle: a\x00\n",
        "%YAML 1.2\n---\nkind: User\n",
        "kind: User\n...\nkind: User\n",
        "--- {kind: User}\n",
        "--- |\nkind: User\n",
        "kind: User\nnote: >\n",
        "kind: User\nnote: >\ntitle: a\n",
        "kind: User\nnote: |\n  a",
        "kind: User\nroles: [a,\n  b]\n",
        "kind: User\nroles: {a:}\n",
        "kind: User\nroles: [|a]\n",
        "kind: User\nroles: {:a: b}\n",
        "kind: User\nroles: {a: :b}\n",
        "kind: Users\ngroups:\n  - displayName: a\n",
        "kind: Users'\nusers:\n  - userName: a\n",
        "- kind: User\n",
        "0123\n",
        "kind: Users\nusers: [{userName: a}]\n",
        users("-", "  userName: a"),
        users("- # comment", "  userName: a"),
        users("- userName: 'a", "- userName: b'"),
        users("- userName: a", "title: b"),
        users('- "a', '- b": c'),
        "kind: Users\nusers:\n  - userName: a\nusers:\n  - userName: b\n",
        "kind: User\na: " + "[" * 100 + "]" * 100 + "\n",
        "kind: User\na:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 70)),
        "- " * 20_000 + "a\n",
        "kind: User\na: " + "[" * 100_000 + "\n",
        "kind: User\na: " + "{a: " * 100_000 + "\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_left_to_the_careful_way(text: str) -> None:
    assert not agree(text)


LIKE_NUMBERS = st.text("0123456789", min_size=1, max_size=24) | st.text(
    "0129+-._eExXobinfaNTrul~", min_size=1, max_size=7
)
NUMBERS = st.integers().map(str) | st.floats().map(repr) | st.decimals(allow_nan=False).map(str)


@given(st.lists(LIKE_NUMBERS | NUMBERS, min_size=1, max_size=6))
def test_what_looks_like_a_number_is_what_the_careful_way_takes_it_for(tokens: list[str]) -> None:
    block = "".join(f"k{number}: {token}\n" for number, token in enumerate(tokens))
    assert agree(f"kind: User\n{block}") or careful(f"kind: User\n{block}") == "wrong"
    agree(f"kind: User\nlist: [{', '.join(tokens)}]\nmap: {{{tokens[0]}: {tokens[-1]}, x: {tokens[0]}}}\n")
    agree(f"kind: User\nmap:\n  {tokens[0]}: {tokens[-1]}\n  {tokens[-1]} : x\ntext: a\n  {' '.join(tokens)}\n")
    agree(f'kind: User\nquoted: "{tokens[0]} {tokens[-1]}"\nnote: |\n  {tokens[0]}\n   {tokens[-1]}\n')


PIECES = st.sampled_from([
    *"ab'\"#:,[]{}|>~@%`&*!?=-\\ \n\té\xa0\u2028\x85", "  ", "\n\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\r\n", "- ",
    ": ", ", ", " #", "? ", "---", "\n---\n", "...", "0123", "12", "-5", "+31", "1.10", "1.", ".5", "_0", "-_1", ".inf",
    "3.14159265", "2026-11-01", "12:30", "true", "null", "'0123'", '"12"', "\\x7f", "\\\n", "&a", "*a", "<<: ",
    "'a: b'", "x: 1", "userName: ", "users:\n", "groups:\n", "kind: Users\n", "|-\n", "|2\n", ">\n", ">+\n", ": |\n",
])  # fmt: skip
FRAMES = st.sampled_from([
    "{}", "a: {}\n", "kind: User\na: {}\n", users("- a: {}", "- b: 1"), users("- a: 1", "{}", "- b: 1"), users("- {}"),
    "a: [x, y]\nb: {}\n", users("- a: [x, y]", "  b: {}", "  c: []", "- [d]"), users("- a: [x, {}]", "  b: 1", "{}"),
])  # fmt: skip


@settings(max_examples=400)
@given(FRAMES, st.lists(PIECES, max_size=12))
def test_whatever_the_quick_way_is_sure_of_is_so(frame: str, pieces: list[str]) -> None:
    agree(frame.replace("{}", "".join(pieces)))


BASE = users(
    "- userName: a", "  title: 'x y'", "  customFields: {a: 1, b: 02}", "  roles: [a, 12:30]", "# comment",
    "- userName: b", "  note: |", "    x", "    - y", "", "  emails:", "    - {value: a@b, type: work}",
    "-   userName: c", "    phone: +31612",
) + "---\n# next\nkind: Group\ndisplayName: G 1\nmembers:\n  - a\n  - group: G2\n"  # fmt: skip


PLAIN_BASE = users("- userName: a", "  roles: [a, 12:30]", "  title: 'x: y'", "-   userName: b, c", "    roles: []")


@settings(max_examples=400)
@given(st.sampled_from([BASE, PLAIN_BASE]), st.data())
def test_a_text_that_went_wrong_somewhere(base: str, data: st.DataObject) -> None:
    text = base
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(PIECES | st.just("")) + text[start + data.draw(st.integers(0, 4)) :]
    agree(text)


def test_records_of_many_parts_have_their_places() -> None:
    lines = [
        line for number in range(RECORDS_AT_ONCE * 2 + 1) for line in (f"- userName: u{number}", "  title: 01", "")
    ]
    assert agree(users(*lines))


def test_a_part_that_needs_care_gets_it_by_itself() -> None:
    lines = [f"- userName: u{number}" for number in range(RECORDS_AT_ONCE * 2)]
    odd = ("- userName: !!str 12", "  roles: [a,", "    012, 7]", "- ? userName", "  : b", "  12 : x")
    assert agree(users(*odd, *lines, "- userName: b", "  note: >", *lines))


def test_brackets_in_brackets_cost_no_more_the_more_lines_there_are() -> None:
    lines = [line for number in range(100) for line in (f"- userName: u{number}", "  title: a", "")]
    assert agree(users(*lines, "- userName: b", "  customFields: {a: [[[1]]]}"))


@pytest.mark.parametrize("name", ["T\\x65nant", "\\U00000054enant", "Ten\\\n  ant"])
def test_a_tenant_in_disguise_is_known_early(name: str, tmp_path: Path) -> None:
    text = f'kind: "{name}"\nname: a\nendpoint: https://api.4me.com/scim/v2\n'
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert [each.name for each in open_manifests(tmp_path).tenants()] == ["a"]


SCRIPT = """
import sys
{blocked}
from pathlib import Path
from reconciler.manifests.read import read_manifests
manifests = read_manifests(Path(sys.argv[1]))
print(manifests.digest, manifests.desired, sorted({{"ruamel.yaml", "pydantic", "zoneinfo"}} & set(sys.modules)))
"""


def test_without_the_quick_parser_the_same_is_read_and_with_it_no_other_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(users("- userName: a", "  employeeNumber: 0123"), encoding="utf-8")
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT.format(blocked=blocked), str(tmp_path)],
            check=True, capture_output=True, text=True,
        ).stdout
        for blocked in ("", "sys.modules['yaml_rs'] = None")
    ]  # fmt: skip
    assert [each.rsplit("[")[-1].strip() for each in outputs] == ["]", "'ruamel.yaml']"]
    assert len({each.rsplit("[", 1)[0] for each in outputs}) == 1
