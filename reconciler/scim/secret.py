"""The token, and what keeps it out of all that is said: a service may say it back, in part or in another spelling."""

from __future__ import annotations

import json
import re
import string
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 12
"""Characters of a token in a row that are too many to be told."""
_INSTEAD = "[token]"
_LOOKED_AT = 65_536
"""Bytes of a body that are looked through for parts: more than is ever shown of one."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Secret:
    """A token, None where there is none, to be taken out of texts and bodies without regard to case."""

    def __init__(self, token: str | None) -> None:
        token = (token or "").translate(_LOWER)
        self._size = min(SHORTEST, len(token))
        self._parts = frozenset(part for form in _spellings(token) for part in _runs(form, self._size))
        whole = {each.encode() for each in _in_bodies(token)} if len(token) >= SHORTEST else set()
        self._whole = sorted(whole, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._whole)), re.IGNORECASE)

    def removed(self, text: str) -> str:
        """The text with `[token]` for the token and for each part of it that is long enough to be of use."""
        lowered, size, spans = text.translate(_LOWER), self._size, list[tuple[int, int]]()
        for start in range(len(text) - size + 1) if size else ():
            if lowered[start : start + size] in self._parts:
                joined = spans and start <= spans[-1][1]
                spans.append((spans.pop()[0] if joined else start, start + size))
        for start, end in reversed(spans):
            text = f"{text[:start]}{_INSTEAD}{text[end:]}"
        return text

    def cleaned(self, answer: bytes) -> bytes:
        """An answer that can still be read: of JSON only the whole token is taken out, of all else parts as well."""
        if answer[:64].lstrip()[:1] not in (b"{", b"["):
            return self.shown(answer)
        lowered = answer.lower()
        said = any(form in lowered for form in self._whole)
        return self._pattern.sub(_INSTEAD.encode(), answer) if said else answer

    def shown(self, body: bytes) -> bytes:
        """A body for a log."""
        beginning = body[:_LOOKED_AT].decode("latin-1")
        return self.removed(beginning).encode("latin-1") + body[_LOOKED_AT:]


def _in_bodies(token: str) -> tuple[str, ...]:
    """How JSON may spell it."""
    escaped = json.dumps(token)[1:-1]
    return token, escaped, escaped.replace("/", r"\/"), quote(token, safe="").translate(_LOWER)


def _spellings(token: str) -> Iterator[str]:
    """How else it may be said: encoded for a URL, in hexadecimal digits, and in Base64 wherever it stands in there."""
    yield from _in_bodies(token)
    yield token.encode().hex()
    for before, tainted in ((0, 0), (1, 2), (2, 3)):
        yield b64encode(b"\0" * before + token.encode()).decode().rstrip("=")[tainted:].translate(_LOWER)


def _runs(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(len(text) - size + 1))
