"""Entra's synchronization rules to drafts of Mapping documents, one of users and one of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.model import ResourceType
from reconciler.core.schema import KEY_ATTRIBUTE, MATCHABLE
from reconciler.entra.attributes import convert_attribute, find_target
from reconciler.entra.draft import Draft, Note
from reconciler.entra.scope import add_scope
from reconciler.mapping.target_paths import TargetProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.entra.draft import Row
    from reconciler.entra.schema import AttributeMapping, ObjectMapping, SynchronizationRule

ENTRA = frozenset(("azure active directory", "microsoft entra id", "microsoft entra", "entra id"))
"""What Entra calls itself, in lower case: rules that write there are not about 4me."""
_FLOWS = {
    "add": "create {0} here: this tool creates every declared one that is in scope",
    "update": "update {0} here: this tool updates them",
    "delete": "delete {0} here: neither does this tool; those that are no longer declared are deactivated,"
    " or only reported with `unlisted: report` in the Tenant document",
}
_DEFAULTS = "defaults: Entra uses them at creation only, this tool at every update too; `apply: create` is Entra's way"


class Converted(NamedTuple):
    """At most one draft of each resource type, and what is to be told about everything else."""

    drafts: tuple[Draft, ...]
    notes: tuple[Note, ...]


def convert_rules(rules: Iterable[SynchronizationRule]) -> Converted:
    """The drafts of the first enabled mapping of users and of groups."""
    drafts: dict[ResourceType, Draft] = {}
    notes: list[Note] = []
    for rule in rules:
        if rule.target_directory.strip().lower() in ENTRA:
            notes.append(Note(rule.line, f"rule `{rule.name}`", f"it writes to {rule.target_directory}", lost=True))
            continue
        for mapping in rule.mappings:
            resource = _resource(mapping)
            reason = _why_not(mapping, resource, drafts)
            if reason or resource is None:
                notes.append(Note(mapping.line, f"mapping `{mapping.name}`", reason, lost=True))
            else:
                drafts[resource] = _convert_objects(resource, mapping)
    return Converted(tuple(drafts[each] for each in ResourceType if each in drafts), tuple(notes))


def _resource(mapping: ObjectMapping) -> ResourceType | None:
    """By the last part of the target's name, which may be a URN, else by that of the source's."""
    words = (name.rpartition(":")[2].strip().lower() for name in (mapping.target_object, mapping.source_object))
    types = {resource.value.lower(): resource for resource in ResourceType}
    return next((types[word] for word in words if word in types), None)


def _why_not(mapping: ObjectMapping, resource: ResourceType | None, drafts: dict[ResourceType, Draft]) -> str:
    if resource is None:
        return f"`{mapping.target_object}` is neither a user nor a group"
    if not mapping.enabled:
        return "it is disabled in Entra"
    return f"only one mapping of {resource.value}s is used, and it comes first" if resource in drafts else ""


def _convert_objects(resource: ResourceType, mapping: ObjectMapping) -> Draft:
    matching = _matching(resource, mapping.attributes)
    usable = tuple(target for target in matching if target in MATCHABLE[resource])
    rows = list(_convert_attributes(resource, mapping.attributes, usable))
    rows = [
        _tell_unmatched(row, resource) if row.target in matching and row.target not in usable else row for row in rows
    ]
    draft = Draft(resource, usable, (), (), tuple(_object_notes(resource, mapping)), mapping.name, mapping.line)
    if not any(row.target in usable and row.rule is not None for row in rows):
        told = f"none of Entra's matching attributes can be used: resources are found by {KEY_ATTRIBUTE[resource]}"
        draft = draft.tell(told, lost=bool(matching))
    if any(isinstance(row.rule, dict) and _has_default_at_updates(row.rule) for row in rows):
        draft = draft.tell(_DEFAULTS)
    return add_scope(draft.with_rows(rows), mapping)


def _has_default_at_updates(rule: dict[str, str]) -> bool:
    """A default without a source is left to where 4me has no value, in Entra as here."""
    return "default" in rule and "apply" not in rule and len(rule) > 1


def _matching(resource: ResourceType, mappings: Iterable[AttributeMapping]) -> tuple[str, ...]:
    """The targets that Entra matches by, lowest priority first; as Entra spells what 4me does not have."""
    chosen = sorted((each for each in mappings if each.priority > 0), key=lambda each: each.priority)
    return tuple(dict.fromkeys(_spell(resource, each.target) for each in chosen))


def _spell(resource: ResourceType, target: str) -> str:
    try:
        return find_target(resource, target)
    except TargetProblem:
        return target


def _tell_unmatched(row: Row, resource: ResourceType) -> Row:
    usable = " and ".join(MATCHABLE[resource])
    return row.tell(f"Entra matches by it; 4me finds {resource.value.lower()}s by {usable} only")


def _convert_attributes(
    resource: ResourceType, mappings: Iterable[AttributeMapping], match: tuple[str, ...]
) -> Iterator[Row]:
    """The rows in the order of the export; of several for one target the first that can be carried over has it."""
    taken: dict[str, int] = {}
    for mapping in mappings:
        row = convert_attribute(resource, mapping, match)
        if row.rule is not None and row.target in taken:
            row = row.lose(f"line {taken[row.target]} maps it already")
        elif row.rule is not None:
            taken[row.target] = row.line
        yield row


def _object_notes(resource: ResourceType, mapping: ObjectMapping) -> Iterator[Note]:
    nouns = f"{resource.value.lower()}s"
    given = mapping.flow_types - {""}
    for flow, told in _FLOWS.items():
        if given and flow not in given:
            yield Note(mapping.line, mapping.name, f"Entra does not {told.format(nouns)}")
    for each in mapping.other_filters:
        told = f"`{each}` are left out: more records are in scope than in Entra"
        yield Note(mapping.line, mapping.name, told, lost=True)
