"""Texts that are known to be about nobody. Whatever is not listed here may name somebody and is hidden.

Each pattern is a whole text; what may stand for a part of it is a number, a time, or a word of the program's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.core.counts import counted
from reconciler.core.plan import UNSURE_CHOICE
from reconciler.report.words import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIME = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"
_FOR = r"\d+ (?:s|min|h)(?: \d+ (?:s|min))?"
_CLOCK = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d(?::\d\d)?"
_WAIT = rf"until {_CLOCK}: (?:the service asked for it \(HTTP \d+\)|the hour's \d+ requests are used up)"
_UNUSABLE = "(?:it is damaged|it is not a file|another version wrote it|the scope of ownership was another)"
_PATTERNS = (
    # reasons of actions, and of what becomes of people and groups
    r"declared, not in 4me|declared nowhere|declared inactive|inactive in 4me, declared active",
    r"declared now|no longer declared|was declared inactive|declared inactive \(active: false\)",
    r"(?:created by that run, and nothing is ever deleted|reactivated by that run|deactivated by that run)",
    # warnings and notes
    r"\d+ value\(s\) and membership\(s\) are as they were before that run already",
    r"\d+ action\(s\) of that run were not carried out: there is nothing to undo of them",
    r"\d+ line\(s\) of that run's journal cannot be read: what they told is not undone",
    (
        r"the manifests still say what that run applied, for \d+ of \d+: the next apply would do it again:"
        r" (?:revert the commit [0-9a-f]+ too|take it out of the manifests too)"
    ),
    re.escape(UNSURE_CHOICE),
    (
        r"4me gives no custom fields back: those of \d+ users cannot be compared and are written at creation and"
        r" when the record's value differs from what this state directory last applied"
    ),
    r"the read was not provably complete: nothing is removed",
    r"incomplete read of (?:User|Group)s: \d+ distinct ones seen, the service says [\d, ]+",
    # outcomes
    r"stopped before it was started|stopped",
    r"not started: the canary (?:failed|did not come to what was asked for)",
    r"not started: the token is not accepted any more \(HTTP 401\)",
    rf"{_FOR} to wait, {_WAIT}",
    # talk
    rf"waiting {_FOR}, {_WAIT}",
    rf"warning: the token expired on {_TIME}, \d+ day\(s\) ago, if it was issued on {_TIME} as declared",
    rf"warning: the token expires on {_TIME}, in \d+ day\(s\): rotate it in 4me \(Settings > Apps\)",
    rf"what was read last time cannot be used \({_UNUSABLE}\): everything is read again",
    rf"what was last applied cannot be used \({_UNUSABLE}\): drift will not be told apart",
    r"the journal of the run [\w.-]+ is damaged: `reconciler history --verify` says where",
    # errors
    (
        r"(?:applied in part|stopped, applied in part|stopped after the canary, it failed"
        r"|applied in part, the token is not accepted any more \(HTTP 401\)): \d+ action\(s\) not done"
    ),
    r"nobody to ask here: there is no terminal",
    r"the environment variable \w+, which should hold the token, is not set",
    r"the approved plan is refused: it is a report for the public, in which people and values are hidden",
    rf"the approved plan is refused: it is {_FOR} old, and holds for {_FOR} \(--max-age\)",
    r"the approved plan is refused: it was changed after it was saved: its content does not agree with its digest",
    r"the approved plan is refused: it was saved by an older version of reconciler, which did not seal plans",
    r"the tenant [\w.-]+ takes approved plans only \(`approval` in [\w.-]+:\d+\)",
)
_BEGINNINGS = (
    r"(?:in scope now; before, )?out of scope: ",
    rf"waiting {_FOR}, until {_CLOCK}: ",
    rf"{_FOR} to wait, until {_CLOCK}: ",
    r"another run holds ",
    r"the run [\w.-]+ by ",
    r"the state directory ",
    r"what (?:was applied|was read|the manifests say) could not be kept ",
    r"the approved plan is refused: ",
)
"""How texts begin whose rest may name somebody."""
_KNOWN, _BEGINNING = (re.compile("|".join(f"(?:{each})" for each in some)) for some in (_PATTERNS, _BEGINNINGS))


def is_harmless(text: str) -> bool:
    """Whether a text is known to be about nobody."""
    return not text or _KNOWN.fullmatch(text) is not None


def harmless(text: str) -> str:
    """A text, as far as it is known to be about nobody."""
    if is_harmless(text):
        return text
    found = _BEGINNING.match(text)
    return f"{found[0] if found else ''}{HIDDEN}"


def is_hidden(text: str) -> bool:
    """Whether nothing of a text was kept."""
    return text == HIDDEN


def harmless_notes(notes: Sequence[str], noun: str) -> tuple[str, ...]:
    """Those of several texts that are about nobody, and how many there are besides."""
    kept = tuple(filter(is_harmless, notes))
    return (*kept, *count_hidden(len(notes) - len(kept), noun))


def count_hidden(count: int, noun: str) -> tuple[str, ...]:
    """That there were so many of something, where there were any."""
    return (f"{counted(count, noun)} {HIDDEN}",) if count else ()
