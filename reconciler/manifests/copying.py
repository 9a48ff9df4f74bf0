"""Documents of a manifest set as their author wrote them, to be put into another one."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.events import DocumentEndEvent, DocumentStartEvent
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from reconciler.manifests.files import decode, read_files
from reconciler.manifests.yaml_reader import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reconciler.core.model import Value


class Copied(NamedTuple):
    """A document: its text, comments and all, and its value."""

    text: str
    value: dict[str, Value]


def copy_documents(folder: Path, kind: str) -> tuple[Copied, ...]:
    """The documents of this kind below a folder that reads without problems, in the order of its files."""
    return tuple(
        document
        for file in read_files(folder).files
        if kind.encode() in file.data
        for document in _documents(decode(file))
        if document.value.get("kind") == kind
    )


def protect(document: Copied, names: Sequence[str]) -> Copied:
    """A Tenant document that protects these names (globs) too; its comments stay."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(document.text)
    protected = tree.setdefault("ownership", {}).setdefault("protected", [])
    protected += [
        name if name.isprintable() else DoubleQuotedScalarString(name)  # elsewhere line breaks of Unicode are folded
        for name in names
        if name not in protected
    ]
    stream = StringIO()
    yaml.dump(tree, stream)
    return _read(stream.getvalue())


def _documents(text: str) -> Iterator[Copied]:
    """Each document with the comments that stand before its first and after its last line."""
    text = text.replace("\r\n", "\n")
    starts, ends = [], []
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, DocumentStartEvent):
            starts.append(event)
        elif isinstance(event, DocumentEndEvent):
            ends.append(event)
    bounds = [(0 if not event.explicit or not number else event.end_mark.index) for number, event in enumerate(starts)]
    for start, end in zip(bounds, [each.start_mark.index for each in starts[1:]] + [len(text)], strict=True):
        for value in read_yaml(text[start:end]):
            if isinstance(value, dict):
                yield Copied(text[start:end].removeprefix("---").strip("\n") + "\n", value)


def _read(text: str) -> Copied:
    (value,) = read_yaml(text)
    if not isinstance(value, dict):
        raise TypeError(text)
    return Copied(text, value)
