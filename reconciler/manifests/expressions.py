"""Expressions in Mapping documents: parsed, and held to what their functions can do here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.problems import Part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reconciler.mapping.expressions.syntax import Expression
    from reconciler.mapping.rules import ApplyMode, Rule

UNIQUE, DOMAIN, CHANCE, OBJECT = "SelectUniqueValue", "DefaultDomain", ("Guid", "RandomString"), "IgnoreObjectFlow"
CREATION_ONLY: Final[ApplyMode] = "create"


class Fault(NamedTuple):
    """What is wrong in an expression, and with which part of it."""

    message: str
    part: Part


def parse(text: str) -> tuple[Expression | None, Fault | None]:
    """The expression, or what is wrong with it."""
    from reconciler.mapping.expressions.parser import parse_expression
    from reconciler.mapping.expressions.syntax import ExpressionProblem

    try:
        return parse_expression(text), None
    except ExpressionProblem as problem:
        return None, Fault(str(problem), Part(text, problem.start, problem.end))


def check_functions(rule: Rule, *, fixed: bool, domains: Collection[str]) -> Iterator[str]:
    """What is wrong with a rule's functions; `fixed`: its target is the key or matches; `domains` of the tenants."""
    functions = rule.expression.functions if rule.expression else frozenset()
    if rule.expression and OBJECT in rule.expression.keywords:
        yield f"`{OBJECT}` leaves out a whole record, which no rule can: say in `scope` which records are meant"
    for name in CHANCE:
        if name in functions and fixed:
            yield f"`{name}` makes up a value, and `{rule.target}` is what a record is found by"
        elif name in functions and rule.apply != CREATION_ONLY:
            yield f"`{name}` makes up a value, which only a new one can get: add `apply: create`"
    if UNIQUE in functions and fixed:
        yield f"`{UNIQUE}` chooses by what is in 4me, and `{rule.target}` is what a record is found by there"
    if DOMAIN in functions and not domains:
        yield f"`{DOMAIN}()` needs `defaultDomain: example.com` in the Tenant document"
    elif DOMAIN in functions and len(domains) > 1:
        yield f"`{DOMAIN}()` could be any of {', '.join(sorted(domains))}: the tenants of this set do not agree"
