"""The built-in mapping profiles."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from reconciler.core.schema import MATCHABLE
from reconciler.manifests.quick_values import Unsure
from reconciler.manifests.quick_yaml import read_quickly
from reconciler.mapping.rules import Mapping, Rule

if TYPE_CHECKING:
    from reconciler.core.model import ResourceType


@cache
def profile(name: str, resource: ResourceType) -> Mapping:
    """A built-in profile's mapping of one resource type; `none` has no rules.

    Its documents are the project's own, and tests hold them to what documents must be: they are taken as they are.
    """
    if name == "none":
        return Mapping(resource, tuple(MATCHABLE[resource]), ())
    document = _profile_documents(name)[resource.value]
    rules = tuple(_rule(target, rule) for target, rule in document["attributes"].items())
    return Mapping(resource, tuple(document["match"]), rules)


@cache
def short_names(resource: ResourceType) -> dict[str, str]:
    """The paths that the profile `default` maps its attributes to, by their short names."""
    return {rule.source: rule.target for rule in profile("default", resource).rules if rule.source}


def _rule(target: str, rule: Any) -> Rule:
    if not isinstance(rule, dict):
        return Rule(target, source=rule)
    if "expression" not in rule:
        return Rule(target, **rule)
    from reconciler.mapping.expressions.parser import parse_expression

    return Rule(target, **{**rule, "expression": parse_expression(rule["expression"])})


@cache
def _profile_documents(name: str) -> dict[str, Any]:
    text = profile_text(name)
    try:
        values: list[Any] = [document.value for document in read_quickly(text.encode())]
    except Unsure:
        from reconciler.manifests.yaml_reader import read_yaml

        values = list(read_yaml(text))
    return {value["resource"]: value for value in values}


def profile_text(name: str) -> str:
    """The Mapping documents of a built-in profile, as YAML."""
    return files("reconciler.mapping").joinpath("profiles", f"{name}.yaml").read_text(encoding="utf-8")
