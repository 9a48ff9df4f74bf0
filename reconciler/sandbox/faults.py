"""Faults on demand: which requests go wrong, how, and when; the same run gives the same faults.

`KIND[=VALUE][,method=M][,path=GLOB][,query=GLOB][,after=N][,times=N][,every=N][,retry-after=S]`, as in
`status=503,method=PATCH,path=/Users/*,after=3,times=2,retry-after=1`. Every fault counts the requests that it
matches; there is no chance in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from reconciler.errors import UsageError
from reconciler.sandbox.rendering import BASE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.sandbox.messages import Request


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with which requests; `after` requests are let through first, then `times` go wrong.

    `retry_after` is in seconds (`5`), or `date+5` for an HTTP date five seconds on.
    """

    kind: str
    value: str = ""
    method: str = "*"
    path: str = "*"
    query: str = "*"
    after: int = 0
    times: int | None = None
    every: int = 1
    retry_after: str = ""

    @property
    def name(self) -> str:
        """Kind and value, as the request log has them."""
        return f"{self.kind}={self.value}" if self.value else self.kind

    def concerns(self, request: Request) -> bool:
        """Whether the request is one of those that are counted."""
        path = request.path.removeprefix(BASE_PATH)
        return (
            fnmatchcase(request.method, self.method.upper())
            and fnmatchcase(path, self.path)
            and fnmatchcase(unquote_plus(request.query), self.query)
        )

    def strikes(self, number: int) -> bool:
        """Whether the request with this number among those counted (from 1) goes wrong."""
        position = number - self.after - 1
        if position < 0 or position % self.every != self.every - 1:
            return False
        return self.times is None or position // self.every < self.times

    def retry_after_header(self, now: float) -> tuple[tuple[str, str], ...]:
        """Return the header that goes with a status, if any; `now` in epoch seconds."""
        if not self.retry_after:
            return ()
        if self.retry_after.startswith("date+"):
            return (("retry-after", formatdate(now + float(self.retry_after.removeprefix("date+")), usegmt=True)),)
        return (("retry-after", self.retry_after),)


class FaultCounter:
    """Tells which faults strike a request, by counting. Safe for threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = Lock()
        self.arm(faults)

    def arm(self, faults: Iterable[Fault]) -> None:
        """From now on these go wrong instead, counted anew."""
        with self._lock:
            self._faults = tuple(faults)
            self._seen = [0] * len(self._faults)

    def strike(self, request: Request) -> tuple[Fault, ...]:
        """Count the request for every fault that concerns it; those that strike it, in their order."""
        struck = []
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.concerns(request):
                    self._seen[index] += 1
                    if fault.strikes(self._seen[index]):
                        struck.append(fault)
        return tuple(struck)


def parse_fault(text: str) -> Fault:
    """Parse a fault from its `--fault` text; raises UsageError with what would be right."""
    head, *rest = text.split(",")
    kind, _, value = head.strip().partition("=")
    if kind not in KINDS:
        raise _wrong(text, f"there is no fault {kind!r}, only {', '.join(sorted(KINDS))}")
    if not _is_right(KINDS[kind], value):
        raise _wrong(text, f"{kind} cannot be {value!r}")
    options: dict[str, str] = {}
    for option in rest:
        name, _, given = option.strip().partition("=")
        if name not in _OPTIONS or not _is_right(_OPTIONS[name], given):
            raise _wrong(text, f"cannot read {option.strip()!r}")
        options[name.replace("-", "_")] = given
    numbers = {name: int(options.pop(name)) for name in ("after", "times", "every") if name in options}
    return Fault(kind, value, **options, **numbers)  # type: ignore[arg-type]


def _is_right(check: Callable[[str], bool], value: str) -> bool:
    try:
        return check(value)
    except ValueError:
        return False


def _wrong(text: str, reason: str) -> UsageError:
    return UsageError(
        f"cannot use the fault {text!r}: {reason}",
        hint="write it like status=503,method=PATCH,path=/Users/*,after=3,times=2,retry-after=1",
    )


def _is_error_status(value: str) -> bool:
    return HTTPStatus.BAD_REQUEST <= HTTPStatus(int(value)) <= HTTPStatus.GATEWAY_TIMEOUT


def _is_page_status(value: str) -> bool:
    return value in {"", "200"} or _is_error_status(value)


def _is_count(value: str) -> bool:
    return value.isdecimal() and int(value) > 0


def _is_signed(value: str) -> bool:
    return value[:1] in {"+", "-"} and int(value) != 0


def _is_one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


KINDS: dict[str, Callable[[str], bool]] = {
    "status": _is_error_status,
    "acted": _is_error_status,
    "html": _is_page_status,
    **dict.fromkeys(("latency", "slow", "down"), lambda value: float(value) >= 0),
    **dict.fromkeys(("reset", "silent"), _is_one_of("before", "after")),
    "huge": _is_count,
    "charset": _is_one_of("latin-1", "utf-16"),
    "total": _is_signed,
    "shift": _is_one_of("insert", "remove", "touch"),
    "normalise": _is_one_of("trim", "lower", "phone", "drop"),
    "date": lambda value: value in {"none", "junk"} or _is_signed(value),
    **dict.fromkeys(
        (
            "refused",
            "lost",
            "truncated",
            "endless",
            "duplicate-keys",
            "short-pages",
            "overlap",
            "string-booleans",
            "numeric-ids",
            "no-members",
            "no-custom-fields",
        ),
        lambda value: not value,
    ),
}
_OPTIONS: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(("method", "path", "query"), bool),
    "after": str.isdecimal,
    **dict.fromkeys(("times", "every"), lambda value: int(value) > 0),
    "retry-after": lambda value: value.removeprefix("date+").isdecimal(),
}
