"""stderr: talk as text for people, or as one JSON object a line for tools (`--log-format json`; docs/logs.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import click

from reconciler.core.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.plan_model import Outcome
    from reconciler.errors import Problem, ReconcilerError
    from reconciler.scim.exchanged import Exchanged

LogFormat = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]
LONGEST_BODY = 10_000
"""Characters of a body that are shown, where bodies are asked for."""
_WARNING = "warning: "


@dataclass(slots=True)
class Log:
    """Where talk goes. `trace_id`: of the run, the same in all of its lines (W3C Trace Context)."""

    format: LogFormat = "text"
    trace_id: str = ""

    @property
    def is_text(self) -> bool:
        """Whether people read it."""
        return self.format == "text"

    def render(self, text: str, level: Level = "info", **fields: Any) -> str:
        """One line. `fields` are for tools only; text that begins with `warning: ` is one."""
        if self.is_text:
            return text
        import json

        if text.startswith(_WARNING):
            text, level = text.removeprefix(_WARNING), "warning"
        at = format_time(datetime.now(UTC), "milliseconds")
        line = {"time": at, "level": level, "message": text, "trace_id": self.trace_id, **fields}
        return json.dumps(line, ensure_ascii=False)

    def tell_error(self, error: ReconcilerError) -> None:
        """The message, each problem and the hint; nothing that is quoted in them can steer the terminal."""
        from reconciler.errors import ManifestError, UsageError
        from reconciler.report.words import safe

        problems = error.problems if isinstance(error, ManifestError) else ()
        if not self.is_text:
            fields = {"exit_code": error.exit_code, "hint": error.hint, "problems": [*map(_problem, problems)]}
            self._echo(error.message, "error", **{name: value for name, value in fields.items() if value})
            return
        lines = [line for each in problems for line in (str(each), *each.excerpt.splitlines())]
        lines += f"error: {error.message}".splitlines()
        if error.hint:
            lines.append(f"hint: {error.hint}")
        elif isinstance(error, UsageError):
            lines.append("Try 'reconciler --help' for help.")
        for line in lines:
            click.echo(safe(line), err=True)

    def tell_click(self, error: click.ClickException, exit_code: int) -> None:
        """What click has to say of the command line; none of its words can steer the terminal."""
        if not self.is_text:
            self._echo(error.format_message(), "error", exit_code=exit_code)
            return
        from reconciler.report.words import safe

        shown = StringIO()
        error.show(shown)
        for line in shown.getvalue().rstrip("\n").split("\n"):
            click.echo(safe(line), err=True)

    def tell_interrupted(self, exit_code: int) -> None:
        """Somebody pressed Ctrl-C, which a terminal shows as `^C`."""
        if self.is_text:
            click.echo(err=True)
        self._echo("interrupted", "error", exit_code=exit_code)

    def _echo(self, text: str, level: Level, **fields: Any) -> None:
        click.echo(self.render(text, level, **fields), err=True)


def describe_request(exchanged: Exchanged, *, bodies: bool) -> Iterator[str]:
    """One request for people, a line or more; with `bodies`, what it looked for and what was said as well."""
    from reconciler.report.words import safe

    query = exchanged.query if bodies else exchanged.shape
    target = f"{exchanged.path}?{query}" if query else exchanged.path
    came = exchanged.failure if exchanged.status is None else str(exchanged.status)
    milliseconds, size = round(exchanged.seconds * 1000), len(exchanged.received)
    yield safe(f"{exchanged.method} {target}: {came}, {milliseconds} ms, {size} bytes")
    for name, body in (("sent", exchanged.sent), ("received", exchanged.received)) if bodies else ():
        if body:
            yield safe(f"  {name}: {_body(body)}")


def request_fields(exchanged: Exchanged, *, bodies: bool) -> dict[str, Any]:
    """One request for tools, by the names of OpenTelemetry's semantic conventions; times in seconds."""
    started = format_time(datetime.fromtimestamp(exchanged.started, UTC), "milliseconds")
    fields: dict[str, Any] = {
        "event": "request",
        "http.request.method": exchanged.method,
        "url.path": exchanged.path,
        "url.query": exchanged.query if bodies else exchanged.shape,
        "http.response.status_code": exchanged.status,
        "error.type": exchanged.failure or None,
        "start_time": started,
        "duration": round(exchanged.seconds, 6),
        "http.request.body.size": len(exchanged.sent),
        "http.response.body.size": len(exchanged.received),
    }
    if bodies:
        fields |= {"http.request.body": _body(exchanged.sent), "http.response.body": _body(exchanged.received)}
    return fields


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """What became of one action, for tools."""
    action = outcome.action
    return {
        "action": action.kind.value,
        "resource": action.type.value,
        "key": action.key,
        "id": outcome.id,
        "status": outcome.status.value,
        "detail": outcome.detail or None,
    }


def _body(body: bytes) -> str:
    text = body[: LONGEST_BODY * 4].decode("utf-8", "replace")
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}… ({len(body)} bytes)"


def _problem(problem: Problem) -> dict[str, Any]:
    place = {"file": problem.file, "line": problem.line, "column": problem.column}
    return {**place, "message": problem.message}
