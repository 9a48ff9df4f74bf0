"""New values as YAML on one line, or in the style of those that they take the place of; they read back as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.manifests.writing import render_scalar
from reconciler.manifests.yaml_reader import YamlProblem, read_yaml

if TYPE_CHECKING:
    from reconciler.core.model import Value
    from reconciler.manifests.yaml_nodes import Node

NEVER_BARE = re.compile(r"(?!)")


def render(value: Value, *, in_flow: bool) -> str:
    """A new value on one line."""
    if isinstance(value, list):
        return f"[{', '.join(render(each, in_flow=True) for each in value)}]"
    if isinstance(value, dict):
        if not in_flow and len(value) == 1:  # as {group: NAME} in a list of members
            ((key, each),) = value.items()
            return f"{{{render_scalar(key)}: {render(each, in_flow=True)}}}"
        return f"{{{', '.join(f'{render_scalar(key)}: {render(each, in_flow=True)}' for key, each in value.items())}}}"
    text = render_scalar(value)
    return text if not in_flow or _reads_as(text, value, in_flow=True) else render_scalar(value, NEVER_BARE)


def restyle(node: Node, value: Value, indent: str, line_break: str, *, in_flow: bool) -> str:
    """A value in the style of the one that it takes the place of."""
    if not isinstance(value, str) or node.kind != "scalar":
        return render(value, in_flow=in_flow)
    if node.style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if node.style == '"':
        return render_scalar(value, NEVER_BARE)
    if node.style in ("|", ">") and "\n" in value.strip("\n") and _fits_a_block(value):
        ending = "|" if value.endswith("\n") else "|-"
        return line_break.join(
            [ending, *(f"{indent}{line}" if line else "" for line in value.rstrip("\n").split("\n"))]
        )
    bare = not value.isalpha() or render_scalar(value) == value  # `no` is text here, but not for every reader
    if not node.style and bare and _reads_as(value, value, in_flow=in_flow):
        return value
    return render(value, in_flow=in_flow)


def _fits_a_block(value: str) -> bool:
    lines = value.rstrip("\n").split("\n")
    return all(line.isprintable() for line in lines) and not lines[0].startswith(" ") and not value.endswith("\n\n")


def _reads_as(text: str, value: Value, *, in_flow: bool) -> bool:
    """Whether bare text reads back as a value, or as a number that is written in the same way."""
    try:
        (read,) = read_yaml(f"[{text}]" if in_flow else f"- {text}")
    except (YamlProblem, ValueError):
        return False
    if not isinstance(read, list) or len(read) != 1 or isinstance(read[0], (list, dict)):
        return False
    return read[0] == value or (
        isinstance(read[0], (int, float)) and not isinstance(read[0], bool) and str(read[0]) == value
    )
