"""Values of a record changed in the text that it was written in, as a person would: nothing else in the text moves.

Quotes, flow or block style, indentation, comments and line breaks stay as they are. A value that others share by an
anchor is changed for this record only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifests.writing import render_scalar
from reconciler.manifests.yaml_nodes import find_records
from reconciler.manifests.yaml_values import render, restyle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.core.model import Attributes, Value
    from reconciler.manifests.yaml_nodes import Mention, Node
    from reconciler.manifests.yaml_reader import Place

LONG_LISTS = ("groups", "members")
"""What usually ends a record; other attributes are added before."""


class EditProblem(Exception):
    """A change that would not be understood from the text; the message says why."""


class Splice(NamedTuple):
    """A part of the text, in characters, and what is to stand there."""

    start: int
    end: int
    text: str


def edit_records(
    text: str, edits: Mapping[Place, Attributes], new: tuple[Place, Sequence[Attributes]] | None = None
) -> str:
    """The text with values of records changed: by where each record starts, the attributes to set.

    An attribute that the record lacks is added. `new`: records to add after the one that starts there, which is the
    last of its list. Raises EditProblem.
    """
    records = find_records(text, {*edits.keys(), *([new[0]] if new else [])})
    editor = Editor(text, records.mentions)
    for place, values in edits.items():
        record = records.found.get(place)
        if record is None:
            raise EditProblem(f"no record starts at line {place[0]}, column {place[1]}")
        editor.set_values(record, values)
    for values in new[1] if new else ():
        editor.add_record(records.found[new[0]], values)  # type: ignore[index]
    return editor.result()


def edit_list(text: str, place: Place, key: str, change: Callable[[Sequence[Value]], Sequence[Value]]) -> str:
    """The text with a list changed that is a key of the map that starts there; it is added where there is none.

    `change` gets its items. Raises EditProblem.
    """
    records = find_records(text, {place})
    record = records.found.get(place)
    if record is None:
        raise EditProblem(f"no document starts at line {place[0]}, column {place[1]}")
    editor = Editor(text, records.mentions)
    node = record.find(key)
    if node is None:
        editor.add_list(record, key, change(()))
    elif node.kind == "list":
        editor.set_values(record, {key: list(change([plain(each) for each in node.items]))})
    else:
        raise EditProblem(f"`{key}` is no list that is written there")
    return editor.result()


@dataclass(slots=True)
class Editor:
    """Collects what is to change in one text."""

    text: str
    mentions: Sequence[Mention] = ()
    splices: list[Splice] = field(default_factory=list)

    def result(self) -> str:
        """The text with all of it changed."""
        parts: list[str] = []
        position = 0
        for splice in sorted(self.splices, key=lambda each: each[:2]):
            if splice.start < position:
                raise EditProblem("two changes meet in one place")
            parts += [self.text[position : splice.start], splice.text]
            position = splice.end
        return "".join((*parts, self.text[position:]))

    def set_values(self, record: Node, values: Attributes) -> None:
        """Change or add attributes of a record, or keys of a map in it."""
        self._check_own(record)
        new = {key: value for key, value in values.items() if record.find(key) is None}
        for key, node in record.entries:
            if key.value in values:
                self._set(key, node, values[str(key.value)], in_flow=record.flow)
        if new:
            self._add_keys(record, new)

    def add_list(self, record: Node, key: str, items: Sequence[Value]) -> None:
        """Add a key with a list, each of whose items has a line of its own where the record has lines."""
        self._check_own(record)
        if record.flow or not record.entries:
            self._add_keys(record, {key: list(items)})
            return
        first = record.entries[0][0]
        margin = " " * (first.first - self._line_start(first.first))
        lines = [f"{margin}{render_scalar(key)}:", *(f"{margin}- {render(each, in_flow=False)}" for each in items)]
        self._add_line(self._next_line(record.entries[-1][1].end), self._line_break.join(lines))

    def add_record(self, last: Node, values: Attributes) -> None:
        """Add a record to a block list, after its last one and in its style."""
        lead = self.text[self._line_start(last.first) : last.first]
        if lead.strip() != "-":
            raise EditProblem("the list of records does not have a line for each")
        if last.flow:
            lines = [f"{lead}{render(values, in_flow=True)}"]
        else:
            entries = [f"{render_scalar(key)}: {render(value, in_flow=False)}" for key, value in values.items()]
            lines = [f"{' ' * len(lead) if number else lead}{entry}" for number, entry in enumerate(entries)]
        self._add_line(self._next_line(last.end), self._line_break.join(lines))

    def _set(self, key: Node, node: Node, value: Value, *, in_flow: bool) -> None:
        if node.kind == "map" and isinstance(value, dict):
            self.set_values(node, {name: each for name, each in value.items() if _differs(node.find(name), each)})
        elif node.kind == "list" and isinstance(value, list):
            self._set_list(key, node, value)
        elif node.kind in ("map", "list") and not node.flow:
            self._check_own(node)
            colon = self._after_colon(key)
            self._replace(colon, node.end, f" {render(value, in_flow=in_flow)}")
        else:
            self._set_whole(node, value, in_flow=in_flow)

    def _set_whole(self, node: Node, value: Value, *, in_flow: bool) -> None:
        """Replace a scalar, an alias or a flow collection."""
        start = node.first
        if node.kind != "alias" and node.anchor and not self._hand_on(node):
            start = node.start
        text = restyle(node, value, self._indent(node), self._line_break, in_flow=in_flow)
        before = self.text[start - 1 : start]
        self._replace(start, node.end, text if before.isspace() or before in "[{,-" else f" {text}")

    def _hand_on(self, node: Node) -> bool:
        """Let the first alias of a value carry the anchor; whether there is any."""
        alias = self._first_alias(node)
        if alias is None:
            return False
        if "\n" in self.text[node.first : node.end]:
            raise EditProblem(f"the value of `&{node.anchor}` is shared, and of several lines")
        self._replace(alias.start, alias.end, self.text[node.first : node.end])
        return True

    def _first_alias(self, node: Node) -> Mention | None:
        """The first alias that means this anchor, which may be declared anew further on."""
        for each in self.mentions:
            if each.name == node.anchor and each.start > node.first:
                return each if each.is_alias else None
        return None

    def _check_own(self, node: Node) -> None:
        if node.anchor and self._first_alias(node):
            raise EditProblem(f"`&{node.anchor}` is shared with others: write it out where it is used")

    def _set_list(self, key: Node, node: Node, value: Sequence[Value]) -> None:
        self._check_own(node)
        before = [json.dumps(plain(each), sort_keys=True) for each in node.items]
        after = [json.dumps(each, sort_keys=True) for each in value]
        gone: list[int] = []
        new: list[tuple[int, Value]] = []
        for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            paired = min(end - start, last - first) if tag == "replace" else 0
            for offset in range(paired):
                self._set_item(node, node.items[start + offset], value[first + offset])
            if tag != "equal":
                gone += range(start + paired, end)
                new += [(end, each) for each in value[first + paired : last]]
        if node.flow:
            self._change_flow(node, gone, new)
        else:
            self._change_block(key, node, gone, new)

    def _set_item(self, node: Node, item: Node, value: Value) -> None:
        if item.kind == "map" and isinstance(value, dict) and {key.value for key, _ in item.entries} <= value.keys():
            self.set_values(item, {name: each for name, each in value.items() if _differs(item.find(name), each)})
        elif item.kind in ("map", "list") and not item.flow:
            self._check_own(item)
            self._replace(item.first, item.end, render(value, in_flow=node.flow))
        else:
            self._set_whole(item, value, in_flow=node.flow)

    def _change_flow(self, node: Node, gone: Sequence[int], new: Sequence[tuple[int, Value]]) -> None:
        items = node.items
        kept = [index for index in range(len(items)) if index not in set(gone)]
        for index in gone:
            self._check_own(items[index])
            if kept and index < kept[-1]:
                self._replace(items[index].first, items[index + 1].first, "")
            elif kept:
                self._replace(items[index - 1].end, items[index].end, "")
        if items and not kept:
            self._replace(items[0].first, items[-1].end, ", ".join(render(each, in_flow=True) for _, each in new))
            return
        for index, each in new:
            text = render(each, in_flow=True)
            earlier = max((number for number in kept if number < index), default=None)
            if earlier is not None:
                self._replace(items[earlier].end, items[earlier].end, f"{self._comma(items, earlier)}{text}")
            elif items:
                self._replace(items[kept[0]].first, items[kept[0]].first, f"{text}, ")
        if not items and new:
            texts = ", ".join(render(each, in_flow=True) for _, each in new)
            self._replace(node.start + 1, node.start + 1, texts)

    def _comma(self, items: Sequence[Node], index: int) -> str:
        """What separates an item from one after it: where each has a line of its own, so has the new one."""
        if index == 0:
            return ", "
        line = self._line_start(items[index].first)
        alone = not self.text[line : items[index].first].strip()
        return f",{self._line_break}{self.text[line : items[index].first]}" if alone else ", "

    def _change_block(self, key: Node, node: Node, gone: Sequence[int], new: Sequence[tuple[int, Value]]) -> None:
        items = node.items
        dashes = [self.text.rindex("-", 0, item.first) for item in items]
        margin = self.text[self._line_start(dashes[0]) : dashes[0]]
        if margin.strip():
            raise EditProblem("a list in a list is not changed")
        for index in gone:
            self._check_own(items[index])
            self._replace(self._line_start(dashes[index]), self._next_line(items[index].end), "")
        if len(gone) == len(items) and not new:
            colon = self._after_colon(key)
            self._replace(colon, colon, " []")
        for index, each in new:
            lead = self.text[dashes[max(index - 1, 0)] : items[max(index - 1, 0)].first]
            lead = lead if lead.strip() == "-" and "\n" not in lead else "- "
            line = f"{margin}{lead}{render(each, in_flow=False)}"
            self._add_line(self._next_line(items[index - 1].end) if index else self._line_start(dashes[0]), line)

    def _add_keys(self, record: Node, values: Attributes) -> None:
        if record.flow or not record.entries:
            texts = [f"{render_scalar(key)}: {render(value, in_flow=True)}" for key, value in values.items()]
            end = record.entries[-1][1].end if record.entries else record.start + 1
            self._replace(end, end, f"{', ' if record.entries else ''}{', '.join(texts)}")
            return
        first = record.entries[0][0]
        margin = " " * (first.first - self._line_start(first.first))
        entries = [value for key, value in record.entries if key.value not in LONG_LISTS]
        after = self._next_line((entries or [record.entries[-1][1]])[-1].end)
        for key, value in values.items():
            self._add_line(after, f"{margin}{render_scalar(key)}: {render(value, in_flow=False)}")

    def _add_line(self, at: int, line: str) -> None:
        """A line of its own, also after a last one without a break."""
        if at == len(self.text) and not self.text.endswith(("\n", "\r")):
            self._replace(at, at, f"{self._line_break}{line}")
        else:
            self._replace(at, at, f"{line}{self._line_break}")

    def _replace(self, start: int, end: int, text: str) -> None:
        self.splices.append(Splice(start, end, text))

    def _after_colon(self, key: Node) -> int:
        return self.text.index(":", key.end) + 1

    def _line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1

    def _next_line(self, position: int) -> int:
        found = self.text.find("\n", position)
        return len(self.text) if found < 0 else found + 1

    def _indent(self, node: Node) -> str:
        """The indentation of a block scalar's lines."""
        lines = self.text[node.start : node.end].splitlines()[1:]
        return min((line[: len(line) - len(line.lstrip(" "))] for line in lines if line.strip()), default="")

    @property
    def _line_break(self) -> str:
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"


def plain(node: Node) -> Value:
    """The value that a part of a record has; an alias of a list or map is like nothing else."""
    if node.kind == "map":
        return {str(key.value): plain(value) for key, value in node.entries}
    if node.kind == "list":
        return [plain(item) for item in node.items]
    return node.value


def _differs(node: Node | None, value: Value) -> bool:
    return node is None or plain(node) != value
