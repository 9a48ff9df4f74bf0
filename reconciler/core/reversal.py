"""What a run did, as far as its journal tells: what there is to undo, and what has to be looked at for that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.directory import Identity
from reconciler.core.model import Member, ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import ActionKind, MemberChanges
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.core.suggest import did_you_mean
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.core.model import Value
    from reconciler.core.plan_model import Change


class Ending(StrEnum):
    """How a step of a run ended: it was done, it failed, or the run was interrupted before its answer was kept."""

    DONE = "done"
    FAILED = "failed"
    IN_FLIGHT = "in flight"


@dataclass(frozen=True, slots=True)
class Step:
    """What a run did to one resource, or tried to. `key`: what it was called afterwards.

    `changes` and `members` as its plan had them, by key; `ids` of those names, where the journal has them. `stored`:
    by path, how the service stored what was sent, where that is not how it was sent. `told`: the journal says what was
    to be changed, which older ones did not of what was in flight.
    """

    kind: ActionKind
    type: ResourceType
    key: str
    id: str | None
    changes: tuple[Change, ...] = ()
    members: MemberChanges = MemberChanges()
    ids: Mapping[Member, str] = field(default_factory=dict)
    stored: Mapping[str, Value] = field(default_factory=dict)
    ending: Ending = Ending.DONE
    told: bool = True


class Later(NamedTuple):
    """A later run, and what it wrote to the same attribute."""

    run: str
    value: Value


@dataclass(frozen=True, slots=True)
class Reversal:
    """One run, to be undone.

    `later`: by resource (its id) and attribute path, what later runs changed last. `moved`: by group (its id) and
    member (its id, or its folded name where no id is known), the last later run that put it in or took it out.
    `unfinished`: actions that were not begun, of which nothing is to be undone.
    """

    run: str
    steps: tuple[Step, ...]
    later: Mapping[tuple[Member, str], Later] = field(default_factory=dict)
    moved: Mapping[tuple[Member, Member], str] = field(default_factory=dict)
    unfinished: int = 0


def limit(reversal: Reversal, targets: Sequence[str]) -> Reversal:
    """What there is to undo of these users and groups only; all of it where none are named.

    Raises UsageError for a target that the run did not touch.
    """
    if not targets:
        return reversal
    keys = {step.key.casefold(): step.key for step in reversal.steps}
    for target in targets:
        if target.casefold() not in keys:
            raise UsageError(
                f"--target {target}: the run {reversal.run} did not touch it{did_you_mean(target, keys.values())}",
                hint=f"`reconciler history {reversal.run}` lists what it did",
            )
    wanted = {target.casefold() for target in targets}
    return replace(
        reversal, steps=tuple(step for step in reversal.steps if step.key.casefold() in wanted), unfinished=0
    )


def identify_steps(steps: Sequence[Step]) -> tuple[Identity, ...]:
    """What has to be read to undo these steps: the resources themselves, and whom they get back."""
    touched = tuple(
        Identity(step.type, _named(step.type, step.key), bool(step.members), key=step.key, id=step.id) for step in steps
    )
    known = {(each.type, each.key.casefold()) for each in touched}
    references = {
        (member.type, member.name.casefold()): (member, step.ids.get(member))
        for step in steps
        for member in _references(step)
    }
    return (
        *touched,
        *(
            Identity(member.type, _named(member.type, member.name), is_reference=True, key=member.name, id=id_)
            for name, (member, id_) in references.items()
            if name not in known
        ),
    )


def _references(step: Step) -> Iterator[Member]:
    """Who comes back, who goes where only the name is known, and who may have taken the name that comes back.

    And the manager who goes, so as to be called by name.
    """
    yield from step.members.remove
    yield from (member for member in step.members.add if member not in step.ids)
    if step.kind is ActionKind.CREATE:
        return
    for change in step.changes:
        if change.path == MANAGER:
            yield from (
                Member(ResourceType.USER, each) for each in (change.before, change.after) if isinstance(each, str)
            )
        elif change.path == KEY_ATTRIBUTE[step.type] and isinstance(change.before, str):
            yield Member(step.type, change.before)


def _named(kind: ResourceType, key: str) -> tuple[tuple[str, str], ...]:
    return ((KEY_ATTRIBUTE[kind], key),)
