"""Who was created by a run that is undone: whether the account is still the one that the run made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.declarable import EXTERNAL_ID
from reconciler.core.left_values import show
from reconciler.core.paths import short_path
from reconciler.core.schema import KEY_ATTRIBUTE

if TYPE_CHECKING:
    from reconciler.core.left_values import Altered, Left
    from reconciler.core.model import Live
    from reconciler.core.reversal import Step


class Creation(NamedTuple):
    """Whether somebody who was created may be deactivated, and what is told of what changed since."""

    stands: bool
    told: tuple[str, ...] = ()


def judge_creation(step: Step, live: Live, left: Left) -> Creation:
    """An account that became somebody else's is left alone: deactivating it would lock out another person."""
    altered = left.altered(step, live)
    taken = _taken_over(step, live, altered)
    if taken:
        return Creation(
            stands=False, told=(f"{live.key}: created by that run as {step.key}, {taken}: left alone, stays active",)
        )
    if not altered:
        return Creation(stands=True)
    what = ", ".join(short_path(each.path) for each in altered)
    return Creation(stands=True, told=(f"{live.key}: created by that run, {what} changed since: look at who uses it",))


def _taken_over(step: Step, live: Live, altered: tuple[Altered, ...]) -> str | None:
    """What says that it is somebody else's; the same `externalId` says that it is not, whatever they are called."""
    by_path = {each.path: each for each in altered}
    identity = by_path.get(EXTERNAL_ID)
    if identity and (identity.left or not identity.run):
        return f"its externalId was {show(identity.left)} and is {show(identity.have)} now"
    known = any(change.path == EXTERNAL_ID and change.after for change in step.changes)
    named = by_path.get(KEY_ATTRIBUTE[live.type])
    if named and not named.run and not known:
        return "renamed since, and no externalId says that it is the same person"
    return None
