"""Mapping documents to mappings: overriding and dropping of a profile's rules, and what is wrong with a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from reconciler.core.model import ResourceType
from reconciler.core.schema import KEY_ATTRIBUTE, MATCHABLE
from reconciler.manifests.documents import MappingDocument, RuleDocument, explain
from reconciler.manifests.expressions import CREATION_ONLY, UNIQUE, check_functions, parse
from reconciler.manifests.problems import Part
from reconciler.manifests.profiles import profile, short_names
from reconciler.manifests.records import STRUCTURE
from reconciler.mapping.rules import Mapping, Rule
from reconciler.mapping.target_paths import TargetProblem, resolve_target
from reconciler.mapping.targets import find_converter, map_value
from reconciler.mapping.values import ValueProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.model import Value
    from reconciler.manifests.documents import ScopeFilterDocument
    from reconciler.manifests.problems import Problems
    from reconciler.manifests.records import RecordDocument
    from reconciler.mapping.expressions.syntax import Expression
    from reconciler.mapping.scope import ScopeFilter
    from reconciler.mapping.targets import Zones


class Finding(NamedTuple):
    """What is wrong at a path in a document; `part`: of the text that stands there, what is wrong."""

    path: tuple[str | int, ...]
    message: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class MappingResult:
    """A mapping, or None and what is wrong with its document; `warnings` are no reason to refuse it."""

    mapping: Mapping | None
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What a document is checked against: the IANA time zones known, and the tenants' default domains."""

    zones: Zones
    domains: frozenset[str] = frozenset()

    @property
    def domain(self) -> str | None:
        """The default domain, where all tenants that have one agree."""
        return next(iter(self.domains)) if len(self.domains) == 1 else None


def read_mappings(
    documents: Sequence[RecordDocument], known: Around, problems: Problems
) -> dict[ResourceType, Mapping]:
    """The mappings that `kind: Mapping` documents declare, as far as they are valid."""
    mappings: dict[ResourceType, Mapping] = {}
    first: dict[str, RecordDocument] = {}
    for document in documents:
        result = build_mapping(document.value, known)
        for path, message, part in result.findings:
            problems.report(document.file, (*document.path, *path), message, part)
        for path, message, part in result.warnings:
            problems.warn(document.file, (*document.path, *path), message, part)
        resource = document.value.get("resource")
        earlier = first.setdefault(resource, document) if isinstance(resource, str) else document
        if earlier is not document:
            message = f"a second mapping of {resource}s: also at {earlier.file}:{earlier.place[0]}"
            problems.report(document.file, (*document.path, "resource"), message)
        if result.mapping:
            mappings[result.mapping.resource] = result.mapping
    return mappings


def build_mapping(document: dict[str, Value], known: Around) -> MappingResult:
    """The mapping that a `kind: Mapping` document declares, its profile's rules included."""
    try:
        parsed = MappingDocument.model_validate(document)
    except ValidationError as error:
        found = tuple(_trimmed(explain(MappingDocument, error)))
        return MappingResult(None, (*found, *_check_rest(document, found, known)))
    return _Builder(parsed, known).build()


def _check_rest(document: dict[str, Value], found: Iterable[Finding], known: Around) -> tuple[Finding, ...]:
    """What else is wrong, in the parts of a document that have the right shape."""
    rest = dict(document)
    attributes = rest.get("attributes")
    if isinstance(attributes, dict):
        rest["attributes"] = attributes = dict(attributes)
    for each in found:
        if each.path[:1] == ("attributes",) and isinstance(attributes, dict) and len(each.path) > 1:
            attributes.pop(str(each.path[1]), None)
        else:
            rest.pop(str(each.path[0] if each.path else ""), None)
    try:
        return _Builder(MappingDocument.model_validate(rest), known).check()
    except ValidationError:
        return ()


def _trimmed(findings: Iterable[tuple[tuple[str | int, ...], str]]) -> Iterator[Finding]:
    """Without the names that pydantic gives the branches of a union, each place once."""
    seen: set[tuple[str | int, ...]] = set()
    for path, message in findings:
        place = tuple(step for step in path if step not in ("RuleDocument", "str"))
        if path[-1:] == ("str",) or place in seen:
            continue
        seen.add(place)
        whole = path[-1:] == (RuleDocument.__name__,)
        yield Finding(place, f"`{place[-1]}`: expected an attribute's name, a rule or null" if whole else message)


@dataclass(slots=True)
class _Builder:
    """Checks a document part by part; what a rule comes to is worked out once."""

    parsed: MappingDocument
    known: Around
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def check(self) -> tuple[Finding, ...]:
        """What is wrong with its parts, each for itself."""
        self._read()
        return tuple(self.findings)

    def build(self) -> MappingResult:
        mapping = self._read()
        if self.findings:
            return MappingResult(None, tuple(self.findings))
        resource = mapping.resource
        if KEY_ATTRIBUTE[resource] not in {rule.target for rule in mapping.rules}:
            missing = f"no rule for `{KEY_ATTRIBUTE[resource]}`, which 4me requires"
            return MappingResult(None, (Finding(("attributes",), missing),))
        for first, *others in mapping.spellings():
            spelt = " and ".join(f"`{name}`" for name in others)
            self.warnings.append(
                Finding(("attributes",), f"{spelt} means the same attribute as `{first}`: spell it so")
            )
        return MappingResult(mapping, (), tuple(self.warnings))

    def _read(self) -> Mapping:
        resource = ResourceType(self.parsed.resource)
        base = profile(self.parsed.extends, resource)
        match = self._match(base)
        own = self._rules(match)
        scope = tuple(self._filter(index, each) for index, each in enumerate(self.parsed.scope))
        return Mapping(resource, match, _merge(base, own), scope, self.known.domain)

    def _match(self, base: Mapping) -> tuple[str, ...]:
        usable = MATCHABLE[base.resource]
        for index, name in enumerate(self.parsed.match or ()):
            if name not in usable:
                noun = f"{base.resource.value.lower()}s"
                message = f"4me cannot match {noun} by `{name}`: it finds them by {' and '.join(usable)}"
                self.findings.append(Finding(("match", index), message))
        if self.parsed.match == ():
            self.findings.append(Finding(("match",), f"`match` is empty: name {' or '.join(usable)}"))
        return self.parsed.match or base.match

    def _rules(self, match: tuple[str, ...]) -> dict[str, Rule | None]:
        """The document's own rules by their canonical targets, None for what is dropped."""
        resource = ResourceType(self.parsed.resource)
        rules: dict[str, Rule | None] = {}
        written: dict[str, str] = {}
        for text, rule in self.parsed.attributes.items():
            path = ("attributes", text)
            try:
                target = resolve_target(resource, text, short_names(resource))
            except TargetProblem as problem:
                self.findings.append(Finding(path, str(problem)))
                continue
            earlier = written.setdefault(target, text)
            if earlier != text:
                self.findings.append(Finding(path, f"a second rule for `{earlier}`"))
            rules[target] = self._rule(path, target, rule, match)
        return rules

    def _rule(
        self, path: tuple[str, ...], target: str, rule: RuleDocument | str | None, match: tuple[str, ...]
    ) -> Rule | None:
        resource = ResourceType(self.parsed.resource)
        if rule is None:
            return None
        written = RuleDocument(source=rule) if isinstance(rule, str) else rule
        self._check_values(path, target, written)
        expression = None
        if written.expression is not None:
            expression = self._expression((*path, "expression"), target, written.expression)
        built = Rule(target, written.source, written.constant, written.default, written.apply, expression)
        for name in sorted(built.reads().intersection(("kind", *STRUCTURE[resource]))):
            message = f"`{name}` is a key of the manifests, not an attribute: rename the source"
            self.findings.append(Finding((*path, "expression") if expression else path, message))
        if expression:
            fixed = target in (*match, KEY_ATTRIBUTE[resource])
            for message in check_functions(built, fixed=fixed, domains=self.known.domains):
                self.findings.append(Finding((*path, "expression"), message))
        return built if not expression or UNIQUE not in expression.functions else _created_only(built)

    def _check_values(self, path: tuple[str, ...], target: str, rule: RuleDocument) -> None:
        given = rule.model_fields_set & {"source", "constant", "expression"}
        if len(given) > 1 or (not given and "default" not in rule.model_fields_set):
            self.findings.append(Finding(path, "give `source`, `constant` or `expression`, one of them"))
        resource = ResourceType(self.parsed.resource)
        for key, value in (("constant", rule.constant), ("default", rule.default)):
            try:
                map_value(resource, target, value, self.known.zones)
            except ValueProblem as problem:
                for each in (problem, *problem.also):
                    self.findings.append(Finding((*path, key, *each.path), f"`{key}`: {each}"))

    def _expression(self, path: tuple[str, ...], target: str, text: str) -> Expression | None:
        if find_converter(ResourceType(self.parsed.resource), target, self.known.zones) is None:
            message = f"an expression gives one value, and `{target}` has several parts: write a rule for each part"
            self.findings.append(Finding(path, message))
            return None
        expression, problem = parse(text)
        if problem:
            self.findings.append(Finding(path, problem.message, problem.part))
        for warning in expression.warnings if expression else ():
            self.warnings.append(Finding(path, warning.message, Part(text, warning.start, warning.end)))
        return expression

    def _filter(self, index: int, document: ScopeFilterDocument) -> ScopeFilter:
        from reconciler.mapping.scope import Clause, Operator, ScopeFilter, check_clause

        clauses = [Clause(each.attribute, Operator(each.operator), each.value) for each in document.clauses]
        for number, clause in enumerate(clauses):
            problem = check_clause(clause)
            if clause.attribute in ("kind", *STRUCTURE[ResourceType(self.parsed.resource)]):
                problem = f"`{clause.attribute}` is a key of the manifests, not an attribute"
            if problem:
                self.findings.append(Finding(("scope", index, "clauses", number), problem))
        return ScopeFilter(document.name or f"filter {index + 1}", tuple(clauses))


def _created_only(rule: Rule) -> Rule:
    return Rule(rule.target, rule.source, rule.constant, rule.default, CREATION_ONLY, rule.expression)


def _merge(base: Mapping, own: dict[str, Rule | None]) -> tuple[Rule, ...]:
    """The profile's rules in their places, overridden or dropped, then the document's own."""
    rules = {rule.target: rule for rule in base.rules} | own
    return tuple(rule for rule in rules.values() if rule is not None)
