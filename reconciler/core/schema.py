"""The SCIM attributes that 4me documents (RFC 7643 §4.1-4.3 and 4me's own), as a table.

Everything textual is `caseExact: false` in 4me; custom fields belong to the account and have no schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.model import ResourceType
from reconciler.core.paths import ENTERPRISE


class AttributeKind(StrEnum):
    """The shape of an attribute's value."""

    TEXT = "text"
    BOOLEAN = "boolean"
    COMPLEX = "complex"
    MULTI_VALUED = "multi-valued"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """One attribute; `subs` of complex and multi-valued ones; `types`: the `type` values 4me documents for it."""

    kind: AttributeKind
    subs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


_TEXT = AttributeSchema(AttributeKind.TEXT)
_VALUED = ("value", "display", "type", "primary")


def _multi(*types: str, subs: tuple[str, ...] = _VALUED) -> AttributeSchema:
    return AttributeSchema(AttributeKind.MULTI_VALUED, subs, types)


NAME_PARTS = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
ADDRESS_PARTS = ("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type", "primary")

USER_ATTRIBUTES: dict[str, AttributeSchema] = {
    **dict.fromkeys(
        (
            "userName", "externalId", "displayName", "nickName", "profileUrl",
            "title", "userType", "preferredLanguage", "locale", "timezone",
        ),
        _TEXT,
    ),
    "active": AttributeSchema(AttributeKind.BOOLEAN),
    "name": AttributeSchema(AttributeKind.COMPLEX, NAME_PARTS),
    "emails": _multi("work", "home", "other"),
    "phoneNumbers": _multi("work", "home", "mobile", "fax", "pager", "other"),
    "ims": _multi("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
    "photos": _multi("photo", "thumbnail"),
    "addresses": _multi("work", "home", "other", subs=ADDRESS_PARTS),
    "entitlements": _multi(),
    "roles": _multi(),
    "x509Certificates": _multi(),
    **{
        f"{ENTERPRISE}:{name}": _TEXT
        for name in (
            "employeeNumber", "costCenter", "organization", "division",
            "department", "site", "location", "supportID",
        )
    },
    f"{ENTERPRISE}:manager": AttributeSchema(AttributeKind.REFERENCE, ("value",)),
}  # fmt: skip

GROUP_ATTRIBUTES: dict[str, AttributeSchema] = {"displayName": _TEXT, "externalId": _TEXT, "groupType": _TEXT}

ATTRIBUTES: dict[ResourceType, dict[str, AttributeSchema]] = {
    ResourceType.USER: USER_ATTRIBUTES,
    ResourceType.GROUP: GROUP_ATTRIBUTES,
}

KEY_ATTRIBUTE = {ResourceType.USER: "userName", ResourceType.GROUP: "displayName"}
MATCHABLE = {ResourceType.USER: ("externalId", "userName"), ResourceType.GROUP: ("externalId", "displayName")}
"""Attributes that identify a resource and that 4me can filter on."""
