"""Strategies: texts made of a language's own pieces, and documents with something in them exchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

ODD = (
    "", " ", "\t", "\n", "\r", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "é",
    "\U0001f469",
    "null", "true", "-", "0", "1e999", "9" * 30, "nan", "a" * 300, "../x", "::error::", "<b>", "`", "|", "=1", "@x",
    "'", '"', "\\",
)  # fmt: skip
odd_texts = st.sampled_from(ODD) | st.text(max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | odd_texts
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3), max_leaves=6
)


def texts(*pieces: str, most: int = 30) -> st.SearchStrategy[str]:
    """Texts of a language: its pieces in any order, odd ones between them."""
    return st.lists(st.sampled_from(pieces) | odd_texts, max_size=most).map("".join)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a JSON document."""
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, each in entries for place in places(each, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, documents: Sequence[Any]) -> Any:
    """One of the documents with up to three of its parts exchanged, renamed, repeated or left out."""
    document = json.loads(json.dumps(draw(st.sampled_from(documents))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            document = draw(st.just(document) | anything)
            continue
        parent = document
        for step in path[:-1]:
            parent = parent[step]
        how = draw(st.integers(0, 3))
        if how == 0:
            del parent[path[-1]]
        elif how == 1 and isinstance(parent, dict):
            parent[draw(odd_texts)] = parent.pop(path[-1])
        elif how == 2 and isinstance(parent, list):
            parent += [parent[path[-1]]] * draw(st.integers(1, 3))
        else:
            parent[path[-1]] = draw(anything)
    return document


def as_json(document: Any) -> str:
    """JSON as Python writes it, NaN and halves of surrogate pairs included."""
    return json.dumps(document, default=str)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[str]) -> bytes:
    """A text's bytes, perhaps cut, doubled, or with some bytes exchanged."""
    data = draw(whole).encode("utf-8", "surrogatepass")
    place = draw(st.integers(0, len(data)))
    how = draw(st.integers(0, 5))
    if how == 1:
        return data[:place]
    if how == 2:
        return data[:place] + draw(st.binary(max_size=4)) + data[place + 1 :]
    if how == 3:
        return data + data
    return data
