"""Differences that are there again, as warnings of a plan: once an attribute, with a count and an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.normalise import is_empty
from reconciler.core.repeats import Again
from reconciler.report.words import show_member, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.repeats import Repeat

OFTEN = 2
"""Runs after which a difference that is there again is no accident."""
SWITCHES = ("active", "members")
_OWNER = "let one of them own it"


def tell_repeats(found: Iterable[Repeat]) -> Iterator[str]:
    """What is planned again although earlier runs did it already, and why, as far as that is known.

    What somebody changed once to something else is plain drift, and not told here.
    """
    groups: dict[tuple[str, str, object, Again, bool], list[Repeat]] = {}
    for each in found:
        often = len(each.runs) >= OFTEN
        if often or each.again is not Again.CHANGED:
            told = each.want if each.path in SWITCHES else None
            groups.setdefault((each.type.value, show_path(each.path), told, each.again, often), []).append(each)
    for (_, path, _, _, often), some in groups.items():
        first = max(some, key=lambda each: len(each.runs))
        more = f" ({len(some)} {_noun(first)} in all)" if len(some) > 1 else ""
        if first.path in SWITCHES:
            yield _switched(first, more, often=often)
        else:
            yield f"{path} of {first.key}{more} {_attribute(first, often=often)}"


def _attribute(repeat: Repeat, *, often: bool) -> str:
    """What became of an attribute's value."""
    last, count = repeat.runs[0], len(repeat.runs)
    want, have = show_value(repeat.want), show_value(repeat.have)
    if repeat.again is Again.STORED:
        has = "not stored" if is_empty(repeat.have) else f"stored as {have}"
        return (
            f"was sent as {want} by the run {last.run}, and {has}: this will be planned again and again;"
            " `reconciler plan --learn` writes the equivalence"
        )
    if repeat.again is Again.UNCLEAR:
        return f"was sent as {want} by the run {last.run} ({last.at[:10]}), is {have} now: stored so, or changed since"
    if often:
        return (
            f"flips between {want} (this tool, {count} runs) and {have}: another provisioner may be writing it;"
            f" {_OWNER}: drop the rule from the mapping, or give it `apply: create`"
        )
    return f"was changed back since the run {last.run} ({last.at[:10]}): sent as {want}, {have} now"


def _noun(repeat: Repeat) -> str:
    return "memberships" if repeat.member else f"{repeat.type.value.lower()}s"


def _switched(repeat: Repeat, more: str, *, often: bool) -> str:
    """Of an account or a membership: there or not."""
    if repeat.member:
        who = f"{show_member(repeat.member)} in {repeat.key}"
        ours, theirs = ("added", "gone") if repeat.want else ("removed", "a member")
        way_out = "`membership: additive` leaves members that others added" if not repeat.want else "drop the member"
    else:
        who = repeat.key
        ours, theirs = ("activated", "inactive") if repeat.want else ("deactivated", "active")
        way_out = "declare it as it is to be, or protect it (`ownership.protected`)"
    last = repeat.runs[0]
    if not often:
        return f"{who} was {ours} by the run {last.run} ({last.at[:10]}) and is {theirs} now{more}"
    return (
        f"{who} was {ours} by {len(repeat.runs)} runs and is {theirs} again each time{more}:"
        f" another provisioner may be at work; {_OWNER}: {way_out}"
    )
