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
    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.rules import Mapping, Rule
    from reconciler.mapping.targets import Converter, Zones

Problem = tuple[tuple[str | int, ...], str]
"""A path inside a record (the author's attribute name first), and what is wrong there."""
MAX_SHAPES, MAX_SHARED = 1024, 32768
_SHARED = frozenset(
    {"title", "userType", "preferredLanguage", "locale", "timezone", "name.givenName", "name.familyName", MANAGER}
    | {f"{ENTERPRISE}:{name}" for name in ("costCenter", "organization", "division", "department", "site", "location")}
)
_SHARED_LISTS = frozenset(("roles", "entitlements"))
SHARED = _SHARED | _SHARED_LISTS
"""Targets whose values many records have in common: equal ones are kept once."""


class Mapped(NamedTuple):
    """What the rules make of a record: attributes, the paths among them that are written at creation only, problems."""

    attributes: Attributes
    create_only: frozenset[str]
    problems: list[Problem]


class _Step(NamedTuple):
    """What a rule does to one attribute.

    What `shared` has for a value is the result; where `is_text`, a non-empty text is it. Else `convert` gives it, and
    where that is None the rule is to be looked at.
    """

    source: str | None
    target: str
    is_text: bool
    shared: dict[str, str] | None
    convert: Converter | None
    rule: Rule


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the rules come to for records that have the same attributes.

    `blank` has the targets in the order of the rules, with the values that are the same for all; what remains are the
    steps in `shared`, `texts` and `others`, by how quick they are. Where a record's own values tell the targets, all
    are `others`, in their order: where such targets are written at creation only, `simple` is false, and where
    `overlaps` says that a whole attribute is also set in part, and the problem that this is.
    """

    steps: tuple[_Step, ...]
    shared: tuple[_Step, ...]
    texts: tuple[_Step, ...]
    others: tuple[_Step, ...]
    blank: Attributes
    simple: bool
    create_only: frozenset[str]
    overlaps: tuple[tuple[str, Problem], ...]


class RecordMapper:
    """Applies a mapping to records. `zones` gives the IANA time zones known."""

    def __init__(self, mapping: Mapping, zones: Zones) -> None:
        self.mapping = mapping
        self._zones = zones
        self._steps = tuple(self._step(rule) for rule in mapping.rules)
        self._shape = lru_cache(MAX_SHAPES)(self._make_shape)

    def map_record(self, given: Attributes) -> Mapped:
        """What the rules make of a record's attributes, in the order of the rules.

        A source that the record lacks leaves its attribute out (not managed); null or empty means: no value in 4me.
        """
        shape = self._shape(tuple(given))
        if not shape.simple:
            return self._map_with_care(shape, given)
        attributes = shape.blank.copy()
        try:
            for source, target, _, shared, convert, _ in shape.shared:
                value = given[source]  # type: ignore[index]
                attributes[target] = shared.get(value) or convert(value)  # type: ignore[union-attr,arg-type,misc]
            for source, target, _, _, convert, _ in shape.texts:
                value = given[source]  # type: ignore[index]
                attributes[target] = value if type(value) is str and value else convert(value)  # type: ignore[misc]
            for step in shape.others:
                if step.convert is None:
                    attributes.update(self._apply(step.rule, given))
                else:
                    attributes[step.target] = step.convert(given[step.source])  # type: ignore[index]
        except (ValueProblem, TypeError):  # a list or map where text is expected is no key of what is shared
            return self._map_with_care(shape, given)
        return Mapped(attributes, shape.create_only, [])

    def _map_with_care(self, shape: _Shape, given: Attributes) -> Mapped:
        attributes: Attributes = {}
        create_only: set[str] = set()
        problems: list[Problem] = []
        for step in shape.steps:
            rule = step.rule
            try:
                mapped = self._apply(rule, given)
            except ValueProblem as problem:
                problems += [
                    ((rule.source or "", *each.path), f"`{rule.source}`: {each}") for each in (problem, *problem.also)
                ]
                continue
            attributes.update(mapped)
            if rule.apply == "create":
                create_only.update(mapped)
        problems += [problem for whole, problem in shape.overlaps if whole in attributes]
        return Mapped(attributes, frozenset(create_only), problems)

    def _apply(self, rule: Rule, given: Attributes) -> Attributes:
        value = rule.constant if rule.source is None else given.get(rule.source)
        if rule.source is not None and rule.default is not None and is_empty(value):
            value = rule.default
        return map_value(self.mapping.resource, rule.target, value, self._zones)

    def _step(self, rule: Rule) -> _Step:
        convert = find_converter(self.mapping.resource, rule.target, self._zones)
        shared: dict[str, str] | None = {} if convert and rule.target in _SHARED else None
        is_text = convert is to_text and shared is None
        if convert and shared is not None:
            convert = _remembering(convert, shared)
        elif convert and rule.target in _SHARED_LISTS:
            convert = _remembering_lists(convert)
        if convert and rule.default is not None:
            convert = _defaulting(convert, rule.default)
        return _Step(rule.source, rule.target, is_text, shared, convert, rule)

    def _make_shape(self, names: tuple[str, ...]) -> _Shape:
        steps = tuple(
            step for step in self._steps if step.source is None or step.source in names or step.rule.default is not None
        )
        create_only = frozenset(step.target for step in steps if step.rule.apply == "create")
        many = [step for step in steps if step.convert is None]
        overlaps = tuple(_overlaps(steps))
        simple = not overlaps and all(step.rule.apply == "always" for step in many)
        same = [step for step in steps if step.source not in names]
        blank: Attributes = {} if many else dict.fromkeys(step.target for step in steps)
        try:
            for step in same:
                blank.update({} if many else self._apply(step.rule, {}))
        except ValueProblem:
            simple = False
        if many:  # their targets are not known before the record is, so that all are looked at one after the other
            others = tuple(step._replace(convert=None) if step in same else step for step in steps)
            return _Shape(steps, (), (), others, blank, simple, create_only, overlaps)
        shared = tuple(step for step in steps if step.shared is not None and step not in same)
        texts = tuple(step for step in steps if step.is_text and step not in same)
        others = tuple(step for step in steps if step.shared is None and not step.is_text and step not in same)
        return _Shape(steps, shared, texts, others, blank, simple, create_only, overlaps)


def _defaulting(convert: Converter, default: Value) -> Converter:
    def convert_or_default(value: Value) -> Value:
        return convert(default if is_empty(value) else value)

    return convert_or_default


def _remembering(convert: Converter, shared: dict[str, str]) -> Converter:
    def remember(value: Value) -> Value:
        if type(value) is str and (known := shared.get(value)):
            return known
        converted = convert(value)
        if type(value) is str and isinstance(converted, str) and len(shared) < MAX_SHARED:
            shared[value] = converted
        return converted

    return remember


def _remembering_lists(convert: Converter) -> Converter:
    shared: dict[tuple[Value, ...], Value] = {}

    def remember(value: Value) -> Value:
        if not isinstance(value, list):
            return convert(value)
        key = tuple(value)
        try:
            return shared[key]
        except (KeyError, TypeError):  # a map is no part of a key
            converted = convert(value)
        if len(shared) < MAX_SHARED and set(map(type, key)) == {str}:
            shared[key] = converted
        return converted

    return remember


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
