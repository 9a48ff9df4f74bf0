"""The use case `explain`: how one user or group gets its attributes, and what that means for 4me."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.core.directory import Identity
from reconciler.core.model import Member, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.core.suggest import did_you_mean
from reconciler.errors import UsageError
from reconciler.manifests.profiles import short_names
from reconciler.manifests.read import open_manifests, time_zones
from reconciler.mapping.explain import ExplainedRecord, InLive, explain_record
from reconciler.mapping.target_paths import TargetProblem, resolve_target
from reconciler.run import look_up, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.core.model import Attributes, Live, Record
    from reconciler.core.plan_model import Action
    from reconciler.manifests.read import Manifests
    from reconciler.mapping.explain import Explained
    from reconciler.session import PlanOptions


ASK_BY = "users go by userName or externalId, groups by displayName or externalId; --manifests names another folder"


def explain(options: PlanOptions, key: str, attribute: str | None, *, offline: bool) -> tuple[ExplainedRecord, ...]:
    """The users and groups of this userName, displayName or externalId, in scope or not.

    `attribute`: a SCIM path, a short name of the profile `default`, or an attribute of the record, to tell only of the
    rules that concern it. Raises UsageError where there is no such record or rule.
    """
    options = replace(options, at=options.at or datetime.now(UTC))
    heard: dict[str, tuple[Attributes, Record]] = {}
    known: dict[str, str] = {}
    """By every name, the one to ask by."""

    def listen(given: Attributes, record: Record) -> None:
        names = _names(record)
        called = record.attributes.get("displayName")
        known.update({str(called): names[0]} if called and names else {})
        known.update(zip(names, names, strict=True))
        if fold(key) in map(fold, names):
            heard[f"{record.source}:{record.source.column}"] = given, record

    manifests = open_manifests(options.manifests, options.at, listen).read()
    if not heard:
        called = next((name for name in known if fold(name) == fold(key)), key)
        meant = did_you_mean(known.get(called, key), known.values())
        raise UsageError(f"no user or group `{key}` in the manifests{meant}", hint=ASK_BY)
    told = [_explain(options, manifests, given, record) for given, record in heard.values()]
    if attribute is not None:
        told = [replace(each, rules=_concerned(each, attribute)) for each in told]
    return tuple(told if offline else [replace(each, in_live=_ask(options, each)) for each in told])


def _names(record: Record) -> list[str]:
    attributes = (KEY_ATTRIBUTE[record.type], "externalId")
    return [str(value) for name in attributes if (value := record.attributes.get(name))]


def _explain(options: PlanOptions, manifests: Manifests, given: Attributes, record: Record) -> ExplainedRecord:
    mapping = manifests.user_mapping if record.type is ResourceType.USER else manifests.group_mapping
    explanation = explain_record(mapping, time_zones, options.at or datetime.now(UTC), given)
    key = (*_names(record), str(record.source))[0]
    told = ExplainedRecord(key, given, record, mapping, explanation, explanation.rules)
    groups = manifests.desired.groups
    if record.type is ResourceType.USER:
        user = Member(ResourceType.USER, key)
        return replace(told, groups=tuple(each.key for each in groups if user in (each.members or ())))
    members = next((each.members for each in groups if each.key == key), None)
    return replace(told, members=None if members is None else tuple(sorted(members)))


def _concerned(told: ExplainedRecord, attribute: str) -> tuple[Explained, ...]:
    resource, every = told.record.type, told.rules
    try:
        target = resolve_target(resource, attribute, short_names(resource))
    except TargetProblem:
        target = attribute
    found = tuple(
        each for each in every if each.rule.target == target or target in each.attributes or attribute in each.reads
    )
    if not found:
        for rule in told.mapping.rules:
            if rule.target == target or attribute in rule.reads():
                lacking = ", ".join(f"`{name}`" for name in sorted(rule.reads()))
                raise UsageError(
                    f"the record has no {lacking}: `{attribute}` is not managed, 4me keeps what it has",
                    hint=f"to manage it, declare it at {told.record.source}",
                )
        names = [each.rule.target for each in every] + [name for each in every for name in each.reads]
        raise UsageError(f"no rule that concerns `{attribute}`{did_you_mean(attribute, names)}")
    return found


def _ask(options: PlanOptions, told: ExplainedRecord) -> InLive:
    record, match = told.record, told.mapping.match
    action: Action | None = None
    if record.outside is None:
        planned = plan(replace(options, targets=(told.key,)))
        state, notes = planned.live, planned.plan.warnings
        action = next((each for each in planned.plan.actions if each.type is record.type), None)
    else:
        matching = tuple((name, str(record.attributes[name])) for name in match if record.attributes.get(name))
        state = look_up(options, Identity(record.type, matching, key=told.key))
        notes = state.notes
    lives = state.users if record.type is ResourceType.USER else state.groups
    warnings = tuple(each for each in notes if told.key in each)
    return InLive(*_match(lives, match, record), action, warnings, {each.id: each.key for each in state.users})


def _match(lives: Sequence[Live], match: Sequence[str], record: Record) -> tuple[str | None, Live | None]:
    for name in match:
        value = fold(record.attributes.get(name))
        found = next((each for each in lives if value and fold(each.attributes.get(name)) == value), None)
        if found:
            return name, found
    return None, None
