"""What was asked of the sandbox: kept in memory and, where wanted, as JSON Lines in a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.errors import OperatorError
from reconciler.sandbox.messages import encode_json

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.sandbox.effects import Effect


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and its answer.

    `target` is path and query, `status` None where it was dropped before acting, `at` in epoch seconds, `faults`
    those that made a difference to it (`status=503`), `effects` what it did to users and groups.
    """

    method: str
    target: str
    status: int | None
    at: float
    faults: tuple[str, ...] = ()
    body: bytes = b""
    effects: tuple[Effect, ...] = ()


class RequestLog:
    """All requests in the order of their answers; each line of the file is flushed. Headers are never kept."""

    def __init__(self, path: Path | None) -> None:
        self._entries: list[LoggedRequest] = []
        self._lock = Lock()
        try:
            self._file = None if path is None else path.open("a", encoding="utf-8")
        except OSError as error:
            raise OperatorError(f"cannot write the sandbox's log {path}: {error.strerror}") from None

    @property
    def entries(self) -> list[LoggedRequest]:
        """A copy of what was logged so far."""
        with self._lock:
            return list(self._entries)

    def add(self, entry: LoggedRequest) -> None:
        """Log one request."""
        with self._lock:
            self._entries.append(entry)
            if self._file is not None:
                self._file.write(_line(entry) + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _line(entry: LoggedRequest) -> str:
    moment = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")
    shown: dict[str, object] = {
        "at": moment,
        "method": entry.method,
        "target": entry.target,
        "status": entry.status,
    }
    if entry.faults:
        shown["faults"] = entry.faults
    if entry.effects:
        shown["effects"] = [str(effect) for effect in entry.effects]
    return encode_json(shown)
