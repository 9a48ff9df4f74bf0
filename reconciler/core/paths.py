"""Attribute paths (RFC 7644 §3.10).

For example `title`, `name.givenName`, `emails[type eq "work"].value`, `urn:...:User:department`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM_FIELDS = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
MANAGER = f"{ENTERPRISE}:manager"

_ATTRIBUTE = re.compile(
    r'(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<by>\w+)\s+eq\s+"(?P<value>[^"]*)"\])?(?:\.(?P<sub>[\w$-]+))?',
    re.IGNORECASE,
)


class AttributePath(NamedTuple):
    """`schema` is "" for core attributes; `by`/`value` select one value of a multi-valued attribute."""

    schema: str
    name: str
    by: str = ""
    value: str = ""
    sub: str = ""

    @property
    def attribute(self) -> str:
        """The path of the whole attribute, without selector and sub-attribute."""
        return f"{self.schema}:{self.name}" if self.schema else self.name

    def __str__(self) -> str:
        selector = f'[{self.by} eq "{self.value}"]' if self.by else ""
        sub = f".{self.sub}" if self.sub else ""
        return f"{self.attribute}{selector}{sub}"


@lru_cache(maxsize=4096)
def parse_path(text: str) -> AttributePath:
    """The parts of an attribute path; core attributes may be written with their URN.

    Raises ValueError where `text` is no attribute path.
    """
    schema, name = "", text
    if text.lower().startswith("urn:"):
        head = text.split("[", 1)[0]
        schema = head.rpartition(":")[0]
        name = text[len(schema) + 1 :]
        schema = next((known for known in (ENTERPRISE, CUSTOM_FIELDS) if known.lower() == schema.lower()), schema)
        if schema.lower() in (CORE_USER.lower(), CORE_GROUP.lower()):
            schema = ""
    if schema == CUSTOM_FIELDS:
        return AttributePath(schema, name)
    found = _ATTRIBUTE.fullmatch(name)
    if found is None:
        message = f"`{text}` is not an attribute path"
        raise ValueError(message)
    return AttributePath(schema, found["name"], found["by"] or "", found["value"] or "", found["sub"] or "")


def short_path(path: str) -> str:
    """The path as people read it: without the URN of 4me's extensions."""
    for schema in (ENTERPRISE, CUSTOM_FIELDS):
        if path.startswith(f"{schema}:"):
            return path[len(schema) + 1 :] if schema == ENTERPRISE else f"customFields.{path[len(schema) + 1 :]}"
    return path
