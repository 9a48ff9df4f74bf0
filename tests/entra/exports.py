"""Builders of what Entra exports, in the shapes that Microsoft documents."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def direct(name: str) -> Json:
    return {"type": "Attribute", "name": name, "expression": f"[{name}]", "parameters": []}


def constant(text: str) -> Json:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return {"type": "Constant", "name": text, "expression": f'"{escaped}"', "parameters": []}


def function(expression: str) -> Json:
    return {"type": "Function", "name": expression.partition("(")[0], "expression": expression, "parameters": []}


def parameters(name: str, *pairs: tuple[str, Json | None]) -> Json:
    """A function without an expression."""
    return {
        "type": "Function",
        "name": name,
        "expression": None,
        "parameters": [{"key": key, "value": value} for key, value in pairs],
    }


def attribute(target: str, source: Json | str | None, **keys: Any) -> Json:
    """An attribute mapping; a text is the source attribute's name."""
    return {
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": 0,
        "targetAttributeName": target,
        "source": direct(source) if isinstance(source, str) else source,
        **keys,
    }


USER_NAME = attribute("userName", "userPrincipalName", matchingPriority=1)
GROUP_NAME = attribute("displayName", "displayName", matchingPriority=1)


def clause(name: str, operator: str, *values: str) -> Json:
    return {"operatorName": operator, "sourceOperandName": name, "targetOperand": {"values": list(values)}}


def scope(**groups: list[Json]) -> Json:
    named = [{"name": name, "clauses": clauses} for name, clauses in groups.items()]
    return {"groups": named, "inputFilterGroups": [], "categoryFilterGroups": []}


def objects(*attributes: Json, resource: str = "User", **keys: Any) -> Json:
    """An object mapping; of users unless said otherwise."""
    return {
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "name": f"{resource} to FourMe",
        "sourceObjectName": resource,
        "targetObjectName": f"urn:ietf:params:scim:schemas:core:2.0:{resource}",
        "scope": None,
        "attributeMappings": list(attributes),
        "metadata": [],
        **keys,
    }


def rule(*mappings: Json, **keys: Any) -> Json:
    return {
        "name": "OUTBOUND",
        "sourceDirectoryName": "Azure Active Directory",
        "targetDirectoryName": "FourMe",
        "objectMappings": list(mappings),
        **keys,
    }


def export(*rules: Json, directories: list[Json] | None = None) -> bytes:
    """The file; without rules one that maps userName only."""
    whole = {"id": "job", "synchronizationRules": list(rules), "directories": directories or []}
    return json.dumps(whole, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
