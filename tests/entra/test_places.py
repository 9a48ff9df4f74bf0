"""JSON in every encoding; what is wrong with a file is told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.entra.places import MAX_BYTES, Entry, SchemaProblem, read_json
from reconciler.entra.schema import CUT_OFF, read_schema
from tests.entra.exports import USER_NAME, export, objects, rule

TEXT = '{\n "A": {"b": 1},\n\n "C": [\n  {"D": "é"}\n ]\n}'


def lines(value: Any) -> list[int]:
    if isinstance(value, Entry):
        return [value.line, *(line for each in value.values() for line in lines(each))]
    return [line for each in value for line in lines(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_objects_know_their_lines_and_keys_have_no_case(encoding: str) -> None:
    value = read_json(TEXT.encode(encoding))
    assert value == {"a": {"b": 1}, "c": [{"d": "é"}]}
    assert lines(value) == [1, 2, 5]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text("abc"), each),
    )
)
def test_any_json_is_read_as_python_reads_it(value: Any) -> None:
    text = json.dumps(value, indent=1)
    assert read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"", (1, 1), "not JSON: expecting value"),
        (b'{\n "a": 1,\nb}', (3, 1), "not JSON: expecting property name enclosed in double quotes"),
        (b'{"a"\n: x}', (2, 3), "not JSON: expecting value"),
        (b'{"a": "b\n"}', (1, 9), "not JSON: invalid control character at"),
        (b'{}\n"\xff"', (2, 2), "not text: save the file as UTF-8"),
        (b"[" * 100_000, (1, 1), "nested too deeply: this is no synchronizationSchema"),
        (b"9" * 5000, (1, 1), "a number with too many digits: this is no synchronizationSchema"),
        (b" " * (MAX_BYTES + 1), (1, 1), "larger than 16 MB: this is no synchronizationSchema"),
        (b"[]", (1, 1), "no `synchronizationRules`: this is no synchronizationSchema"),
        (b'{"value": []}', (1, 1), "no `synchronizationRules`: this is no synchronizationSchema"),
        (
            b'{"synchronizationRules":\n ["@{id=1; name=x}"]}',
            (1, 1),
            f"`synchronizationRules`: expected objects, found text; {CUT_OFF}",
        ),
        (b'{\n"synchronizationRules": {}}', (1, 1), "`synchronizationRules`: expected a list, found an object"),
        (
            b'{"synchronizationRules": [\n{"objectMappings": [\n{"scope": 5}]}]}',
            (3, 1),
            f"`scope`: expected an object, found a number; {CUT_OFF}",
        ),
        (
            b'{"synchronizationRules": [\n{"name": "a\\ud800"}]}',
            (2, 1),
            "`name`: half of a surrogate pair is no text",
        ),
        (b'{"synchronizationRules": [\n{"name": []}]}', (2, 1), "`name`: expected text, found a list"),
        (
            b'{"synchronizationRules": [{"objectMappings": [{"attributeMappings": [\n{"matchingPriority": "x"}]}]}]}',
            (2, 1),
            "`matchingPriority`: expected a whole number, found text",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data: bytes, place: tuple[int, int], message: str) -> None:
    with pytest.raises(SchemaProblem) as problem:
        read_schema(data)
    assert str(problem.value) == message
    assert (problem.value.line, problem.value.column) == place


def test_keys_are_read_in_any_case() -> None:
    data = export(rule(objects(USER_NAME)))
    shouted = data.replace(b'"attributeMappings"', b'"AttributeMappings"').replace(b'"expression"', b'"Expression"')
    assert shouted != data
    assert read_schema(shouted) == read_schema(data)


def test_what_refers_to_other_objects_is_known_from_the_directory() -> None:
    names = [{"name": "Boss", "type": "Reference"}, {"name": "tags", "multivalued": True}, {"name": "mail"}]
    directories = [{"name": "Azure Active Directory", "objects": [{"name": "user", "attributes": names}]}]
    (found,) = read_schema(export(rule(objects(USER_NAME)), directories=directories))
    assert found.mappings[0].several == {"boss", "tags"}
