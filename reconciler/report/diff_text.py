"""What a change does to people's access, as text for a terminal; colour only helps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.access import Transition
from reconciler.report.diff_lines import (
    COLORS,
    LINES_SHOWN,
    Style,
    attribute_lines,
    heading,
    member_lines,
    membership_lines,
)
from reconciler.report.impact import diff_facts, tell
from reconciler.report.terminal import BOLD, INDENT, RED
from reconciler.report.words import PUBLIC, safe, show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.core.access import AccessDiff, GroupChange, PersonChange, Side

_Change = TypeVar("_Change")
NO_CHANGES = "No effective change: people's access, attributes and groups stay as they are."
RESOURCES_SHOWN = 50
_WORDS = {
    Transition.JOIN: "joins",
    Transition.RETURN: "returns",
    Transition.LEAVE: "leaves",
    Transition.INACTIVE: "no access",
    Transition.DROPPED: "no access, as before",
}
_GROUP_WORDS = {Transition.JOIN: "new", Transition.LEAVE: "gone"}


def render_diff(diff: AccessDiff, *, color: bool = False, width: int = 80, everything: bool = False) -> str:
    """Who joins and leaves, who gains and loses what, and what becomes of groups; long lists whole or cut."""
    return "\n".join(_lines(diff, Style(color, width, everything)))


def _lines(diff: AccessDiff, style: Style) -> Iterator[str]:
    yield from style.wrap(safe(f"Access: {diff.base.name} → {diff.head.name}"), BOLD)
    yield from style.wrap(f"{_side(diff.base)} → {_side(diff.head)}")
    if diff.public:
        yield from style.wrap(f"audience {PUBLIC}")
    yield from style.wrap(_headline(diff))
    yield from _section(("People", "people"), sorted(diff.people, key=_rank_person), _person_lines, style)
    yield from _attribute_counts(diff, style)
    yield from _section(("Groups", "groups"), sorted(diff.groups, key=_rank_group), _group_lines, style)
    if diff.policies:
        yield from ("", style.paint("Rules", BOLD))
    for policy in diff.policies:
        before, after = policy.before or "(not declared)", policy.after or "(not declared)"
        yield from style.wrap(safe(f"~ {policy.subject}: {policy.name}  {before} → {after}"), COLORS["~"], "  ")
    if diff.notes:
        yield ""
    for note in diff.notes:
        yield from style.wrap(f"note: {safe(note)}")
    if diff:
        yield from ("", *style.wrap(_conclusion(diff)))


def _headline(diff: AccessDiff) -> str:
    facts = diff_facts(diff)
    if facts:
        return tell(facts)
    return "nobody gains or loses access" if diff else NO_CHANGES


def _side(side: Side) -> str:
    commit = f" ({side.commit[:10]})" if side.commit else ""
    users, groups = _count(side.users, "user", "users"), _count(side.groups, "group", "groups")
    return safe(f"{side.folder}{commit}: {users}, {groups}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _conclusion(diff: AccessDiff) -> str:
    summary = diff.summary
    already = f" ({summary.unsure_gains:,} perhaps already)" if summary.unsure_gains else ""
    stay = f" (of which {summary.unsure_losses:,} stay in 4me)" if summary.unsure_losses else ""
    people, groups = _count(len(diff.people), "person", "people"), _count(len(diff.groups), "group", "groups")
    return (
        f"Memberships: {summary.gains:,} gained{already}, {summary.losses:,} lost{stay}; declared directly:"
        f" {summary.direct_added:,} added, {summary.direct_removed:,} removed. {people} and {groups} differ."
    )


def _section(
    words: tuple[str, str],
    changes: Sequence[_Change],
    tell_one: Callable[[_Change, Style], Iterable[str]],
    style: Style,
) -> Iterator[str]:
    title, noun = words
    if not changes:
        return
    yield from ("", style.paint(title, BOLD))
    shown, more = style.cut(changes, RESOURCES_SHOWN, "  ", noun)
    for change in shown:
        yield from tell_one(change, style)
    yield from more


def _rank_person(change: PersonChange) -> int:
    """Worst first, so that no cut hides it."""
    if change.transition is Transition.LEAVE:
        return 0 if change.reports else 1
    if change.left_without_group or change.new_identity or change.adopts:
        return 2
    return 3 if change.transition in (Transition.JOIN, Transition.RETURN) else 4


def _rank_group(change: GroupChange) -> int:
    if change.transition is Transition.LEAVE:
        return 0
    return 1 if change.emptied else 2 if change.transition is Transition.JOIN else 3


def _attribute_counts(diff: AccessDiff, style: Style) -> Iterator[str]:
    """Where not all people are shown: how many have which attribute changed."""
    if style.everything or len(diff.people) <= RESOURCES_SHOWN + 1:
        return
    stay = (each for each in diff.people if each.transition in (Transition.STAY, Transition.RETURN))
    counts = Counter(change.path for each in stay for change in each.attributes)
    if counts:
        yield from ("", style.paint("Attributes of people who stay or return", BOLD))
    for path, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"  ~ {show_path(path)}: {_count(count, 'person', 'people')}"


def _person_lines(change: PersonChange, style: Style) -> Iterator[str]:
    yield heading(change, style)
    word = _WORDS.get(change.transition)
    if word:
        yield from style.wrap(safe(f"{word}: {change.reason}"), indent=INDENT)
    if change.who.was:
        yield from style.wrap(safe(f"renamed: was {change.who.was}"), indent=INDENT)
    if change.new_identity:
        text = "another identity under the same name: perhaps somebody else"
        yield from style.wrap(text, RED, INDENT)
    if change.reports:
        names = [safe(each.key) for each in change.reports]
        shown = names if style.everything else names[:LINES_SHOWN]
        more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
        yield from style.wrap(f"still the manager of {', '.join(shown)}{more}", RED, INDENT)
    yield from attribute_lines(change, style)
    yield from membership_lines([(each, each.group) for each in change.memberships], "groups", style)
    if change.left_without_group:
        yield style.paint(f"{INDENT}is in no group now", RED)
    elif change.transition is Transition.JOIN and not change.groups_after:
        yield f"{INDENT}in no group"


def _group_lines(change: GroupChange, style: Style) -> Iterator[str]:
    yield heading(change, style)
    word = _GROUP_WORDS.get(change.transition)
    if word:
        yield from style.wrap(safe(f"{word}: {change.reason}"), indent=INDENT)
    if change.who.was:
        yield from style.wrap(safe(f"renamed: was {change.who.was}"), indent=INDENT)
    if change.membership_before != change.membership_after and change.transition is Transition.STAY:
        yield from style.wrap(_membership_of(change), indent=INDENT)
    yield from attribute_lines(change, style)
    yield from member_lines(change, style)
    before, after = _people(change.people_before, change.known_before), _people(change.people_after, change.known_after)
    if change.transition is not Transition.STAY or change.memberships:
        end = ": emptied" if change.emptied else ""
        yield style.paint(f"{INDENT}people in it: {before} → {after}{end}", RED if end else "")
    yield from membership_lines([(each, each.person) for each in change.memberships], "people", style)


def _membership_of(change: GroupChange) -> str:
    if change.membership_after == "unmanaged":
        return "members are no longer managed: whoever 4me has in it stays"
    if change.membership_before == "unmanaged":
        return f"members are managed now ({change.membership_after}); who was in it before is unknown"
    return f"membership: {change.membership_before} → {change.membership_after}"


def _people(count: int, known: bool) -> str:  # noqa: FBT001 - both of one side
    return f"{count:,}" if known else f"{count:,} or more" if count else "unknown"
