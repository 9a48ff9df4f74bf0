"""JSON (RFC 8259) and JSON Lines to objects, each with the place that it starts at. They are given one by one."""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError, to_json

from reconciler.core.suggest import did_you_mean
from reconciler.manifests.limits import MAX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator

    from reconciler.core.model import Value
    from reconciler.manifests.data_text import Lines, Report
    from reconciler.manifests.yaml_reader import Place

NEXT_PAGE = "@odata.nextLink"
Object = dict[str, "Value"]
Found = tuple["Place", Object]


class _Decoder:
    """Decodes one value; what the standard library lets pass is kept as its flaw. Numbers as in YAML: see Values."""

    def __init__(self) -> None:
        self.flaw: str | None = None
        self._decode = JSONDecoder(
            object_pairs_hook=self._object, parse_int=_integer, parse_float=_decimal, parse_constant=self._constant
        ).raw_decode

    def decode(self, text: str, at: int) -> tuple[Value, int]:
        """The value and where it ends. Raises JSONDecodeError."""
        self.flaw = None
        try:
            value, end = self._decode(text, at)
        except RecursionError:
            raise JSONDecodeError("Nested too deeply", text, at) from None
        if not self.flaw and text.find("\\u", at, end) >= 0 and not _is_text(value):
            self.flaw = "half of a surrogate pair: this is no text"
        return value, end

    def _object(self, pairs: list[tuple[str, Value]]) -> Object:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            self.flaw = f"duplicate key `{next(name for name in names if names.count(name) > 1)}`"
        return made

    def _constant(self, name: str) -> None:
        self.flaw = f"{name} is not JSON"


def _is_text(value: Value) -> bool:
    try:
        to_json(value)
    except PydanticSerializationError:
        return False
    return True


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MAX_DIGITS else text


def _decimal(text: str) -> float | str:
    number = float(text)
    return number if str(number) == text else text


def read_json(text: str, path: tuple[str, ...] | None, report: Report) -> Iterator[Found]:
    """The objects of the list at a path of keys; None: of the whole document, or under `value`, as in OData."""
    try:
        yield from _Reader(text, report).read(path)
    except JSONDecodeError as error:
        report((error.lineno, error.colno), f"not JSON: {_explain(error)}")


def read_json_lines(lines: Lines, report: Report) -> Iterator[Found]:
    """The objects of the lines that are not blank."""
    decoder = _Decoder()
    for line in lines:
        text = line.rstrip()
        if not text or lines.broken == lines.number:
            continue
        start = WHITESPACE.match(text).end()
        place = lines.number, start + 1
        try:
            value, end = decoder.decode(text, start)
        except JSONDecodeError as error:
            report((lines.number, error.pos + 1), f"not JSON: {_explain(error)}")
            continue
        if end < len(text):
            report((lines.number, end + 1), "not JSON: extra data")
        else:
            yield from _checked(place, value, decoder.flaw, report)


def _checked(place: Place, value: Value, flaw: str | None, report: Report) -> Iterable[Found]:
    if flaw:
        report(place, flaw)
    elif isinstance(value, dict):
        return ((place, value),)
    else:
        report(place, "expected an object, the attributes of one record")
    return ()


class _Reader:
    """Walks down to the list. Each method takes where something starts, and gives where it ends."""

    def __init__(self, text: str, report: Report) -> None:
        self._text = text
        self._report = report
        self._decoder = _Decoder()
        self._line, self._line_start, self._seen = 1, 0, 0

    def read(self, path: tuple[str, ...] | None) -> Iterator[Found]:
        """The objects. Raises JSONDecodeError."""
        start = self._skip(0)
        if path is None:
            path = ("value",) if self._text.startswith("{", start) else ()
        end = self._skip((yield from self._walk(start, path)))
        if end < len(self._text):
            raise JSONDecodeError("Extra data", self._text, end)

    def _walk(self, at: int, path: tuple[str, ...]) -> Generator[Found, None, int]:
        wanted = "{" if path else "["
        if self._text.startswith(wanted, at):
            return (yield from self._members(at, path) if path else self._items(at))
        end = self._decoder.decode(self._text, at)[1]
        self._report(self._place(at), f"expected {'an object' if path else 'a list of objects'}: see `records`")
        return end

    def _items(self, at: int) -> Generator[Found, None, int]:
        at = self._skip(at + 1)
        if self._text.startswith("]", at):
            return at + 1
        while True:
            value, end = self._decoder.decode(self._text, at)
            yield from _checked(self._place(at), value, self._decoder.flaw, self._report)
            at, ended = self._next(end, "]")
            if ended:
                return at

    def _members(self, at: int, path: tuple[str, ...]) -> Generator[Found, None, int]:
        start = self._place(at)
        names: dict[str, None] = {}
        lists: list[str] = []
        at, ended = self._skip(at + 1), False
        if self._text.startswith("}", at):
            at, ended = at + 1, True
        while not ended:
            if not self._text.startswith('"', at):
                raise JSONDecodeError("Expecting property name enclosed in double quotes", self._text, at)
            name, end = self._decoder.decode(self._text, at)
            self._check_name(str(name), names, at)
            names[str(name)] = None
            at = self._skip(end)
            if not self._text.startswith(":", at):
                raise JSONDecodeError("Expecting ':' delimiter", self._text, at)
            at = self._skip(at + 1)
            if self._text.startswith("[", at):
                lists.append(str(name))
            end = (yield from self._walk(at, path[1:])) if name == path[0] else self._pass(at)
            at, ended = self._next(end, "}")
        if path[0] not in names:
            self._report(start, f"no `{path[0]}`{did_you_mean(path[0], names) or _advise(lists)}")
        return at

    def _check_name(self, name: str, earlier: Collection[str], at: int) -> None:
        if name in earlier:
            self._report(self._place(at), f"duplicate key `{name}`")
        elif name == NEXT_PAGE:
            self._report(self._place(at), f"`{name}`: this is one page of an export, and there are more")

    def _pass(self, at: int) -> int:
        _, end = self._decoder.decode(self._text, at)
        if self._decoder.flaw:
            self._report(self._place(at), self._decoder.flaw)
        return end

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        """What follows a value: where the next one starts, or where all of them end."""
        at = self._skip(at)
        if self._text.startswith(closing, at):
            return at + 1, True
        if not self._text.startswith(",", at):
            raise JSONDecodeError("Expecting ',' delimiter", self._text, at)
        return self._skip(at + 1), False

    def _skip(self, at: int) -> int:
        end: int = WHITESPACE.match(self._text, at).end()
        return end

    def _place(self, at: int) -> Place:
        """Line and column; to be asked in the order of the text, which may be one long line."""
        breaks = self._text.count("\n", self._seen, at)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rindex("\n", self._seen, at) + 1
        self._seen = at
        return self._line, at - self._line_start + 1


def _advise(lists: list[str]) -> str:
    return f"; there is a list under {', '.join(f'`{name}`' for name in lists[:3])}: see `records`" if lists else ""


def _explain(error: JSONDecodeError) -> str:
    return (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at").removesuffix(" starting")
