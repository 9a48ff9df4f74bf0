"""Lines about one person or group of a diff: attributes, memberships, members, at a width and with colours or not."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.access import Transition
from reconciler.core.model import ResourceType
from reconciler.report.terminal import INDENT, RED, paint
from reconciler.report.words import CHANGED, columns, is_hidden, safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.access import AttributeChange, GroupChange, MembershipChange, PersonChange, Via, Who

_Item = TypeVar("_Item")
LINES_SHOWN = 20
SYMBOLS = {
    Transition.JOIN: "+",
    Transition.RETURN: "↻",
    Transition.LEAVE: "-",
    Transition.STAY: "~",
    Transition.INACTIVE: "~",
    Transition.DROPPED: "~",
}
COLORS = {"+": "32", "~": "33", "↻": "36", "-": "31"}


@dataclass(frozen=True, slots=True)
class Style:
    """How to lay text out; `everything`: no list is cut."""

    color: bool
    width: int
    everything: bool

    def paint(self, text: str, code: str) -> str:
        """In this colour, where colours are wanted."""
        return paint(text, code, color=self.color)

    def wrap(self, text: str, code: str = "", indent: str = "") -> list[str]:
        """On as many lines as it takes."""
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

    def cut(self, all_of: Sequence[_Item], most: int, indent: str, noun: str) -> tuple[Sequence[_Item], list[str]]:
        """All, or the first of them and a line that says how many there are besides."""
        if self.everything or len(all_of) <= most + 1:
            return all_of, []
        return all_of[:most], [f"{indent}and {len(all_of) - most:,} more {noun} (-v or --format json shows all)"]


def heading(change: PersonChange | GroupChange, style: Style) -> str:
    """What becomes of whom, and where that is written."""
    symbol = SYMBOLS[change.transition]
    place = change.after or change.before
    side = "" if change.after else "before: "
    where = safe(f"{side}{place}") if place else ""
    left = f"  {symbol} {safe(change.who.key)}"
    gap = style.width - columns(left) - columns(where)
    return style.paint(f"{left}{' ' * max(2, gap)}{where}".rstrip(), COLORS[symbol])


def attribute_lines(change: PersonChange | GroupChange, style: Style) -> Iterator[str]:
    """Each attribute before and after, and whether another identity may be taken over now."""
    if change.adopts:
        yield from style.wrap("adopt: true is new: it may take over another identity", RED, INDENT)
    labels = [show_path(each.path) for each in change.attributes]
    column = max(map(columns, labels), default=0)
    for label, each in zip(labels, change.attributes, strict=True):
        start = f"{INDENT}{label}{' ' * (column - columns(label))}  "
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
    if modes[0] == modes[1] and is_hidden(change.before, change.after):
        return (show_value(CHANGED),)
    return before, "(no longer managed)" if modes[1] == "no" else after


def membership_lines(changes: Sequence[tuple[MembershipChange, Who]], noun: str, style: Style) -> Iterator[str]:
    """Effective memberships, by the name that goes with each: of groups for a person, of people for a group."""
    shown, more = style.cut(changes, LINES_SHOWN, INDENT, noun)
    for change, name in shown:
        yield from _membership_line(change, name, style)
    yield from more


def _membership_line(change: MembershipChange, name: Who, style: Style) -> list[str]:
    symbol, text = "~", f": {_way(change.before)} before, {_way(change.after)} now"
    if change.gained:
        symbol, text = "+", _through(change.after)
    elif change.lost:
        symbol, text = "-", _through(change.before)
    perhaps = "" if change.sure else " (perhaps already)" if change.gained else " (stays in 4me: not taken away)"
    return style.wrap(f"{symbol} {safe(name.key)}{text}{perhaps}", COLORS[symbol], INDENT)


def _through(via: Via | None) -> str:
    return f" (through {_names(via)})" if via else ""


def _way(via: Via | None) -> str:
    return f"through {_names(via)}" if via else "directly"


def _names(names: Iterable[str]) -> str:
    return safe(" in ".join(names))


def member_lines(change: GroupChange, style: Style) -> Iterator[str]:
    """Declared members that are not told anyway among the people who gain or lose it: groups, and inactive people."""
    told = {each.person for each in change.memberships if (each.after if each.gained else each.before) == ()}
    members = [("+", each) for each in change.add] + [("-", each) for each in change.remove]
    untold = [(symbol, who) for symbol, who in members if who.type is ResourceType.GROUP or who not in told]
    shown, more = style.cut(untold, LINES_SHOWN, INDENT, "members")
    for symbol, who in shown:
        text = "(group) as member" if who.type is ResourceType.GROUP else "as declared member"
        yield from style.wrap(f"{symbol} {safe(who.key)} {text}", COLORS[symbol], INDENT)
    yield from more
