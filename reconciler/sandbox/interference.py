"""Somebody else at work between two requests: the rows of a list move while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.sandbox.reading import find_row

if TYPE_CHECKING:
    from reconciler.sandbox.store import Kind, Store
    from reconciler.sandbox.writing import Writer


def shift_rows(store: Store, writer: Writer, kind: Kind, how: str, number: int) -> None:
    """Move the rows of a list, inside `store.writing()`; where there is nobody, nothing moves.

    `insert`: somebody new comes first. `remove`: the first goes. `touch`: the last comes first.
    """
    if how == "insert":
        name = f"shifted-{number}-{store.reserve(kind)}"
        writer.create(kind, {"userName": f"{name}@widget.example", "displayName": name})
        return
    ids = store.select(kind, "TRUE", ())
    if not ids:
        return
    row = find_row(store, kind, str(ids[-1 if how == "touch" else 0]))
    if how == "touch":
        writer.touch(row)
    else:
        writer.remove(row)
