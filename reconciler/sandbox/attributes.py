"""Which attributes 4me's users and groups have, of which shape, and the words that it documents for `type`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from reconciler.sandbox.store import Kind

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM_FIELDS_SCHEMA = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
CORE_SCHEMAS: dict[Kind, str] = {"User": USER_SCHEMA, "Group": GROUP_SCHEMA}


class Shape(Enum):
    """What a value of an attribute looks like."""

    TEXT = "text"
    BOOLEAN = "boolean"
    COMPLEX = "complex"
    EXTENSION = "extension"
    MULTI = "multi"
    MANAGER = "manager"
    FIELDS = "fields"


@dataclass(frozen=True)
class Attribute:
    """One attribute; `parts` are its sub-attributes, `types` the words allowed for `type` (all, where empty)."""

    name: str
    shape: Shape = Shape.TEXT
    parts: tuple[Attribute, ...] = ()
    types: frozenset[str] = frozenset()

    @cached_property
    def by_key(self) -> dict[str, Attribute]:
        """The sub-attributes by their name in lower case."""
        return {part.name.lower(): part for part in self.parts}


def _texts(names: str) -> tuple[Attribute, ...]:
    return tuple(map(Attribute, names.split()))


_VALUE_PARTS = (*_texts("value display type"), Attribute("primary", Shape.BOOLEAN))
_ADDRESS_PARTS = (
    *_texts("formatted streetAddress locality region postalCode country type"),
    Attribute("primary", Shape.BOOLEAN),
)


def _values(name: str, types: str = "") -> Attribute:
    return Attribute(name, Shape.MULTI, _VALUE_PARTS, frozenset(types.split()))


USER = Attribute(
    USER_SCHEMA,
    Shape.COMPLEX,
    (
        *_texts("userName externalId"),
        Attribute(
            "name",
            Shape.COMPLEX,
            _texts("familyName givenName middleName honorificPrefix honorificSuffix formatted"),
        ),
        *_texts("displayName nickName profileUrl title userType preferredLanguage locale timezone"),
        Attribute("active", Shape.BOOLEAN),
        _values("emails", "work home other"),
        _values("phoneNumbers", "work home mobile fax pager other"),
        _values("ims", "aim gtalk icq xmpp msn skype qq yahoo"),
        _values("photos", "photo thumbnail"),
        Attribute("addresses", Shape.MULTI, _ADDRESS_PARTS, frozenset({"work", "home", "other"})),
        _values("entitlements"),
        _values("roles"),
        _values("x509Certificates"),
        Attribute(
            ENTERPRISE_SCHEMA,
            Shape.EXTENSION,
            (
                *_texts("employeeNumber costCenter organization division department"),
                Attribute("manager", Shape.MANAGER, _texts("value type")),
                *_texts("site location supportID"),
            ),
        ),
        Attribute(CUSTOM_FIELDS_SCHEMA, Shape.FIELDS),
    ),
)
GROUP = Attribute(GROUP_SCHEMA, Shape.COMPLEX, _texts("displayName externalId groupType"))
RESOURCES: dict[Kind, Attribute] = {"User": USER, "Group": GROUP}
NAMES: dict[Kind, str] = {"User": "userName", "Group": "displayName"}


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Whether this is an IANA time zone; a machine without the time-zone database knows none, and allows all."""
    return _has_zone(name) or not _has_zone("Europe/Amsterdam")


def _has_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
