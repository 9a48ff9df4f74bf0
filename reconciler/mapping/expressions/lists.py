"""Functions of multi-valued attributes, and of the roles that someone is assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.mapping.expressions.inner import Unfit, is_empty, is_null, shown, to_text, to_whole

if TYPE_CHECKING:
    from reconciler.core.model import Value
    from reconciler.mapping.expressions.inner import Inner


def _values(value: Inner) -> list[Value]:
    values = value if isinstance(value, list) else [value if isinstance(value, dict) else to_text(value)]
    return [each for each in values if not is_empty(each)]


def count(attribute: Inner) -> Inner:
    """The number of values."""
    return len(_values(attribute))


def to_index(value: Inner) -> int:
    """A position from 1."""
    index = to_whole(value)
    if index < 1:
        raise Unfit(f"expected the number of a value from 1 on, found {shown(value)}")
    return index


def item(attribute: Inner, index: Inner) -> Inner:
    """The value of this number, from 1; NULL behind the last."""
    values, number = _values(attribute), to_index(index)
    return values[number - 1] if number <= len(values) else None


def remove_duplicates(attribute: Inner) -> Inner:
    """Each value once, in the order of their first places; case matters."""
    if not isinstance(attribute, list):
        return attribute
    kept: list[Value] = []
    for each in _values(attribute):
        if each not in kept:
            kept.append(each)
    return kept or None


def role_names(assignments: Inner) -> Inner:
    """The names of all roles."""
    names: list[Value] = [_role(each)["value"] for each in _roles(assignments)]
    return names or None


def role_objects(assignments: Inner) -> Inner:
    """All roles as SCIM has them, none of them primary."""
    roles: list[Value] = [_role(each) | {"primary": False} for each in _roles(assignments)]
    return roles or None


def single_role(assignments: Inner) -> Inner:
    """The name of the only role."""
    roles = _roles(assignments)
    if len(roles) > 1:
        raise Unfit(f"expected one role, found {len(roles)}; AppRoleAssignmentsComplex takes all of them")
    return _role(roles[0])["value"] if roles else None


def _roles(assignments: Inner) -> list[Value]:
    return [] if is_null(assignments) else _values(assignments)


def _role(assignment: Value) -> dict[str, Value]:
    """`value` and `display` of a role: a text, or an object with `value`, `displayName` or `display`."""
    if not isinstance(assignment, dict):
        return {"value": to_text(assignment)}
    given = {name.lower(): each for name, each in assignment.items()}
    display = to_text(given.get("displayname") or given.get("display"))
    value = to_text(given.get("value")) or display
    if not value:
        raise Unfit("expected a role with a `value` or a `displayName`")
    return {"value": value, "display": display} if display else {"value": value}
