"""Mapping documents to mappings: overriding and dropping of a profile's rules, and what is wrong with a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.core.model import ResourceType
from reconciler.core.paths import parse_path
from reconciler.core.schema import KEY_ATTRIBUTE, MATCHABLE
from reconciler.manifests.documents import MappingDocument, RuleDocument, explain
from reconciler.manifests.profiles import profile
from reconciler.manifests.records import STRUCTURE
from reconciler.mapping.rules import Mapping, Rule, check_target
from reconciler.mapping.targets import map_value
from reconciler.mapping.values import ValueProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Value
    from reconciler.manifests.problems import Problems
    from reconciler.manifests.records import RecordDocument
    from reconciler.mapping.targets import Zones

Finding = tuple[tuple[str | int, ...], str]
NOT_YET = {
    "expression": "expression rules are not supported by this version: use a direct rule, a constant or a default",
    "scope": "scoping filters are not supported by this version: leave out the records that are not meant",
}


@dataclass(frozen=True, slots=True)
class MappingResult:
    """A mapping, or None and what is wrong with its document."""

    mapping: Mapping | None
    findings: tuple[Finding, ...] = ()


def read_mappings(documents: Sequence[RecordDocument], zones: Zones, problems: Problems) -> dict[ResourceType, Mapping]:
    """The mappings that `kind: Mapping` documents declare, as far as they are valid."""
    mappings: dict[ResourceType, Mapping] = {}
    first: dict[ResourceType, RecordDocument] = {}
    for document in documents:
        result = build_mapping(document.value, zones)
        for inside, message in result.findings:
            problems.report(document.file, (*document.path, *inside), message)
        if result.mapping:
            resource = result.mapping.resource
            earlier = first.setdefault(resource, document)
            if earlier is not document:
                message = f"a second mapping of {resource.value}s: also at {earlier.file}:{earlier.place[0]}"
                problems.report(document.file, (*document.path, "resource"), message)
            mappings[resource] = result.mapping
    return mappings


def build_mapping(document: dict[str, Value], zones: Zones) -> MappingResult:
    """The mapping that a `kind: Mapping` document declares, its profile's rules included.

    `zones` gives the IANA time zones known, to check constants and defaults by.
    """
    refused = list(_not_yet(document))
    if refused:
        return MappingResult(None, tuple(refused))
    try:
        parsed = MappingDocument.model_validate(document)
    except ValidationError as error:
        return MappingResult(None, tuple(_trimmed(explain(MappingDocument, error))))
    resource = ResourceType(parsed.resource)
    findings = [*_check_match(parsed, resource), *_check_rules(parsed, resource, zones)]
    if findings:
        return MappingResult(None, tuple(findings))
    base = profile(parsed.extends, resource)
    mapping = Mapping(resource, parsed.match or base.match, _merge(base, parsed))
    produced = {rule.target for rule in mapping.rules}
    if KEY_ATTRIBUTE[resource] not in produced:
        return MappingResult(None, ((("attributes",), f"no rule for `{KEY_ATTRIBUTE[resource]}`, which 4me requires"),))
    return MappingResult(mapping)


def _not_yet(document: dict[str, Value]) -> Iterator[Finding]:
    if "scope" in document:
        yield ("scope",), NOT_YET["scope"]
    attributes = document.get("attributes")
    for target, rule in attributes.items() if isinstance(attributes, dict) else ():
        if isinstance(rule, dict) and "expression" in rule:
            yield ("attributes", target, "expression"), NOT_YET["expression"]


def _trimmed(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Without the names that pydantic gives the branches of a union, each place once."""
    seen: set[tuple[str | int, ...]] = set()
    for path, message in findings:
        place = tuple(step for step in path if step not in ("RuleDocument", "str"))
        if path[-1:] == ("str",) or place in seen:
            continue
        seen.add(place)
        whole = path[-1:] == (RuleDocument.__name__,)
        yield place, f"`{place[-1]}`: expected an attribute's name, a rule or null" if whole else message


def _check_match(parsed: MappingDocument, resource: ResourceType) -> Iterator[Finding]:
    usable = MATCHABLE[resource]
    for index, name in enumerate(parsed.match or ()):
        if name not in usable:
            message = f"4me cannot match {resource.value.lower()}s by `{name}`: it finds them by {' and '.join(usable)}"
            yield ("match", index), message
    if parsed.match == ():
        yield ("match",), f"`match` is empty: name {' or '.join(usable)}"


def _check_rules(parsed: MappingDocument, resource: ResourceType, zones: Zones) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for target, rule in parsed.attributes.items():
        problem = check_target(resource, target)
        if problem:
            yield ("attributes", target), problem
            continue
        earlier = seen.setdefault(_canonical(target), target)
        if earlier != target:
            yield ("attributes", target), f"a second rule for `{earlier}`"
        source = rule.source if isinstance(rule, RuleDocument) else rule
        if source in ("kind", *STRUCTURE[resource]):
            yield ("attributes", target), f"`{source}` is a key of the manifests, not an attribute: rename the source"
        if isinstance(rule, RuleDocument):
            yield from _check_rule(resource, target, rule, zones)


def _check_rule(resource: ResourceType, target: str, rule: RuleDocument, zones: Zones) -> Iterator[Finding]:
    if not _is_whole(rule):
        yield ("attributes", target), "give `source` or `constant`, one of them"
    for key, value in (("constant", rule.constant), ("default", rule.default)):
        try:
            map_value(resource, _canonical(target), value, zones)
        except ValueProblem as problem:
            for each in (problem, *problem.also):
                yield ("attributes", target, key, *each.path), f"`{key}`: {each}"


def _is_whole(rule: RuleDocument) -> bool:
    return ("source" in rule.model_fields_set) != ("constant" in rule.model_fields_set)


def _merge(base: Mapping, parsed: MappingDocument) -> tuple[Rule, ...]:
    """The profile's rules in their places, overridden or dropped, then the document's own."""
    own = {_canonical(target): rule for target, rule in parsed.attributes.items()}
    rules = [own.pop(rule.target, rule) if rule.target in own else rule for rule in base.rules]
    targets = [rule.target for rule in base.rules]
    pairs = [*zip(targets, rules, strict=True), *own.items()]
    return tuple(_rule(target, rule) for target, rule in pairs if rule is not None)


def _canonical(target: str) -> str:
    path = parse_path(target)
    return str(path) if path.name else target


def _rule(target: str, rule: Rule | RuleDocument | str) -> Rule:
    if isinstance(rule, Rule):
        return rule
    if isinstance(rule, str):
        return Rule(target, source=rule)
    return Rule(target, rule.source, rule.constant, rule.default, rule.apply)
