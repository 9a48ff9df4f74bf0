"""What a change does to people's access, as text for a terminal; colour only helps."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from reconciler.core.access import Transition
from reconciler.core.model import ResourceType
from reconciler.report.impact import diff_facts, tell
from reconciler.report.words import columns, safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.access import (
        AccessDiff,
        AttributeChange,
        GroupChange,
        MembershipChange,
        PersonChange,
        Side,
        Via,
        Who,
    )

NO_CHANGES = "No effective change: people's access, attributes and groups stay as they are."
RESOURCES_SHOWN, LINES_SHOWN = 50, 20
_SYMBOLS = {
    Transition.JOIN: "+",
    Transition.RETURN: "↻",
    Transition.LEAVE: "-",
    Transition.STAY: "~",
    Transition.INACTIVE: "~",
    Transition.DROPPED: "~",
}
_WORDS = {
    Transition.JOIN: "joins",
    Transition.RETURN: "returns",
    Transition.LEAVE: "leaves",
    Transition.INACTIVE: "no access",
    Transition.DROPPED: "no access, as before",
}
_GROUP_WORDS = {Transition.JOIN: "new", Transition.LEAVE: "gone"}
_COLORS = {"+": "32", "~": "33", "↻": "36", "-": "31"}
_BOLD, _RED = "1", "31"
_INDENT = " " * 6


@dataclass(frozen=True, slots=True)
class _Style:
    color: bool
    width: int
    everything: bool

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text

    def wrap(self, text: str, code: str = "", indent: str = "") -> list[str]:
        lines = wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [self.paint(line, code) for line in lines]

    def wrap_value(self, value: str, start: str) -> list[str]:
        """A long value behind what stands before it, with its further lines below its first."""
        indent = " " * columns(start)
        room = max(20, self.width - len(indent))
        lines = wrap(value, room, break_long_words=False, break_on_hyphens=False) or [""]
        return [start + lines[0], *[indent + line for line in lines[1:]]]

    def cut(self, lines: Sequence[str], most: int, indent: str, noun: str) -> Iterator[str]:
        """The lines, or the first of them and how many there are besides."""
        if self.everything or len(lines) <= most + 1:
            yield from lines
            return
        yield from lines[:most]
        yield f"{indent}and {len(lines) - most:,} more {noun} (-v or --format json shows all)"


def render_diff(diff: AccessDiff, *, color: bool = False, width: int = 80, everything: bool = False) -> str:
    """Who joins and leaves, who gains and loses what, and what becomes of groups; long lists whole or cut."""
    return "\n".join(_lines(diff, _Style(color, width, everything)))


def _lines(diff: AccessDiff, style: _Style) -> Iterator[str]:
    yield from style.wrap(safe(f"Access: {diff.base.name} → {diff.head.name}"), _BOLD)
    yield from style.wrap(f"{_side(diff.base)} → {_side(diff.head)}")
    yield from style.wrap(_headline(diff))
    yield from _section("People", [list(_person_lines(each, style)) for each in diff.people], "people", style)
    yield from _section("Groups", [list(_group_lines(each, style)) for each in diff.groups], "groups", style)
    if diff.policies:
        yield from ("", style.paint("Rules", _BOLD))
    for policy in diff.policies:
        before, after = policy.before or "(not declared)", policy.after or "(not declared)"
        yield from style.wrap(safe(f"~ {policy.subject}: {policy.name}  {before} → {after}"), _COLORS["~"], "  ")
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


def _section(title: str, resources: Sequence[Sequence[str]], noun: str, style: _Style) -> Iterator[str]:
    if not resources:
        return
    yield from ("", style.paint(title, _BOLD))
    yield from style.cut(["\n".join(each) for each in resources], RESOURCES_SHOWN, "  ", noun)


def _person_lines(change: PersonChange, style: _Style) -> Iterator[str]:
    yield from _heading(change, style)
    word = _WORDS.get(change.transition)
    if word:
        yield from style.wrap(safe(f"{word}: {change.reason}"), indent=_INDENT)
    if change.who.was:
        yield from style.wrap(safe(f"renamed: was {change.who.was}"), indent=_INDENT)
    if change.new_identity:
        text = "another identity under the same name: perhaps somebody else"
        yield from style.wrap(text, _RED, _INDENT)
    if change.reports:
        names = [safe(each.key) for each in change.reports]
        shown = names if style.everything else names[:LINES_SHOWN]
        more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
        yield from style.wrap(f"still the manager of {', '.join(shown)}{more}", _RED, _INDENT)
    yield from _common_lines(change, style)
    yield from _membership_lines([(each, each.group) for each in change.memberships], "groups", style)
    if change.left_without_group:
        yield style.paint(f"{_INDENT}is in no group now", _RED)
    elif change.transition is Transition.JOIN and not change.groups_after:
        yield f"{_INDENT}in no group"


def _group_lines(change: GroupChange, style: _Style) -> Iterator[str]:
    yield from _heading(change, style)
    word = _GROUP_WORDS.get(change.transition)
    if word:
        yield from style.wrap(safe(f"{word}: {change.reason}"), indent=_INDENT)
    if change.who.was:
        yield from style.wrap(safe(f"renamed: was {change.who.was}"), indent=_INDENT)
    if change.membership_before != change.membership_after and change.transition is Transition.STAY:
        yield from style.wrap(_membership_of(change), indent=_INDENT)
    yield from _common_lines(change, style)
    yield from _direct_lines(change, style)
    before, after = _people(change.people_before, change.known_before), _people(change.people_after, change.known_after)
    if change.transition is not Transition.STAY or change.memberships:
        end = ": emptied" if change.emptied else ""
        yield style.paint(f"{_INDENT}people in it: {before} → {after}{end}", _RED if end else "")
    yield from _membership_lines([(each, each.person) for each in change.memberships], "people", style)


def _heading(change: PersonChange | GroupChange, style: _Style) -> Iterator[str]:
    symbol = _SYMBOLS[change.transition]
    place = change.after or change.before
    side = "" if change.after else "before: "
    where = safe(f"{side}{place}") if place else ""
    left = f"  {symbol} {safe(change.who.key)}"
    gap = style.width - columns(left) - columns(where)
    yield style.paint(f"{left}{' ' * max(2, gap)}{where}".rstrip(), _COLORS[symbol])


def _common_lines(change: PersonChange | GroupChange, style: _Style) -> Iterator[str]:
    if change.adopts:
        yield from style.wrap("adopt: true is new: it may take over another identity", _RED, _INDENT)
    labels = [show_path(each.path) for each in change.attributes]
    column = max(map(columns, labels), default=0)
    for label, each in zip(labels, change.attributes, strict=True):
        start = f"{_INDENT}{label}{' ' * (column - columns(label))}  "
        values = _values(each, change.transition)
        line = start + " → ".join(values)
        if columns(line) <= style.width:
            yield line
        else:
            yield from style.wrap_value(values[0], start)
            for value in values[1:]:
                yield from style.wrap_value(f"→ {value}", " " * columns(start))


def _values(change: AttributeChange, transition: Transition) -> tuple[str, ...]:
    """Before and after, or the one value that is given for the first time."""
    modes = change.managed_before, change.managed_after
    notes = [{"create": " (at creation only)", "empty": " (where 4me has none)"}.get(mode, "") for mode in modes]
    if modes[0] == modes[1]:
        notes[0] = ""
    elif "no" not in modes:
        notes = [note or " (always)" for note in notes]
    before, after = f"{show_value(change.before)}{notes[0]}", f"{show_value(change.after)}{notes[1]}"
    if modes[0] == "no":
        return (after,) if transition in (Transition.JOIN, Transition.INACTIVE) else ("(not managed)", after)
    return before, "(no longer managed)" if modes[1] == "no" else after


def _membership_lines(changes: Sequence[tuple[MembershipChange, Who]], noun: str, style: _Style) -> Iterator[str]:
    lines = ["\n".join(_membership_line(change, name, style)) for change, name in changes]
    yield from style.cut(lines, LINES_SHOWN, _INDENT, noun)


def _membership_line(change: MembershipChange, name: Who, style: _Style) -> list[str]:
    symbol, text = "~", f": {_way(change.before)} before, {_way(change.after)} now"
    if change.gained:
        symbol, text = "+", _through(change.after)
    elif change.lost:
        symbol, text = "-", _through(change.before)
    perhaps = "" if change.sure else " (perhaps already)" if change.gained else " (stays in 4me: not taken away)"
    return style.wrap(f"{symbol} {safe(name.key)}{text}{perhaps}", _COLORS[symbol], _INDENT)


def _through(via: Via | None) -> str:
    return f" (through {_names(via)})" if via else ""


def _way(via: Via | None) -> str:
    return f"through {_names(via)}" if via else "directly"


def _names(names: Iterable[str]) -> str:
    return safe(" in ".join(names))


def _direct_lines(change: GroupChange, style: _Style) -> Iterator[str]:
    """Declared members that are not told anyway among the people who gain or lose it: groups, and inactive people."""
    told = {each.person for each in change.memberships if (each.after if each.gained else each.before) == ()}
    lines = []
    for symbol, members in (("+", change.add), ("-", change.remove)):
        for member in members:
            if member.type is ResourceType.GROUP:
                lines.append(style.paint(f"{_INDENT}{symbol} {safe(member.key)} (group) as member", _COLORS[symbol]))
            elif member not in told:
                text = f"{_INDENT}{symbol} {safe(member.key)} as declared member"
                lines.append(style.paint(text, _COLORS[symbol]))
    yield from style.cut(lines, LINES_SHOWN, _INDENT, "members")


def _membership_of(change: GroupChange) -> str:
    if change.membership_after == "unmanaged":
        return "members are no longer managed: whoever 4me has in it stays"
    if change.membership_before == "unmanaged":
        return f"members are managed now ({change.membership_after}); who was in it before is unknown"
    return f"membership: {change.membership_before} → {change.membership_after}"


def _people(count: int, known: bool) -> str:  # noqa: FBT001 - both of one side
    return f"{count:,}" if known else f"{count:,} or more" if count else "unknown"
