"""Every expected error, split by who must act.

::

    ReconcilerError                 exit 1
    ├── ManifestError               the author of a manifest: every problem, each with its place
    ├── OperatorError               whoever runs the tool: settings, token, files, answers to a prompt
    │   ├── UsageError   exit 64    wrong words on the command line
    │   ├── NotConfirmed            a person was asked and did not say yes
    │   └── NotApproved             an approved plan is missing, or is not accepted
    ├── MatchError                  the author: records and live resources cannot be paired one to one
    ├── ServiceError                the service: status, its own words, the request and the resource
    │   ├── LostAnswer              a request was sent and its answer never came: it may have been carried out
    │   ├── Unreachable             there is no connection to it
    │   └── NotSent                 a request was not sent, because the wait would be too long
    │       └── Stopped             or because the run is stopped
    ├── GuardRefusal      exit 3    the reviewer: the numbers, and the way out
    ├── PartialApply      exit 4    some actions failed, were skipped, or were no longer as approved
    └── Bug               exit 70   nobody: something else escaped; see `cli/unexpected.py`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class ReconcilerError(Exception):
    """An expected error: a message for a person, an optional hint, an exit code."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


LONGEST_MESSAGE, _END = 2_000, 500
"""Characters of one problem's message, and how many of them are its end, where it is cut."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a manifest; `line` and `column` count from 1.

    `excerpt`: two lines that show the place in what stands there, or nothing.
    """

    file: str
    line: int
    column: int
    message: str
    excerpt: str = ""

    def __post_init__(self) -> None:
        if len(self.message) > LONGEST_MESSAGE:
            cut = f"{self.message[: LONGEST_MESSAGE - _END]} ... {self.message[-_END:]}"
            object.__setattr__(self, "message", cut)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ManifestError(ReconcilerError):
    """The manifest set is not usable; `problems` lists everything that is wrong, `warnings` what is odd, by place."""

    def __init__(self, problems: list[Problem], warnings: Iterable[Problem] = ()) -> None:
        self.problems = tuple(sorted(set(problems)))
        self.warnings = tuple(sorted(set(warnings)))
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{count} {noun} found, nothing was done")


class OperatorError(ReconcilerError):
    """Settings, credentials or local files are not usable."""


class UsageError(OperatorError):
    """The command line is wrong (sysexits' EX_USAGE)."""

    exit_code = 64


class NotConfirmed(OperatorError):
    """A person was asked and did not say yes."""


class NotApproved(OperatorError):
    """An approved plan is missing, or is not accepted."""


class MatchError(ReconcilerError):
    """Desired and live resources do not pair one to one; the message names all of them."""


class ServiceError(ReconcilerError):
    """The service refused, failed, or answered with something unusable.

    `status` is the HTTP status, or None where there was no (usable) answer.
    """

    def __init__(self, message: str, *, status: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class LostAnswer(ServiceError):
    """A request was sent and no answer came back: it may or may not have been carried out."""


class Unreachable(ServiceError):
    """No connection to the service, however often it was tried."""


class NotSent(ServiceError):
    """A request was not sent, because the wait would be longer than is allowed."""


class Stopped(NotSent):
    """A request was not sent, because the run is stopped."""


class GuardRefusal(ReconcilerError):
    """A guard refused the plan."""

    exit_code = 3


class PartialApply(ReconcilerError):
    """An apply was carried out in part."""

    exit_code = 4


class Bug(ReconcilerError):
    """What should not happen whatever is given (sysexits' EX_SOFTWARE)."""

    exit_code = 70
