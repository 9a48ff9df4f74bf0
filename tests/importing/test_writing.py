"""YAML as a person would write it, and the names of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import ResourceType
from reconciler.manifests.quick_values import Unsure
from reconciler.manifests.quick_yaml import read_quickly
from reconciler.manifests.splitting import find_defaults, name_files, split_groups, split_users, without_defaults
from reconciler.manifests.writing import WrittenFile, WrittenRecord, reads_back, render_records, render_scalar
from reconciler.manifests.yaml_reader import read_yaml

if TYPE_CHECKING:
    from reconciler.core.model import Value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = texts | st.booleans() | st.none() | st.integers(-(10**16), 10**16)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)

WRITTEN = """\
# from \\x1b[31m
kind: Users
defaults:
  roles: [a, b]
users:
  - userName: jane.doe@widget.example
    displayName: Liam O'Brien
    title: "no"
    costCenter: "00123"
    mobile: "+31 6"
    profileUrl: https://widget.example/x
    nickName: "a\\nb"
    emails:
      - {value: a@b.example, type: work, primary: true}
      - {value: "c, d", type: home}
    customFields:
      "123": 7
      since: "2026-11-01"
      empty: []
    # a note

  - userName: x
"""


def test_the_style() -> None:
    jane: dict[str, Value] = {
        "userName": "jane.doe@widget.example", "displayName": "Liam O'Brien", "title": "no", "costCenter": "00123",
        "mobile": "+31 6", "profileUrl": "https://widget.example/x", "nickName": "a\nb",
        "emails": [{"value": "a@b.example", "type": "work", "primary": True}, {"value": "c, d", "type": "home"}],
        "customFields": {"123": 7, "since": "2026-11-01", "empty": []},
    }  # fmt: skip
    records = [WrittenRecord(jane, ("a note",)), WrittenRecord({"userName": "x"})]
    text = render_records(ResourceType.USER, WrittenFile("from \x1b[31m", records, {"roles": ["a", "b"]}))
    assert text == WRITTEN
    (document,) = read_yaml(text)
    assert isinstance(document, dict)
    assert document["users"] == [jane, {"userName": "x"}]


@pytest.mark.parametrize(
    ("value", "written"),
    [("true", '"true"'), ("NULL", '"NULL"'), ("1", '"1"'), (1, "1"), (True, "true"), (None, "null"), ("", '""'),
     ("a: b", '"a: b"'), ("a:", '"a:"'), ("a #b", '"a #b"'), ("a, b", "a, b"), ("Zoë (IT)", "Zoë (IT)"), ("a ", '"a "'),
     ("\u2028\x85\U000e0001", '"\\u2028\\x85\\U000e0001"'), ('"\\', '"\\"\\\\"'), ("株式会社", "株式会社"),
     ("---", '"---"')],
)  # fmt: skip
def test_scalars(value: Value, written: str) -> None:
    assert render_scalar(value) == written


@given(st.lists(st.dictionaries(texts, values, min_size=1, max_size=4), max_size=4))
def test_whatever_is_written_reads_back_by_either_reader(records: list[dict[str, Value]]) -> None:
    text = render_records(ResourceType.USER, WrittenFile("x", [WrittenRecord(each) for each in records], {}))
    (document,) = read_yaml(text)
    assert isinstance(document, dict)
    assert document["users"] == records
    try:
        (quick,) = read_quickly(text.encode())
        found = [value for value, _ in quick.records or ()]
    except Unsure:
        return
    assert found == records


@pytest.mark.parametrize(
    ("value", "expected"), [([1e20], False), ([[10**18]], False), ({"a": 1}, True), (["a"], True), (1e20, True)]
)
def test_numbers_that_manifests_cannot_write(value: Value, *, expected: bool) -> None:
    assert reads_back(value) is expected


def test_names_of_files_are_safe_and_do_not_collide() -> None:
    names = name_files(["Widget B.V.", "widget-b-v", "CON", "株式会社", "", "../../etc", "Zoë", "x" * 300])
    assert len({each.casefold() for each in names.values()}) == len(names)
    assert (names[""], names["Zoë"], names["../../etc"]) == ("no-organization", "zoe", "etc")
    assert names["Widget B.V."].startswith("widget-b-v-")
    assert [each for each in names.values() if len(each) > 70 or not each.isascii() or each == "con"] == []


def records(count: int, **given: Value) -> list[WrittenRecord]:
    return [WrittenRecord({"userName": f"u{number}", **given}) for number in range(count)]


def test_users_are_split_as_their_number_suggests() -> None:
    few = [(each, "A") for each in records(200)]
    assert list(split_users(few, "auto", 500)) == ["users.yaml"]
    many = [(each, "AB"[number % 2]) for number, each in enumerate(records(400))]
    assert list(split_users(many, "auto", 500)) == ["users/a.yaml", "users/b.yaml"]
    assert list(split_users(many, "auto", 150)) == [
        "users/a/001.yaml",
        "users/a/002.yaml",
        "users/b/001.yaml",
        "users/b/002.yaml",
    ]
    alone = [(each, f"O{number}") for number, each in enumerate(records(400))]
    assert list(split_users(alone, "auto", 300)) == ["users/001.yaml", "users/002.yaml"]
    assert list(split_users([], "chunks", 300)) == ["users/001.yaml"]


def test_groups_stay_in_one_file_until_it_is_long() -> None:
    large = [WrittenRecord({"displayName": str(number), "members": ["x"] * 4000}) for number in range(5)]
    assert [len(each) for each in split_groups(large).values()] == [2, 2, 1]
    assert list(split_groups(large[:2])) == ["groups.yaml"]


def test_only_what_all_have_becomes_a_default_and_others_say_their_own() -> None:
    given = [*records(7, userType="Employee", site="A"), *records(2, userType="VIP")]
    defaults = find_defaults(given, ["userType", "site"])
    assert defaults == {"userType": "Employee"}
    assert [without_defaults(each, defaults).given.get("userType") for each in given[6:]] == [None, "VIP", "VIP"]
    assert find_defaults([*records(1, site="A"), *records(1, site="B")], ["site"]) == {}
    assert find_defaults(records(1, site="A"), ["site"]) == {}
