"""Rows that set the product beside other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.rows import Row, Sizes


def peer_rows(sizes: Sizes) -> Iterator[Row]:
    """All of them, for these sizes."""
    del sizes
    yield from ()
