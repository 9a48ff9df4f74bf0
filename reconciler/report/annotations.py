"""Results as GitHub workflow commands, which mark lines in a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions; of each level GitHub shows ten a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.report.results import Level
from reconciler.report.words import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.report.results import Report, Result

SHOWN = 10
LONGEST = 2000
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_IN_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render_annotations(report: Report) -> str:
    """A command for each of the first results of a level, and one that tells how many others there are."""
    return "".join(f"{line}\n" for level in Level for line in _lines(report, level))


def _lines(report: Report, level: Level) -> Iterator[str]:
    results = [each for each in report.results if each.level is level]
    shown = results if len(results) <= SHOWN else results[: SHOWN - 1]
    for result in shown:
        yield _command(report, result)
    rest = len(results) - len(shown)
    if rest:
        title = _in_property(f"reconciler {report.name}")
        yield f"::{_COMMANDS[level]} title={title}::and {rest} more of this kind: see the log or another format"


def _command(report: Report, result: Result) -> str:
    place = report.place(result)
    properties = {"file": place.file, "line": str(place.line), "col": str(place.column)} if place else {}
    properties["title"] = f"reconciler {report.name}: {result.rule}"
    told = ",".join(f"{name}={_in_property(value)}" for name, value in properties.items())
    text = result.message if len(result.message) <= LONGEST else f"{result.message[:LONGEST]}…"
    return f"::{_COMMANDS[result.level]} {told}::{text.translate(_IN_MESSAGE)}"


def _in_property(value: str) -> str:
    return safe(value).translate(_IN_PROPERTY)
