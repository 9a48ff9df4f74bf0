"""A mapping, made ready to be applied to very many records: see `reconciler.mapping.shapes` for how that is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.normalise import as_boolean
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.mapping.rules import ENABLED, SOFT_DELETED
from reconciler.mapping.shapes import Shapes
from reconciler.mapping.values import ValueProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from reconciler.core.model import Attributes, Choices
    from reconciler.mapping.computed import Computed
    from reconciler.mapping.rules import Mapping
    from reconciler.mapping.scope import Scope
    from reconciler.mapping.shapes import Problem, Shape, Step
    from reconciler.mapping.targets import Zones


class Mapped(NamedTuple):
    """What a mapping makes of a record, see `Record`, and the problems that there are."""

    attributes: Attributes
    create_only: frozenset[str] = frozenset()
    problems: Sequence[Problem] = ()
    only_empty: frozenset[str] = frozenset()
    choices: Choices = ()
    outside: str | None = None


class RecordMapper:
    """Applies a mapping to records. `zones` gives the IANA time zones known, `now` is what Now() gives."""

    def __init__(self, mapping: Mapping, zones: Zones, now: datetime) -> None:
        self.mapping = mapping
        self._shapes = Shapes(mapping, zones, now)
        self._scope = _scope(mapping)
        self._key = KEY_ATTRIBUTE[mapping.resource]
        self._spellings = tuple(mapping.spellings())
        self._completes = bool(self._spellings) or SOFT_DELETED in mapping.sources()

    def complete(self, given: Attributes) -> Attributes:
        """A record's attributes, each under all its spellings, and the one that Entra computes."""
        completed = dict(given)
        for names in self._spellings:
            present = next((name for name in names if name in given), None)
            if present:
                completed |= {name: given[present] for name in names if name not in given}
        completed.setdefault(SOFT_DELETED, as_boolean(given.get(ENABLED)) is False)
        return completed

    def map_record(self, given: Attributes) -> Mapped:
        """What the mapping makes of a record's attributes.

        A source that the record lacks leaves its attribute out (not managed); null or empty means: no value in 4me.
        Of a record out of scope, only what it can be found by is mapped.
        """
        if self._completes:
            given = self.complete(given)
        if self._scope:
            judged = self._judge(self._scope, given)
            if judged:
                return judged
        shape = self._shapes.of(tuple(given))
        if not shape.simple:
            return self._map_with_care(shape, given)
        attributes = shape.blank.copy()
        try:
            for source, target, convert in shape.texts:
                value = given[source]
                attributes[target] = value if type(value) is str and value else convert(value)
            for source, target, convert in shape.values:
                attributes[target] = convert(given[source])
            for step in shape.others:
                if step.convert is None:
                    attributes.update(self._shapes.apply(step.rule, given))
                else:
                    attributes[step.target] = step.convert(given[step.source])  # type: ignore[index]
            choices = self._compute(shape.computed, given, attributes) if shape.computed else ()
        except (ValueProblem, TypeError):  # a list or map where text is expected is no key of what is shared
            return self._map_with_care(shape, given)
        return Mapped(attributes, shape.create_only, (), shape.only_empty, choices)

    def _judge(self, scope: Scope, given: Attributes) -> Mapped | None:
        """What becomes of a record that is out of scope, or of which that cannot be said."""
        from reconciler.mapping.scope import ScopeProblem

        try:
            reason = scope.why_outside(given)
        except ScopeProblem as problem:
            return Mapped({}, problems=[((problem.attribute,), str(problem))], outside=str(problem))
        if reason is None:
            return None
        shape = self._shapes.of(tuple(given))
        found_by = {self._key, *self.mapping.match}
        steps = [step for step in shape.steps if step.target in found_by]
        computed = [each for each in shape.computed if each.rule.target in found_by]
        return Mapped(self._map_each(steps, computed, given).attributes, outside=reason)

    def _compute(self, computed: Iterable[Computed], given: Attributes, attributes: Attributes) -> Choices:
        """Adds what expressions come to, and gives what is to be chosen. Raises ValueProblem."""
        from reconciler.mapping.computed import LEFT

        choices: list[tuple[str, tuple[str, ...]]] = []
        for each in computed:
            key, target = str(attributes.get(self._key) or ""), each.rule.target
            if each.choose:
                candidates = each.choices(given, key)
                choices.append((target, candidates))
                attributes[target] = candidates[0] if candidates else None
                continue
            value = each.value(given, key)
            if value is LEFT:
                attributes.pop(target, None)
            else:
                attributes[target] = value
        return tuple(choices)

    def _map_with_care(self, shape: Shape, given: Attributes) -> Mapped:
        mapped = self._map_each(shape.steps, shape.computed, given)
        overlaps = [problem for whole, problem in shape.overlaps if whole in mapped.attributes]
        return mapped._replace(problems=[*mapped.problems, *overlaps], only_empty=shape.only_empty)

    def _map_each(self, steps: Iterable[Step], computed: Iterable[Computed], given: Attributes) -> Mapped:
        """One rule after the other, and every problem."""
        attributes: Attributes = {}
        create_only: set[str] = set()
        problems: list[Problem] = []
        choices: Choices = ()
        for step in steps:
            try:
                mapped = self._shapes.apply(step.rule, given)
            except ValueProblem as problem:
                name = step.source or step.target
                problems += _told(step.source or "", name, problem)
                continue
            attributes.update(mapped)
            if step.rule.apply == "create":
                create_only.update(mapped)
        for each in computed:
            target = each.rule.target
            try:
                choices += self._compute((each,), given, attributes)
            except ValueProblem as problem:
                problems += _told(next((name for name in given if name in each.reads), ""), target, problem)
            if each.rule.apply == "create":
                create_only.add(target)
        return Mapped(attributes, frozenset(create_only), problems, choices=choices)


def _scope(mapping: Mapping) -> Scope | None:
    """Few mappings have one."""
    if not mapping.scope:
        return None
    from reconciler.mapping.scope import Scope

    return Scope(mapping.scope)


def _told(place: str, name: str, problem: ValueProblem) -> list[Problem]:
    return [((place, *each.path), f"`{name}`: {each}") for each in (problem, *problem.also)]
