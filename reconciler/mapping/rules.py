"""Mapping rules: where the values of SCIM attributes come from, and for which records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.model import ResourceType, Value
    from reconciler.mapping.expressions.syntax import Expression
    from reconciler.mapping.scope import ScopeFilter

ApplyMode = Literal["always", "create"]
SOFT_DELETED, ENABLED = "IsSoftDeleted", "accountEnabled"
"""An attribute that Entra computes, and the one that it is computed from here."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One target attribute and where its value comes from: a record's attribute, an expression over it, or a constant.

    `default` stands in where that gives nothing; with a default only, the attribute is written where 4me has no value
    and else left alone. `apply: create` writes at creation only.
    """

    target: str
    source: str | None = None
    constant: Value = None
    default: Value = None
    apply: ApplyMode = "always"
    expression: Expression | None = None

    @property
    def only_empty(self) -> bool:
        """Whether there is nothing but a default (a mapping of type "none" in Entra)."""
        given = self.source is not None or self.expression is not None or self.constant is not None
        return not given and self.default is not None

    def reads(self) -> frozenset[str]:
        """The author's attribute names that it reads."""
        if self.expression is not None:
            return self.expression.attributes
        return frozenset((self.source,)) if self.source else frozenset()


@dataclass(frozen=True, slots=True)
class Mapping:
    """All rules of one resource type.

    `match`: matching attributes in order of precedence. `scope`: filters of which a record must pass one, none for
    all records. `default_domain`: what DefaultDomain() gives.
    """

    resource: ResourceType
    match: tuple[str, ...]
    rules: tuple[Rule, ...]
    scope: tuple[ScopeFilter, ...] = ()
    default_domain: str | None = None

    def sources(self) -> frozenset[str]:
        """The author's attribute names that some rule or scoping filter reads."""
        names = {name for rule in self.rules for name in rule.reads()}
        names.update(clause.attribute for each in self.scope for clause in each.clauses)
        return frozenset((*names, ENABLED) if SOFT_DELETED in names else names)

    def functions(self) -> frozenset[str]:
        """The names of the functions that some rule calls."""
        return frozenset(name for rule in self.rules if rule.expression for name in rule.expression.functions)

    def spellings(self) -> Iterator[tuple[str, ...]]:
        """Names that differ in case only, and so mean one attribute; the first one that a rule reads leads."""
        found: dict[str, dict[str, None]] = {}
        for rule in self.rules:
            for name in sorted(rule.reads()):
                found.setdefault(name.casefold(), {})[name] = None
        for each in self.scope:
            for clause in each.clauses:
                found.setdefault(clause.attribute.casefold(), {})[clause.attribute] = None
        return (tuple(names) for names in found.values() if len(names) > 1)
