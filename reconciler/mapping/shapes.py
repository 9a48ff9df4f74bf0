"""What a mapping's rules come to for records that have the same attributes in the same order: records of one shape.

Most records of a file are. Then a record costs a step for each of its own attributes, whatever the number of rules,
and plain text costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reconciler.core.normalise import is_empty
from reconciler.core.paths import ENTERPRISE, MANAGER, parse_path
from reconciler.mapping.targets import find_converter, map_value
from reconciler.mapping.values import ValueProblem, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from reconciler.core.model import Attributes, Value
    from reconciler.mapping.computed import Computed
    from reconciler.mapping.rules import Mapping, Rule
    from reconciler.mapping.targets import Converter, Zones

Conversion: TypeAlias = "tuple[str, str, Converter]"
"""An attribute as its author names it, the target, and what makes the one's value that of the other."""
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


class Step(NamedTuple):
    """What a rule does to one attribute.

    Where `is_text`, a non-empty text is the result. Else `convert` gives it, and where that is None the rule is to be
    looked at.
    """

    source: str | None
    target: str
    is_text: bool
    convert: Converter | None
    rule: Rule


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rules come to for records that have the same attributes.

    `blank` has the targets in the order of the rules, with the values that are the same for all; what remains are the
    steps in `texts` and `values`, those whose result is the text itself and those that convert a value, and `computed`
    at last, since their values may depend on the key. Where a record's own values tell the targets, all are `others`,
    in their order: where such targets are written at creation only, `simple` is false, and where `overlaps` says that
    a whole attribute is also set in part, and the problem that this is.
    """

    steps: tuple[Step, ...]
    texts: tuple[Conversion, ...]
    values: tuple[Conversion, ...]
    others: tuple[Step, ...]
    computed: tuple[Computed, ...]
    blank: Attributes
    simple: bool
    create_only: frozenset[str]
    only_empty: frozenset[str]
    overlaps: tuple[tuple[str, Problem], ...]


class Shapes:
    """The shapes that records have under a mapping, each worked out once. `now` is what Now() gives."""

    def __init__(self, mapping: Mapping, zones: Zones, now: datetime) -> None:
        self._resource = mapping.resource
        self._zones = zones
        self._steps = tuple(self._step(rule) for rule in mapping.rules if rule.expression is None)
        self._computed = _compile(mapping, zones, now)
        self._targets = tuple(rule.target for rule in mapping.rules)
        self.of = lru_cache(MAX_SHAPES)(self._make)

    def apply(self, rule: Rule, given: Attributes) -> Attributes:
        """What a rule without an expression makes of a record. Raises ValueProblem."""
        value = rule.constant if rule.source is None else given.get(rule.source)
        if rule.default is not None and is_empty(value):
            value = rule.default
        return map_value(self._resource, rule.target, value, self._zones)

    def _step(self, rule: Rule) -> Step:
        convert = find_converter(self._resource, rule.target, self._zones)
        is_text = convert is to_text and rule.target not in _SHARED
        if convert and rule.target in _SHARED:
            convert = _Texts(convert).__getitem__
        elif convert and rule.target in _SHARED_LISTS:
            convert = _remembering_lists(convert)
        if convert and rule.default is not None:
            convert = _defaulting(convert, rule.default)
        return Step(rule.source, rule.target, is_text, convert, rule)

    def _make(self, names: tuple[str, ...]) -> Shape:
        steps = tuple(
            step for step in self._steps if step.source is None or step.source in names or step.rule.default is not None
        )
        rules = [*(step.rule for step in steps), *(each.rule for each in self._computed)]
        create_only = frozenset(rule.target for rule in rules if rule.apply == "create")
        only_empty = frozenset(rule.target for rule in rules if rule.only_empty and rule.apply == "always")
        many = [step for step in steps if step.convert is None]
        overlaps = tuple(_overlaps(rules))
        simple = not overlaps and all(step.rule.apply == "always" for step in many)
        same = [step for step in steps if step.source not in names]
        targets = {rule.target for rule in rules}
        blank: Attributes = {} if many else dict.fromkeys(target for target in self._targets if target in targets)
        try:
            for step in same:
                blank.update({} if many else self.apply(step.rule, {}))
        except ValueProblem:
            simple = False
        texts: list[Conversion] = []
        values: list[Conversion] = []
        others: list[Step] = []
        if many:  # their targets are not known before the record is, so that all are looked at one after the other
            others = [step._replace(convert=None) if step in same else step for step in steps]
        else:
            for source, target, is_text, convert, _ in steps:
                if source in names and convert:
                    (texts if is_text else values).append((source, target, convert))
        return Shape(
            steps, tuple(texts), tuple(values), tuple(others), self._computed, blank, simple,
            create_only, only_empty, overlaps,
        )  # fmt: skip


def _compile(mapping: Mapping, zones: Zones, now: datetime) -> tuple[Computed, ...]:
    """The rules with an expression; few mappings have any."""
    if all(rule.expression is None for rule in mapping.rules):
        return ()
    from reconciler.mapping.computed import compile_rule
    from reconciler.mapping.expressions.values import Surroundings

    surroundings = Surroundings(now, "", "", mapping.default_domain)
    return tuple(
        compile_rule(rule, convert, surroundings)
        for rule in mapping.rules
        if rule.expression and (convert := find_converter(mapping.resource, rule.target, zones))
    )


def _defaulting(convert: Converter, default: Value) -> Converter:
    def convert_or_default(value: Value) -> Value:
        return convert(default if is_empty(value) else value)

    return convert_or_default


class _Texts(dict["Value", "Value"]):
    """What texts come to, each converted once."""

    __slots__ = ("_convert",)

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Value) -> Value:
        converted = self._convert(value)
        if type(value) is str and isinstance(converted, str) and len(self) < MAX_SHARED:
            self[value] = converted
        return converted


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


def _overlaps(rules: Iterable[Rule]) -> list[tuple[str, Problem]]:
    """A record that gives a whole attribute and one value of it too would contradict itself."""
    whole: dict[str, str] = {}
    found: list[tuple[str, Problem]] = []
    for rule in rules:
        path = parse_path(rule.target)
        name = rule.source or rule.target
        if path.by and path.attribute in whole:
            message = f"`{name}` and `{whole[path.attribute]}` both set {path.attribute}: give one of them"
            found.append((path.attribute, ((rule.source or "",), message)))
        whole[rule.target] = name
    return found
