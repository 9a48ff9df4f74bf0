"""One attribute mapping of Entra to one rule, and what is to be told about it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.entra.draft import Row
from reconciler.entra.expressions import Unbuildable, read_text, write_expression
from reconciler.mapping.expressions.parser import parse_expression
from reconciler.mapping.expressions.syntax import ExpressionProblem
from reconciler.mapping.rules import ENABLED, SOFT_DELETED
from reconciler.mapping.target_paths import TargetProblem, resolve_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.entra.schema import AttributeMapping, ValueSource
    from reconciler.mapping.expressions.syntax import Expression

_ATTRIBUTE = re.compile(r"\[([^\[\]]+)\]")
_CREATION_ONLY = frozenset(("Guid", "RandomString", "SelectUniqueValue"))
_ROLES = frozenset(
    ("AppRoleAssignments", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex", "SingleAppRoleAssignment")
)
_MEMBERS = "membership is not mapped here: a group's record has `members`, or a user's has `groups`"


class _Lost(Exception):
    """Why an attribute mapping cannot be carried over."""


def find_target(resource: ResourceType, text: str) -> str:
    """The canonical path of a target that Entra writes to. Raises TargetProblem."""
    text = text.strip()
    if resolved := _reference(resource, text):
        return resolved
    return resolve_target(resource, text, {})


def _reference(resource: ResourceType, text: str) -> str | None:
    whole = text[: -len(".value")] if text.lower().endswith(".value") else text
    names = (MANAGER.lower(), "manager") if resource is ResourceType.USER else ()
    return MANAGER if whole.lower() in names else None


def convert_attribute(resource: ResourceType, mapping: AttributeMapping, match: tuple[str, ...]) -> Row:
    """The row of an attribute mapping; `match` are the attributes that resources are found by."""
    row = Row(mapping.line, mapping.target.strip() or "(no target)", None, written=_written(mapping))
    if resource is ResourceType.GROUP and row.target.lower() == "members":
        return row.tell(_MEMBERS)
    if row.target.lower() == "id":
        return row.lose("4me gives every resource its id")
    try:
        target = find_target(resource, row.target)
        row = replace(row, target=target)
        return _with_rule(row, mapping, is_fixed=target in (*match, KEY_ATTRIBUTE[resource]))
    except (_Lost, TargetProblem, Unbuildable) as problem:
        return row.lose(str(problem))


def _written(mapping: AttributeMapping) -> str:
    source = mapping.source
    text = (source.expression.strip() or source.name) if source else "no source"
    return f"{text}, default {mapping.default}" if mapping.default else text


def _with_rule(row: Row, mapping: AttributeMapping, *, is_fixed: bool) -> Row:
    if mapping.source is None and not mapping.default:
        return row.tell("Entra leaves it alone, since it has neither a source nor a default: no rule is written")
    rule = _source_rule(mapping.source)
    expression = _parse(rule["expression"]) if "expression" in rule else None
    made_up = _find_made_up(expression, is_fixed=is_fixed)
    notes = list(_flow_notes(mapping, rule))
    if mapping.default and "constant" not in rule:
        rule["default"] = mapping.default
    if mapping.flow_type == "objectaddonly":
        rule["apply"] = "create"
    elif made_up:
        rule["apply"] = "create"
        notes.append(f"{made_up}() gives new values: set at creation only")
    notes += _expression_notes(expression) if expression else ()
    if row.target == MANAGER:
        notes.append("records name the manager by userName or externalId; Entra has a reference")
    reads = _reads(expression) if expression else tuple(text for key, text in rule.items() if key == "source")
    row = replace(row, rule=rule["source"] if list(rule) == ["source"] else rule, reads=reads)
    return reduce(Row.tell, notes, row)


def _source_rule(source: ValueSource | None) -> dict[str, str]:
    if source is None:
        return {}
    expression = write_expression(source)
    kind = source.type or _guess_type(expression)
    if kind == "attribute":
        found = _ATTRIBUTE.fullmatch(expression)
        return {"source": found[1] if found else source.name or expression}
    if kind == "constant":
        text = read_text(expression)
        constant = source.name or expression if text is None else text
        if not constant:
            raise _Lost("an empty constant: Entra sends no empty values, and here it would clear the attribute")
        return {"constant": constant}
    if kind != "function":
        raise _Lost(f"unknown type of source `{source.type}`")
    return {"expression": expression}


def _guess_type(expression: str) -> str:
    if _ATTRIBUTE.fullmatch(expression):
        return "attribute"
    return "function" if read_text(expression) is None else "constant"


def _parse(text: str) -> Expression:
    try:
        return parse_expression(text)
    except ExpressionProblem as problem:
        raise _Lost(str(problem)) from None


def _reads(expression: Expression) -> tuple[str, ...]:
    return tuple(sorted(expression.attributes, key=lambda name: (expression.text.find(f"[{name}]"), name)))


def _find_made_up(expression: Expression | None, *, is_fixed: bool) -> str | None:
    """The function that gives new values each time; on an attribute that resources are found by, that cannot be."""
    found = sorted(_CREATION_ONLY & expression.functions) if expression else []
    if found and is_fixed:
        raise _Lost(f"{found[0]}() gives new values, and resources are found by this attribute")
    return found[0] if found else None


def _flow_notes(mapping: AttributeMapping, rule: dict[str, str]) -> Iterator[str]:
    if mapping.flow_type == "multivalueaddonly":
        yield "MultiValueAddOnly: Entra only adds values here; this tool also takes away those that are not declared"
    elif mapping.flow_type not in ("", "always", "objectaddonly"):
        yield f"unknown flow type `{mapping.flow_type}`: taken for Always"
    if mapping.flow_behavior == "flowalways":
        yield "FlowAlways: Entra sends it in every cycle; this tool sends it where 4me has something else"
    if mapping.default and "constant" in rule:
        yield f"the default `{mapping.default}` is left out: a constant is never empty"


def _expression_notes(expression: Expression) -> Iterator[str]:
    if "DefaultDomain" in expression.functions:
        yield "DefaultDomain() needs `defaultDomain` in the Tenant document"
    if roles := sorted(_ROLES & expression.functions):
        yield f"{roles[0]}() reads the record's `appRoleAssignments`, which the schema does not hold"
    if SOFT_DELETED in expression.attributes:
        yield f"`{SOFT_DELETED}` is computed from the record's `{ENABLED}`, unless the record has it"
