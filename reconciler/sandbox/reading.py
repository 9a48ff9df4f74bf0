"""Reading: pages of a list with 4me's filters, and single resources."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from reconciler.sandbox.filters import compile_filter, parse_filter
from reconciler.sandbox.messages import bad_request, not_found
from reconciler.sandbox.rendering import add_groups, add_members, render_list

if TYPE_CHECKING:
    from reconciler.sandbox.store import Kind, Row, Store

LARGEST_PAGE = 25


def list_page(store: Store, account: str, kind: Kind, query: str) -> str:
    """Render a page as `startIndex` (from 1), `count` (1..25) and `filter` ask for it; anything else is a 400.

    The order is by last modification, the latest first. Groups come without their members.
    """
    parameters = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    start_index = _read_number(parameters, "startIndex", default=1)
    count = _read_number(parameters, "count", default=LARGEST_PAGE, largest=LARGEST_PAGE)
    condition, values = "TRUE", tuple[str | int, ...]()
    if "filter" in parameters:
        condition, values = compile_filter(parse_filter(parameters["filter"]), kind)
    ids = store.select(kind, condition, values)
    page = ids[start_index - 1 : start_index - 1 + count].tolist()
    bodies = store.bodies(kind, page)
    if kind == "User":
        groups = store.groups_of(kind, page)
        shown = [add_groups(account, bodies[id_], groups.get(id_, ())) for id_ in page]
    else:
        shown = [bodies[id_] for id_ in page]
    return render_list(shown, total=len(ids), start_index=start_index, count=count)


def find_row(store: Store, kind: Kind, id_: str) -> Row:
    """Find the resource with an id as it stands in a path; 404 where there is none."""
    row = store.find(kind, int(id_)) if id_.isascii() and id_.isdigit() and len(id_) < 19 else None  # noqa: PLR2004
    if row is None:
        raise not_found()
    return row


def render_whole(store: Store, account: str, row: Row) -> str:
    """Render a single resource with all that is derived: a group's members, a user's groups."""
    if row.kind == "Group":
        return add_members(account, row.body, store.members(row.id))
    return add_groups(account, row.body, store.groups_of(row.kind, [row.id]).get(row.id, ()))


def _read_number(parameters: dict[str, str], name: str, *, default: int, largest: int | None = None) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text[:18]) <= (largest or int(text[:18]))):
        limits = "1 or more" if largest is None else f"from 1 to {largest}"
        raise bad_request(f"{name} must be a whole number, {limits}")
    return int(text[:18])
