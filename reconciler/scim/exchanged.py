"""What is told of each request, for logs: never its headers, and so never the token."""

from __future__ import annotations

import re
from typing import NamedTuple

_ID = re.compile(r"(?<=/)[^/]+$")
_RESOURCES = ("/Users/", "/Groups/")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')


class Exchanged(NamedTuple):
    """One request that was sent, and what came of it.

    `path` and `query` are as sent, but decoded. `status` is None where no answer came, `failure` then says why.
    `started` is in epoch seconds. `sent` and `received` are the bodies, with `[token]` for the token.
    """

    method: str
    path: str
    query: str
    status: int | None
    failure: str
    started: float
    seconds: float
    sent: bytes
    received: bytes

    @property
    def shape(self) -> str:
        """The query without the values that a filter looks for: they are people's."""
        return _QUOTED.sub('"…"', self.query)

    def without_ids(self) -> Exchanged:
        """The same about nobody in particular."""
        concerned = any(each in self.path for each in _RESOURCES)
        return self._replace(path=_ID.sub("…", self.path)) if concerned else self
