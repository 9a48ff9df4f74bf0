"""A mapping, made ready to be applied to very many records.

Records that have the same attributes in the same order, as most of a file have, are of one shape: what the rules come
to for it is worked out once. Then a record costs a step for each of its own attributes, whatever the number of rules,
and plain text costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.normalise import is_empty
from reconciler.core.paths import ENTERPRISE, MANAGER, parse_path
from reconciler.mapping.targets import find_converter, map_value
from reconciler.mapping.values import ValueProblem, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.rules import Mapping, Rule
    from reconciler.mapping.targets import Converter, Zones

Problem = tuple[tuple[str | int, ...], str]
"""A path inside a record (the author's attribute name first), and what is wrong there."""
MAX_SHAPES, MAX_SHARED = 1024, 4096
_SHARED = frozenset(
    {"title", "userType", "preferredLanguage", "locale", "timezone", "name.givenName", "name.familyName", MANAGER}
    | {f"{ENTERPRISE}:{name}" for name in ("costCenter", "organization", "division", "department", "site", "location")}
)
"""Targets whose values many records have in common: equal ones are kept once."""


class Mapped(NamedTuple):
    """What the rules make of a record: attributes, the paths among them that are written at creation only, problems."""

    attributes: Attributes
    create_only: frozenset[str]
    problems: list[Problem]


class _Step(NamedTuple):
    """What a rule does to one attribute. `known` gives the result for a text that needs no look, else nothing."""

    source: str | None
    target: str
    known: Callable[[str], str | None]
    rule: Rule
    convert: Converter | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the rules come to for records that have the same attributes."""

    steps: tuple[_Step, ...]
    create_only: frozenset[str]
    overlaps: tuple[tuple[str, Problem], ...]
    """A whole attribute that is also set in part, and the problem that this is."""


class RecordMapper:
    """Applies a mapping to records. `zones` gives the IANA time zones known."""

    def __init__(self, mapping: Mapping, zones: Zones) -> None:
        self.mapping = mapping
        self._zones = zones
        self._shared: dict[str, dict[str, str]] = {target: {} for target in _SHARED}
        self._steps = tuple(self._step(rule) for rule in mapping.rules)
        self._shape = lru_cache(MAX_SHAPES)(self._make_shape)

    def map_record(self, given: Attributes) -> Mapped:
        """What the rules make of a record's attributes, in the order of the rules.

        A source that the record lacks leaves its attribute out (not managed); null or empty means: no value in 4me.
        """
        shape = self._shape(tuple(given))
        attributes: Attributes = {}
        problems: list[Problem] = []
        create_only = shape.create_only
        for step in shape.steps:
            source, target, known, _, _ = step
            value = given.get(source)  # type: ignore[arg-type]
            if type(value) is str and (text := known(value)):
                attributes[target] = text
            else:
                create_only |= self._convert(step, value, attributes, problems)
        for whole, problem in shape.overlaps:
            if whole in attributes:
                problems.append(problem)
        return Mapped(attributes, create_only, problems)

    def _step(self, rule: Rule) -> _Step:
        convert = find_converter(self.mapping.resource, rule.target, self._zones)
        known: Callable[[str], str | None] = self._shared.get(rule.target, {}).get
        if convert is to_text and rule.target not in self._shared:
            known = str
        return _Step(rule.source, rule.target, known, rule, convert)

    def _make_shape(self, names: tuple[str, ...]) -> _Shape:
        steps = tuple(
            step for step in self._steps if step.source is None or step.source in names or step.rule.default is not None
        )
        create_only = {step.target for step in steps if step.rule.apply == "create" and step.convert}
        return _Shape(steps, frozenset(create_only), tuple(_overlaps(steps)))

    def _convert(self, step: _Step, value: Value, attributes: Attributes, problems: list[Problem]) -> frozenset[str]:
        """Add what a value comes to; the paths beyond the step's own that are written at creation only."""
        rule = step.rule
        if rule.source is None:
            value = rule.constant
        elif rule.default is not None and is_empty(value):
            value = rule.default
        try:
            if step.convert is None:
                mapped = map_value(self.mapping.resource, rule.target, value, self._zones)
                attributes.update(mapped)
                return frozenset(mapped if rule.apply == "create" else ())
            attributes[rule.target] = converted = step.convert(value)
        except ValueProblem as problem:
            problems += [
                ((rule.source or "", *each.path), f"`{rule.source}`: {each}") for each in (problem, *problem.also)
            ]
            return frozenset()
        shared = self._shared.get(rule.target)
        if shared is not None and type(value) is str and isinstance(converted, str) and len(shared) < MAX_SHARED:
            shared[value] = converted
        return frozenset()


def _overlaps(steps: tuple[_Step, ...]) -> list[tuple[str, Problem]]:
    """A record that gives a whole attribute and one value of it too would contradict itself."""
    whole: dict[str, str | None] = {}
    found: list[tuple[str, Problem]] = []
    for step in steps:
        path = parse_path(step.target)
        if path.by and path.attribute in whole:
            message = f"`{step.source}` and `{whole[path.attribute]}` both set {path.attribute}: give one of them"
            found.append((path.attribute, ((step.source or "",), message)))
        whole[step.target] = step.source
    return found
