"""The small organisation of a new sandbox: Widget, as it was before anybody wrote it down.

It differs from the example manifests on purpose: some people changed their title or name, one came back, one left,
two are missing, one is a supplier's and none of the repository's business.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from reconciler.sandbox.attributes import CUSTOM_FIELDS_SCHEMA, ENTERPRISE_SCHEMA
from reconciler.sandbox.writing import Rules, Writer

if TYPE_CHECKING:
    from reconciler.sandbox.messages import JsonObject
    from reconciler.sandbox.store import Store

_FIRST_WRITE = 1_767_607_200
_SECONDS_BETWEEN_WRITES = 60


def fill_seed(store: Store, account: str) -> None:
    """Write the organisation into an empty store; ids count from 1 in the order of this file."""
    clock = itertools.count(_FIRST_WRITE, _SECONDS_BETWEEN_WRITES)
    writer = Writer(store, Rules(account, lambda: float(next(clock))))
    for user in _USERS:
        writer.create("User", user)
    for group in _GROUPS:
        writer.create("Group", group)


def _employee(  # noqa: PLR0913 - a table of people, a column a parameter
    user_name: str,
    external_id: str,
    name: str,
    title: str,
    *,
    department: str,
    manager: int | None = None,
    **more: object,
) -> JsonObject:
    given, _, family = name.partition(" ")
    extension: JsonObject = {"organization": "Widget", "department": department}
    if manager is not None:
        extension["manager"] = {"value": str(manager)}
    return {
        "userName": user_name,
        "externalId": external_id,
        "name": {"givenName": given, "familyName": family},
        "displayName": name,
        "title": title,
        "userType": "Employee",
        "locale": "en-GB",
        "timezone": "Europe/Amsterdam",
        "active": True,
        "emails": [{"value": user_name, "type": "work", "primary": True}],
        ENTERPRISE_SCHEMA: extension,
        **more,
    }


def _mobile(number: str) -> list[JsonObject]:
    return [{"value": number, "type": "mobile"}]


_USERS: tuple[JsonObject, ...] = (
    _employee("olivia.owner@widget.example", "E100000", "Olivia Owner", "Account Owner", department="IT"),
    _employee("howard.tanner@widget.example", "E100001", "Howard Tanner", "Chief Information Officer", department="IT"),
    _employee(
        "grace.hopkins@widget.example",
        "E100002",
        "Grace Hopkins",
        "Service Desk Manager",
        department="Service Desk",
        manager=2,
        roles=[{"value": "specialist"}, {"value": "service_manager"}],
    ),
    _employee("jane.doe@widget.example", "E555111", "Jane Doe", "Analyst", department="Service Desk", manager=3),
    _employee(
        "mary.smith@widget.example",
        "E100004",
        "Mary Smith",
        "Service Desk Analyst",
        department="Service Desk",
        manager=3,
    ),
    _employee(
        "omar.haddad@widget.example",
        "E100005",
        "Omar Haddad",
        "Service Desk Analyst",
        department="Service Desk",
        manager=3,
        active=False,
    ),
    _employee(
        "peter.leaver@widget.example",
        "E100006",
        "Peter Leaver",
        "Data Center Engineer",
        department="Data Center",
        manager=2,
    ),
    _employee(
        "liam.obrien@widget.example",
        "E100007",
        "Liam O'Brien",
        "Data Center Engineer",
        department="Data Center",
        manager=2,
        phoneNumbers=_mobile("+31 6 5550 1007"),
    ),
    _employee(
        "priya.nair@widget.example",
        "E100008",
        "Priya Nair",
        "Data Center Manager",
        department="Data Center",
        manager=2,
        phoneNumbers=_mobile("+31 6 5550 1008"),
    ),
    _employee(
        "yuki.tanaka@widget.example",
        "E100009",
        "Yuki Tanaka",
        "Network Engineer",
        department="Data Center",
        manager=9,
        **{CUSTOM_FIELDS_SCHEMA: {"payroll_id": "179e3587", "first_aid_until": "2027-03-31"}},
    ),
    _employee(
        "sara.lindqvist@widget.example",
        "E100010",
        "Sara Lindqvist",
        "Workflow Manager",
        department="IT",
        manager=2,
        roles=[{"value": "workflow_manager"}],
    ),
    _employee("ines.ferro@supplier.example", "S000017", "Ines Ferro", "Consultant", department="Network Support")
    | {"userType": "Supplier"},
    _employee("anna.former@widget.example", "E090001", "Anna Former", "Analyst", department="IT", active=False),
    _employee("bruno.former@widget.example", "E090002", "Bruno Former", "Engineer", department="IT", active=False),
)


def _group(name: str, external_id: str, group_type: str, *members: int) -> JsonObject:
    return {
        "displayName": name,
        "externalId": external_id,
        "groupType": group_type,
        "members": [{"value": str(member)} for member in members],
    }


_GROUPS = (
    _group("Widget Data Center", "G1", "Organization", 7, 8, 9, 10),
    _group("Service Desk", "G2", "Team", 3, 4, 5, 8),
    _group("First Aiders", "G4", "Team", 3, 12),
    _group("Workflow Managers", "G5", "Team", 2, 11),
    _group("Project Neptune", "G6", "Team", 2),
    _group("Amsterdam Office", "G7", "Site", 2, 3),
)
