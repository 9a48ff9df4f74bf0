"""Functions that decide which of their arguments are evaluated, or that ask for more than values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reconciler.mapping.expressions import dates, generated, replacing
from reconciler.mapping.expressions.inner import Skipped, Unfit, check_length, is_empty, to_text, to_texts, to_truth
from reconciler.mapping.expressions.syntax import Empty, Literal
from reconciler.mapping.expressions.values import IGNORE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.core.model import Value
    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.expressions.syntax import Node
    from reconciler.mapping.expressions.values import Surroundings

    Run: TypeAlias = Callable[[Mapping[str, Value], Surroundings], Inner]
    """Source attributes and surroundings -> a value. Raises Unfit, Skipped and EvaluationProblem."""

    Build: TypeAlias = Callable[[Sequence[Node], Sequence[Run], int], Run]
    """The arguments, as nodes and made ready, and the number of the call -> the call made ready."""


def _choice(_nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    condition, if_true, if_false = runs

    def iif(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        holds = condition(attributes, surroundings)
        if holds is True or (holds is not False and to_truth(holds)):
            return if_true(attributes, surroundings)
        return if_false(attributes, surroundings)

    return iif


def _switch(nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    source, default = runs[:2]
    keys, values = nodes[2::2], runs[3::2]
    if not all(isinstance(key, (Literal, Empty)) for key in keys):
        return _switch_with_varying_keys(source, default, list(zip(runs[2::2], values, strict=True)))
    table: dict[str, Run] = {}
    for key, value in zip(keys, values, strict=True):
        table.setdefault(to_text(key.value) if isinstance(key, Literal) else "", value)

    def switch(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        value = source(attributes, surroundings)
        key = value if type(value) is str else to_text(value)
        return table.get(key, default)(attributes, surroundings)

    return switch


def _switch_with_varying_keys(source: Run, default: Run, cases: Sequence[tuple[Run, Run]]) -> Run:
    def switch(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        wanted = to_text(source(attributes, surroundings))
        for key, value in cases:
            if to_text(key(attributes, surroundings)) == wanted:
                return value(attributes, surroundings)
        return default(attributes, surroundings)

    return switch


def _coalesce(_nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    def coalesce(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        value: Inner = None
        for run in runs:
            value = run(attributes, surroundings)
            if not is_empty(value):
                return value
        return value

    return coalesce


def _join(_nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    separator, *sources = runs

    def join(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        parts: list[str] = []
        for run in sources:
            value = run(attributes, surroundings)
            if type(value) is str:
                if value:
                    parts.append(value)
            elif value is not None:
                parts += to_texts(value)
        between = to_text(separator(attributes, surroundings))
        if len(parts) > len(sources):
            check_length(len(between) * len(parts))
        return between.join(parts)

    return join


def _ignore_if_empty(_nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    source = runs[0]

    def ignore(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        value = source(attributes, surroundings)
        if is_empty(value):
            raise Skipped(IGNORE)
        return value

    return ignore


def _replace(nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    given = frozenset(place for place, node in enumerate(nodes) if place and not isinstance(node, Empty))
    carry_out, places = replacing.MODES[given]
    chosen = [runs[place] for place in places]
    return lambda attributes, surroundings: carry_out(*[run(attributes, surroundings) for run in chosen])


def _format_date_time(_nodes: Sequence[Node], runs: Sequence[Run], _number: int) -> Run:
    source, styles, layout, wanted = runs

    def format_date_time(attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        return dates.format_date_time(
            surroundings,
            source(attributes, surroundings),
            styles(attributes, surroundings),
            layout(attributes, surroundings),
            wanted(attributes, surroundings),
        )

    return format_date_time


def _now(_nodes: Sequence[Node], _runs: Sequence[Run], _number: int) -> Run:
    return lambda _attributes, surroundings: dates.now(surroundings)


def _guid(_nodes: Sequence[Node], _runs: Sequence[Run], number: int) -> Run:
    return lambda _attributes, surroundings: generated.guid(surroundings, number)


def _random_string(_nodes: Sequence[Node], runs: Sequence[Run], number: int) -> Run:
    return lambda attributes, surroundings: generated.random_string(
        surroundings, number, *[run(attributes, surroundings) for run in runs]
    )


def _default_domain(_nodes: Sequence[Node], _runs: Sequence[Run], _number: int) -> Run:
    def default_domain(_attributes: Mapping[str, Value], surroundings: Surroundings) -> Inner:
        if surroundings.default_domain is None:
            raise Unfit("the Tenant document has no `defaultDomain`")
        return surroundings.default_domain

    return default_domain


BUILDERS: dict[str, Build] = {
    "Coalesce": _coalesce,
    "DefaultDomain": _default_domain,
    "FormatDateTime": _format_date_time,
    "Guid": _guid,
    "IgnoreFlowIfNullOrEmpty": _ignore_if_empty,
    "IIF": _choice,
    "Join": _join,
    "Now": _now,
    "RandomString": _random_string,
    "Replace": _replace,
    "Switch": _switch,
}
"""Those that the registry leaves to the compiler."""
