"""Attribute names as a service may spell them (RFC 7643 §2.1: they have no case), and the paths that they come to."""

from __future__ import annotations

from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE
from reconciler.core.schema import ATTRIBUTES, AttributeKind

NOT_ATTRIBUTES = frozenset(("id", "schemas", "password", "groups", "members"))
_META = ("created", "lastModified")
EXTENSIONS = {urn.lower(): urn for urn in (ENTERPRISE, CUSTOM_FIELDS)}
_NAMES: dict[str, str] = {
    name.lower(): name
    for schema in ATTRIBUTES.values()
    for path in schema
    for name in (path.rpartition(":")[2], *schema[path].subs)
} | {name.lower(): name for name in (*NOT_ATTRIBUTES, *_META, "meta", "type", "$ref")}
KNOWN = frozenset(_NAMES.values())
TEXTS = frozenset(
    path
    for schema in ATTRIBUTES.values()
    for path, each in schema.items()
    if each.kind is AttributeKind.TEXT and ":" not in path
)
LISTS = frozenset(
    path for schema in ATTRIBUTES.values() for path, each in schema.items() if each.kind is AttributeKind.MULTI_VALUED
)


def known_name(given: str) -> str:
    """The name as RFC 7643 and 4me write it; an unknown one as it was given."""
    return _NAMES.get(given.lower(), given)


class Paths(dict[str, str]):
    """The paths of an attribute's parts by the names that the service gives them; "" for what is not kept.

    A dictionary that fills itself: all users share its texts, and a look-up is all that a part costs.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, given: str) -> str:
        path = self[given] = self._path(given)
        return path

    def _path(self, given: str) -> str:
        if self._name == CUSTOM_FIELDS:
            return f"{self._name}:{given}"
        part = known_name(given)
        if self._name == "meta" and part not in _META:
            return ""
        return f"{self._name}:{part}" if self._name.lower().startswith("urn:") else f"{self._name}.{part}"


PATHS_OF_PARTS = {name: Paths(name) for name in ("name", "meta", ENTERPRISE, CUSTOM_FIELDS)}
