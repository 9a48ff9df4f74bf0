"""The text of a data file, line by line: what is no text is told at its line, and the lines after it are still read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifests.yaml_reader import Place

Report: TypeAlias = Callable[["Place", str], None]
"""Takes what is wrong at a line and column of the file."""
_UNDECODED = re.compile(r"[\udc80-\udcff]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(data: bytes, encoding: str, report: Report) -> str | None:
    """All of a data file, without a byte order mark; None where it is not all text."""
    try:
        text = data.decode(encoding)
        if "\0" not in text:
            return text.removeprefix("\ufeff")
    except UnicodeError:
        pass
    deque(Lines(data, encoding, report), maxlen=0)  # tells each line that is no text
    return None


class Lines:
    """The lines of a data file with their line breaks , to be read once."""

    def __init__(self, data: bytes, encoding: str, report: Report) -> None:
        self._data = data
        self._encoding = encoding
        self._report = report
        self.number = 0
        """Of the line that was given last."""
        self.broken = 0
        """Number of the last line that is no text."""

    def __iter__(self) -> Iterator[str]:
        # Bytes that are not in the encoding come as halves of surrogate pairs, which no decoder makes of others.
        text = TextIOWrapper(BytesIO(self._data), self._encoding, errors="surrogateescape", newline="")
        try:
            for line in text:
                self.number += 1
                if "\0" in line or not line.isascii():
                    yield self._check(line)
                else:
                    yield line
        except UnicodeError as error:
            self.number += 1
            self._refuse(1, f"not {self._encoding}: {getattr(error, 'reason', error)}")

    def _check(self, line: str) -> str:
        line = line.removeprefix("\ufeff") if self.number == 1 else line
        undecoded = _UNDECODED.search(line)
        if undecoded:
            byte = ord(undecoded[0]) - 0xDC00
            self._refuse(undecoded.start() + 1, f"not {self._encoding}: byte 0x{byte:02x}; {self._hint()}")
        elif "\0" in line:
            self._refuse(line.index("\0") + 1, "a NUL character: this is not a text file")
        return line

    def _hint(self) -> str:
        if self._data.startswith(_UTF_16):
            return "the file looks like UTF-16: write `encoding: utf-16`"
        return "say which `encoding` the file has, such as windows-1252"

    def _refuse(self, column: int, message: str) -> None:
        self.broken = self.number
        self._report((self.number, column), message)
