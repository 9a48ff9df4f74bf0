"""Whatever a name or a value is, it reads back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import ResourceType
from reconciler.entra.draft import Draft, DraftClause, DraftFilter, Note, Row
from reconciler.entra.render import WIDTH, quote, render_draft
from reconciler.manifests.yaml_reader import read_yaml

HOSTILE = (
    "", " ", "a b", "null", "True", "no", "1", "1.5", "2026-11-01", "12:30", "-", "- a", "? a", "a: b", "a #b", "#",
    "&a", "*a", "!a", "%a", "@a", "`a`", "'", "''", '"', "\\", "a\\nb", "a\nb", "a\r\nb", "\t", "{a}", "[a]", "a,b",
    "|", ">", "---", "...", "\0", "\x07", "\x85", "\u2028", "\u202e", "\ufeff", "é", "😀", "=", "<<", "~", "a:", ":a",
    "https://a/b",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))


@pytest.mark.parametrize(
    ("text", "yaml"),
    [
        ("jobTitle", "jobTitle"),
        ("extension_0a_tz", "extension_0a_tz"),
        ("No", "'No'"),
        ("it's", "'it''s'"),
        ("5", "'5'"),
        ("a\n", '"a\\n"'),
        ('"\x07', '"\\"\\U00000007"'),
    ],
)
def test_quotes_are_as_few_as_can_be(text: str, yaml: str) -> None:
    assert quote(text) == yaml


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a_document_reads_back_the_same(target: str, source: str, value: str, told: str) -> None:
    note = Note(1, told, f"{told}\n{value}", lost=True)
    rows = (
        Row(1, target, {"expression": value, "default": source}, (note,)),
        Row(2, f"{target}2", source, (note,)),
        Row(3, told, None, (note,), written=value),
    )
    clauses = (DraftClause(1, {"attribute": source, "operator": "!&", "value": value}),)
    draft = Draft(ResourceType.USER, ("userName",), rows, (DraftFilter(1, told, clauses),), (note,), "m", 1)
    text = render_draft(draft)
    assert read_yaml(text) == [
        {
            "kind": "Mapping",
            "resource": "User",
            "extends": "none",
            "match": ["userName"],
            "attributes": {target: {"expression": value, "default": source}, f"{target}2": source},
            "scope": [{"name": told, "clauses": [{"attribute": source, "operator": "!&", "value": value}]}],
        }
    ]
    assert text.replace("\n", "").isprintable()


def test_long_notes_are_wrapped() -> None:
    note = Note(7, "title", "words " * 60)
    lines = render_draft(Draft(ResourceType.USER, ("userName",), (), (), (note,), "m", 1)).splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert len(comments) == 4
    assert max(map(len, comments)) <= WIDTH + 4
    assert comments[0].startswith("# line 7: title: words")
