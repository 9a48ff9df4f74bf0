"""`reconciler evaluate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import at_option
from reconciler.errors import OperatorError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.core.model import Attributes
    from reconciler.mapping.trial import Trial

LONGEST = 10_000_000
"""Characters of a record's file."""


@click.command(
    epilog="Example: reconciler evaluate 'Join(\" \", [givenName], [surname])' --record givenName=Jane --record"
    " surname=Doe. A value is text; [...] and {...} are JSON, null is no value, and name:=JSON takes any JSON."
    " --record @FILE reads a JSON object. Exit codes: 0 evaluated, 1 wrong expression or values."
)
@click.argument("expression")
@click.option(
    "--record", "given", multiple=True, metavar="NAME=VALUE", help="An attribute of the record (repeatable), or @FILE."
)
@at_option
@click.option("--key", default="", metavar="KEY", help="The record's key, which Guid and RandomString depend on.")
@click.option("--default-domain", metavar="DOMAIN", help="What DefaultDomain() gives.")
@click.option("--taken", multiple=True, metavar="VALUE", help="What SelectUniqueValue may not choose (repeatable).")
@click.option("--steps", is_flag=True, help="Show each step with its value, on stderr.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(console: Console, /, expression: str, given: tuple[str, ...], **chosen: Any) -> int:
    """Try an expression of the mapping language on a record."""
    from reconciler.manifests.inside import excerpt
    from reconciler.mapping.expressions.syntax import ExpressionProblem
    from reconciler.mapping.expressions.values import EvaluationProblem, Surroundings
    from reconciler.mapping.trial import try_expression
    from reconciler.report.explain import render_steps
    from reconciler.report.words import safe

    surroundings = Surroundings(chosen["at"] or datetime.now(UTC), chosen["key"], "", chosen["default_domain"])
    try:
        trial = try_expression(expression, _record(given), surroundings, chosen["taken"])
    except (ExpressionProblem, EvaluationProblem) as problem:
        shown = excerpt(expression, (problem.start, problem.end))
        raise OperatorError(f"{_place(expression, problem.start)}: {problem}\n{shown}") from None
    for warning in trial.warnings:
        console.say(safe(f"warning: {_place(expression, warning.start)}: {warning.message}"))
    if chosen["steps"]:
        console.say(render_steps(trial.steps))
    console.out(_as_json(trial) if chosen["output_format"] == "json" else _as_text(trial))
    return 0


def _place(expression: str, offset: int) -> str:
    before = expression[:offset]
    return f"expression:{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def _record(given: tuple[str, ...]) -> Attributes:
    record: dict[str, Any] = {}
    for each in given:
        name, mark, value = each.partition("=")
        if each.startswith("@"):
            record |= _read(Path(each[1:]))
        elif each.startswith("{"):
            record |= _object(each, "--record")
        elif not mark or not name:
            raise UsageError(f"--record {each}: expected NAME=VALUE, @FILE or a JSON object")
        elif name.endswith(":"):
            record[name[:-1]] = _json(value, f"--record {name}=")
        else:
            record[name] = _value(value)
    return record


def _value(text: str) -> Any:
    if text == "null":
        return None
    if text[:1] in ("[", "{"):
        try:
            return _parsed(text)
        except ValueError:
            return text
    return text


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except UnicodeDecodeError:
        raise OperatorError(f"{path} cannot be read: it is not UTF-8 text") from None
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
    if len(text) > LONGEST:
        raise OperatorError(f"{path} is not read: a record of more than {LONGEST:,} characters")
    return _object(text, str(path))


def _object(text: str, where: str) -> dict[str, Any]:
    value = _json(text, where)
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a JSON object of attributes")
    return value


def _json(text: str, where: str) -> Any:
    try:
        return _parsed(text)
    except ValueError as error:
        raise UsageError(f"{where}: no JSON: {error}") from None


def _parsed(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number in JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("too many levels") from None


def _as_text(trial: Trial) -> str:
    from reconciler.mapping.expressions.values import IGNORE, Ignore
    from reconciler.report.words import safe

    if isinstance(trial.value, Ignore):
        what = "leave the attribute as it is" if trial.value is IGNORE else "leave out the whole record"
        return f"(not written: the expression says to {what})"
    return safe(trial.value if isinstance(trial.value, str) else json.dumps(trial.value, ensure_ascii=False))


def _as_json(trial: Trial) -> str:
    from reconciler.mapping.expressions.values import Ignore
    from reconciler.report.explain import steps_as_values
    from reconciler.report.json_text import json_text

    ignored = isinstance(trial.value, Ignore)
    shown = {"value": None if ignored else trial.value, "ignored": ignored, "steps": steps_as_values(trial.steps)}
    return json_text(shown)
