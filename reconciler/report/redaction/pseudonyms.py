"""Names that stand for names: the same for the same person wherever one key is used, and not to be guessed without it.

A plain hash could be guessed: whoever has a list of names hashes them all. HMAC-SHA256 (RFC 2104) needs the key.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass, field

from reconciler.core.normalise import fold

LENGTH = 10
"""Characters of a pseudonym, five bits each."""
_LONGER = 6


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms by a secret `key`. Two names that would share one get longer ones: within one output all differ."""

    key: bytes
    length: int = LENGTH
    _taken: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _known: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, noun: str, name: str) -> str:
        """`noun-` and characters that depend on key, noun and name, without regard to its case."""
        folded = fold(name)
        known = self._known.get((noun, folded))
        if known is None:
            known = self._known[noun, folded] = self._make(noun, folded)
        return known

    def _make(self, noun: str, folded: str) -> str:
        message = f"{noun}\0{folded}".encode("utf-8", "surrogatepass")
        text = b32encode(hmac.digest(self.key, message, "sha256")).decode().rstrip("=").lower()
        length = self.length
        while self._taken.setdefault(f"{noun}-{text[:length]}", folded) != folded and length < len(text):
            length += _LONGER
        return f"{noun}-{text[:length]}"
