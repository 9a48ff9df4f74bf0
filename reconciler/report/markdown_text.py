"""Text that Markdown shows as it is."""

from __future__ import annotations

import re

from reconciler.report.words import safe

_MARKUP = re.compile(r"[^\w .,/-]|_|(?i:(?<=www))\.")


def escape(text: str, longest: int | None = None) -> str:
    """Text as code in which every character that could be markup is an HTML entity; cut where it is too long.

    In code nothing is a mention or a reference; an @ without a neighbour makes no mail address, and so no link.
    """
    shown = safe(text)
    if longest is not None and len(shown) > longest:
        shown = f"{shown[:longest]}…"
    return f"<code>{_MARKUP.sub(_entity, shown)}</code>" if shown else ""


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};{'<wbr>' if found[0] == '@' else ''}"
