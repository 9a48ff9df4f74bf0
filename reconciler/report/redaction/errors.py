"""Errors without personal data: what is wrong by its kind, and how to learn the rest."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import (
    Bug,
    GuardRefusal,
    ManifestError,
    NotConfirmed,
    ReconcilerError,
)
from reconciler.report.news import cause
from reconciler.report.redaction.texts import is_harmless
from reconciler.report.words import HIDDEN

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.report.redaction.redactor import Redactor

_OPEN = (GuardRefusal, NotConfirmed, Bug)
"""Errors whose words are the program's own, and numbers."""
HINT = "the words are hidden; run it again with --audience internal where nobody else reads along"


def conceal_error(error: ReconcilerError, redactor: Redactor) -> ReconcilerError:
    """The same kind of error, in words that name nobody and quote nothing."""
    if isinstance(error, _OPEN):
        return error
    if isinstance(error, ManifestError):
        problems, warnings = (
            [conceal_problem(each, redactor) for each in some] for some in (error.problems, error.warnings)
        )
        told = ManifestError(problems, warnings)
        told.message, told.hint = error.message, HINT
        return told
    shown = copy(error)
    if not is_harmless(error.message):
        shown.message, shown.hint = cause(error), HINT
        shown.args = (shown.message,)
    return shown


def conceal_problem(problem: Problem, redactor: Redactor) -> Problem:
    """Where it is; what is wrong quotes what stands there."""
    return replace(problem, file=redactor.word(problem.file), message=f"what is wrong is {HIDDEN}", excerpt="")
