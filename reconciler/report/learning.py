"""What was learned of how a service stores values, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.counts import counted
from reconciler.core.model import ResourceType
from reconciler.report.words import show_path, show_value

if TYPE_CHECKING:
    from reconciler.core.learning import Learned

SHOWN = 3


def tell_learned(learned: Learned) -> str:
    """A rule and from how many examples, or why there is none."""
    rule = learned.rule
    whose = "" if rule.resource is ResourceType.USER else "groups' "
    name = f"{whose}{show_path(rule.attribute)}"
    examples = f"from {counted(learned.examples, 'example')}"
    if learned.problem:
        return f"not learned: {name} ({examples}): {learned.problem}"
    pairs = [f"{show_value(each.sent)} as {show_value(each.stored)}" for each in rule.pairs[:SHOWN]]
    if len(rule.pairs) > SHOWN:
        pairs.append(f"{len(rule.pairs) - SHOWN} more")
    said = [f"ignore {', '.join(rule.ignore)}"] if rule.ignore else []
    said += [f"stored: {', '.join(pairs)}"] if pairs else []
    return f"learned: {name}: {'; '.join(said)} ({examples})"
