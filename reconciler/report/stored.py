"""What a service stored otherwise than it was sent, as text: once an attribute, with one example."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from reconciler.report.words import safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.stored import Stored

TITLE = "Stored otherwise than sent"
HINT = (
    "where the next plan wants the same again, `reconciler plan --learn` writes into the Tenant document what does not"
    " count"
)


def render_stored(found: Iterable[Stored], *, width: int = 80) -> str:
    """Each attribute and what became of it; "" where all was stored as it was sent."""
    groups: dict[tuple[str, str, str], list[Stored]] = {}
    for each in found:
        groups.setdefault((each.type.value, show_path(each.path), each.what), []).append(each)
    lines = [line for (_, path, _), some in sorted(groups.items()) for line in _lines(path, some, width)]
    return "\n".join((f"{TITLE}:", *lines)) if lines else ""


def _lines(path: str, found: Sequence[Stored], width: int) -> list[str]:
    first = min(found, key=lambda each: each.key)
    whose = safe(first.key)
    if len(found) > 1:
        whose = f"{len(found)} {first.type.value.lower()}s, such as {whose}"
    text = f"{path} of {whose}: sent as {show_value(first.sent)}, {_became(first)}"
    return wrap(
        text,
        width,
        initial_indent="  ",
        subsequent_indent="    ",
        drop_whitespace=True,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _became(stored: Stored) -> str:
    if stored.what == "not":
        return "not stored"
    if stored.what == "as before":
        return f"the answer still shows {show_value(stored.stored)}: not taken, or not yet"
    return f"stored as {show_value(stored.stored)}"
