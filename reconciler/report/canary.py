"""A canary in words: beforehand, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.counts import plural
from reconciler.core.plan_model import ActionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.canary import Stage


def render_stages(stages: Sequence[Stage]) -> str:
    """One line: how many go ahead, and that they are read back."""
    return f"canary: {'; '.join(_parts(stages))}"


def _parts(stages: Sequence[Stage]) -> Iterator[str]:
    kinds = [all(action.kind is ActionKind.DEACTIVATE for action in stage.actions) for stage in stages]
    for removes in (False, True):
        sizes = [len(stage.actions) for stage, kind in zip(stages, kinds, strict=True) if kind is removes]
        if sizes:
            last = "last, " if removes and not all(kinds) else ""
            yield f"{last}{_part(sizes, 'deactivation' if removes else 'action')}"


def _part(sizes: Sequence[int], noun: str) -> str:
    nouns = plural(sum(sizes), noun)
    if len(sizes) == 1:
        return f"all {sizes[0]} {nouns} in one wave, then read back" if sizes[0] > 1 else f"1 {noun}, then read back"
    return f"{sizes[0]} of {sum(sizes)} {nouns} first, then read back"
