"""What a run found, as results with places: what JUnit, SARIF and annotations have in common."""

from __future__ import annotations

import posixpath
import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.guards import explain_breach
from reconciler.core.model import Source
from reconciler.core.plan_model import ActionKind
from reconciler.report.words import HIDDEN, safe, show_before, show_member, show_path, show_value, telling_changes, why

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Member
    from reconciler.core.plan_model import Action, Guard, Plan
    from reconciler.errors import Problem

MEMBERS_SHOWN = 20
_PLACED = re.compile(r"([^\s:][^:]*\.(?:ya?ml|csv|tsv|jsonl?|txt)):([1-9]\d{0,8}): ")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Level(StrEnum):
    """How much a result matters; SARIF's words (§3.27.10)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Result(NamedTuple):
    """One thing that was found.

    `rule` is stable and says what kind of thing it is. `subject` tells it from others of its rule and file, wherever in
    the file it stands. `fails`: whether the check that a pipeline runs fails by it.
    """

    rule: str
    level: Level
    subject: str
    message: str
    place: Source | None
    fails: bool = False


class Report(NamedTuple):
    """The results of one run of `command`, for `tenant` where it is about one.

    `folder` is the manifests folder as seen from the root of the repository. `elsewhere`: the place of what has none.
    """

    command: str
    folder: str
    results: tuple[Result, ...]
    tenant: str = ""
    elsewhere: Source | None = None

    def place(self, result: Result) -> Source | None:
        """Where a result is shown: its file as seen from the root of the repository."""
        found = result.place if result.place and result.place.file != HIDDEN else self.elsewhere
        return found and found._replace(file=posixpath.normpath(posixpath.join(self.folder, found.file)))

    @property
    def name(self) -> str:
        """What was run: the command, and its tenant."""
        return f"{self.command} {self.tenant}".strip()


def problem_results(problems: Iterable[Problem], warnings: Iterable[Problem]) -> tuple[Result, ...]:
    """What is wrong in manifests, and what is odd."""
    return (
        *(_problem_result(each, "manifest-problem", Level.ERROR) for each in problems),
        *(_problem_result(each, "manifest-warning", Level.WARNING) for each in warnings),
    )


def plan_results(plan: Plan) -> tuple[Result, ...]:
    """Guards that refuse, warnings, and each action at the place that declares it."""
    return (*_verdicts(plan), *(_action_result(action, "", fails=False) for action in plan.actions))


def drift_results(plan: Plan) -> tuple[Result, ...]:
    """The same, told as drift: what differs fails the check."""
    return (*_verdicts(plan), *(_action_result(action, "drift-", fails=True) for action in plan.actions))


def describe_action(action: Action) -> str:
    """One action in one line: what is done to whom, why, each change and each membership."""
    changes = [
        f"{show_path(each.path)} {f'{before} → ' if (before := show_before(each, action.kind)) else ''}"
        f"{show_value(each.after)}"
        for each in telling_changes(action)
    ]
    parts = [*changes, *_members("+", action.members.add), *_members("-", action.members.remove)]
    reason = f" ({why(action)})" if why(action) else ""
    return f"{name_action(action)}{reason}{': ' if parts else ''}{'; '.join(parts)}"


def name_action(action: Action) -> str:
    """What is done to whom."""
    return f"{action.kind.value} {action.type.value} {safe(action.key)}"


def _members(sign: str, members: Sequence[Member]) -> list[str]:
    shown = [f"{sign} {show_member(each)}" for each in members[:MEMBERS_SHOWN]]
    more = len(members) - MEMBERS_SHOWN
    return [*shown, f"{sign} and {more} more"] if more > 0 else shown


def _problem_result(problem: Problem, rule: str, level: Level) -> Result:
    place = Source(problem.file, problem.line, problem.column)
    message = safe(problem.message)
    return Result(rule, level, message, message, place, fails=level is Level.ERROR)


def _verdicts(plan: Plan) -> tuple[Result, ...]:
    return (
        *(_guard_result(guard) for guard in plan.guards if guard.breached),
        *(_warning_result(warning) for warning in plan.warnings),
    )


def _guard_result(guard: Guard) -> Result:
    text, way_out = explain_breach(guard)
    rule = f"guard-{_HUMP.sub('-', guard.name).lower()}"
    return Result(rule, Level.ERROR, guard.name, safe(f"refused: {text}; {way_out}"), None, fails=True)


def _warning_result(warning: str) -> Result:
    """Where a warning begins with a place, it is there."""
    found = _PLACED.match(warning)
    place = Source(found[1], int(found[2])) if found else None
    message = safe(warning[found.end() :] if found else warning)
    return Result("plan-warning", Level.WARNING, message, message, place)


def _action_result(action: Action, prefix: str, *, fails: bool) -> Result:
    rule = f"{prefix}{action.kind.value}-{action.type.value.lower()}"
    takes = action.kind is ActionKind.DEACTIVATE or action.members.remove
    level = Level.WARNING if takes else Level.NOTE
    return Result(rule, level, name_action(action), describe_action(action), action.source, fails)
