"""JSON whose objects know their line and are read without regard to the case of their keys."""

from __future__ import annotations

import json
from bisect import bisect_right
from json.decoder import JSONObject  # type: ignore[attr-defined] # the parts that json's decoder is made of
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

MAX_BYTES = 16 * 1024 * 1024


class SchemaProblem(Exception):
    """Why a file cannot be imported; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class Entry(dict[str, Any]):
    """A JSON object, its keys in lower case, and the line that it starts at."""

    line = 1


def read_json(data: bytes) -> Any:
    """The value that JSON bytes hold, in any of Unicode's encodings. Raises SchemaProblem."""
    if len(data) > MAX_BYTES:
        raise SchemaProblem(f"larger than {MAX_BYTES // 1024 // 1024} MB: this is no synchronizationSchema")
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SchemaProblem("not text: save the file as UTF-8", *_line_of(data[: error.start])) from None
    try:
        return _Decoder(text).decode(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise SchemaProblem(message, error.lineno, error.colno) from None
    except RecursionError:
        raise SchemaProblem("nested too deeply: this is no synchronizationSchema") from None
    except ValueError:
        raise SchemaProblem("a number with too many digits: this is no synchronizationSchema") from None


def _line_of(before: bytes) -> tuple[int, int]:
    return before.count(b"\n") + 1, len(before) - before.rfind(b"\n")


class _Decoder(json.JSONDecoder):
    """Python's own decoder, with objects that are made into entries."""

    def __init__(self, text: str) -> None:
        super().__init__(object_pairs_hook=list)
        self._breaks = [place for place, each in enumerate(text) if each == "\n"]
        self.parse_object = self._parse_object
        self.scan_once = py_make_scanner(self)

    def _parse_object(self, place: tuple[str, int], *rest: Any) -> tuple[Entry, int]:
        pairs, end = JSONObject(place, *rest)
        entry = Entry((key.lower(), value) for key, value in pairs)
        entry.line = bisect_right(self._breaks, place[1] - 1) + 1
        return entry, end
