"""How a record's attributes come about: scoping filters, rules, and the steps of expressions with their values."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.mapping.mapper import RecordMapper

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.core.model import Attributes, Live, Member, Record, Value
    from reconciler.core.plan_model import Action
    from reconciler.mapping.expressions.tracing import Step
    from reconciler.mapping.expressions.values import Ignore
    from reconciler.mapping.mapper import Mapped
    from reconciler.mapping.rules import Mapping, Rule
    from reconciler.mapping.scope import FilterVerdict
    from reconciler.mapping.targets import Zones


@dataclass(frozen=True, slots=True)
class Explained:
    """How one rule came to what it gives.

    `reads`: the attributes that it reads, with the record's values. `attributes`: what it gives, nothing where the
    attribute is not managed. `choices`: the values of which the first free one is taken for a new resource.
    """

    rule: Rule
    reads: Attributes
    steps: tuple[Step, ...]
    attributes: Attributes
    used_default: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a mapping makes of a record, and why. `mapped` is all of it; `rules` are those that had anything to do."""

    filters: tuple[FilterVerdict, ...]
    mapped: Mapped
    rules: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class InLive:
    """What 4me has of a record: the matching attribute that found it, the resource, and what a plan would do.

    `names`: what to call the users that were read, by id.
    """

    matched_by: str | None
    live: Live | None
    action: Action | None
    warnings: tuple[str, ...]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """A record by its key, as its author wrote it, what became of it, and of which rules that is to be told.

    `in_live` is None where 4me was not asked. `members`: of a group whose membership is managed, as it is declared on
    both sides; `groups`: those that a user is declared to be in.
    """

    key: str
    given: Attributes
    record: Record
    mapping: Mapping
    explanation: Explanation
    rules: tuple[Explained, ...]
    members: tuple[Member, ...] | None = None
    groups: tuple[str, ...] = ()
    in_live: InLive | None = None


def explain_record(mapping: Mapping, zones: Zones, now: datetime, given: Attributes) -> Explanation:
    """The explanation of a record's attributes as its author wrote them; `zones` and `now` as for RecordMapper."""
    mapper = RecordMapper(mapping, zones, now)
    mapped = mapper.map_record(given)
    completed = {**mapper.complete(given), **given}
    key = str(mapped.attributes.get(KEY_ATTRIBUTE[mapping.resource]) or "")
    at = (now, key, "", mapping.default_domain)
    rules = [_explain_rule(rule, mapped, completed, at) for rule in mapping.rules]
    return Explanation(
        _judge(mapping, completed),
        mapped,
        tuple(each for each in rules if each.attributes or each.rule.expression or any(n in given for n in each.reads)),
    )


def _judge(mapping: Mapping, given: Attributes) -> tuple[FilterVerdict, ...]:
    if not mapping.scope:
        return ()
    from reconciler.mapping.scope import judge

    return judge(mapping.scope, given)


def _explain_rule(
    rule: Rule, mapped: Mapped, given: Attributes, at: tuple[datetime, str, str, str | None]
) -> Explained:
    steps: tuple[Step, ...] = ()
    result: Value | Ignore = given.get(rule.source) if rule.source else rule.constant
    if rule.expression:
        from reconciler.mapping.expressions.compiler import compile_expression
        from reconciler.mapping.expressions.tracing import trace
        from reconciler.mapping.expressions.values import EvaluationProblem, Surroundings

        surroundings = replace(Surroundings(*at), target=rule.target)
        steps = trace(rule.expression, given, surroundings)
        with suppress(EvaluationProblem):
            result = compile_expression(rule.expression)(given, surroundings)
    return Explained(
        rule,
        {name: given.get(name) for name in sorted(rule.reads())},
        steps,
        {path: value for path, value in mapped.attributes.items() if _is_of(rule.target, path)},
        used_default=rule.default is not None and (result is None or result in ("", [])),
        choices=dict(mapped.choices).get(rule.target, ()),
    )


def _is_of(target: str, path: str) -> bool:
    """Whether a path is a rule's target, or a part of one that comes to several attributes."""
    return path == target or path.startswith((f"{target}.", f"{target}:"))
