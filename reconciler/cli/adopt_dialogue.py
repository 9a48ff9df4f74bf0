"""The part of `reconciler drift --adopt` that follows once drift is known: show, ask, write."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reconciler.errors import OperatorError
from reconciler.report.words import safe

if TYPE_CHECKING:
    from reconciler.adopting import Adopting
    from reconciler.cli.console import Console
    from reconciler.drift import Drifted
    from reconciler.mapping.adoption import Refusal
    from reconciler.run import PlanOptions


def offer_adoption(
    console: Console, drifted: Drifted, options: PlanOptions, *, confirmed: bool, only_show: bool
) -> Adopting:
    """Show what would change in the manifests, and write it once confirmed. Raises OperatorError where it is not."""
    from reconciler.adopting import adopt, prepare_adoption
    from reconciler.manifests.rewriting import show_changes

    adopting = prepare_adoption(drifted, options)
    console.out("\n".join(show_changes(adopting.files)) or "Nothing to adopt.")
    for refusal in adopting.refused:
        console.say(f"not adopted: {_show(refusal)}")
    if not adopting.files or only_show:
        return adopting
    if not confirmed and not _ask(adopting, console):
        raise OperatorError("not confirmed, nothing was changed")
    adopt(adopting, options)
    names = ", ".join(file.name for file in adopting.files)
    console.say(f"adopted into {names}: review it, commit it; what is left is drift no more")
    return adopting


def _ask(adopting: Adopting, console: Console) -> bool:
    if not sys.stdin.isatty():
        raise OperatorError(
            "nobody to ask here: there is no terminal", hint="look at it with --dry-run, then give --yes"
        )
    return console.ask(f"Write this into {len(adopting.files)} file(s)?")


def _show(refusal: Refusal) -> str:
    place = f" ({refusal.source})" if refusal.source else ""
    what = f" {refusal.what}" if refusal.what else ""
    return safe(f"{refusal.type.value} {refusal.key}{place}{what}: {refusal.why}")
