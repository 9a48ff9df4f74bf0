"""A made-up organisation of any size, the same for the same numbers: user 7 is always user 7."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.sandbox.attributes import ENTERPRISE_SCHEMA
from reconciler.sandbox.rendering import render_record
from reconciler.sandbox.store import Member, Row, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.sandbox.messages import JsonObject

DOMAIN = "widget.example"
_EPOCH = 1_735_725_600
_REPORTS = 20
_GIVEN_NAMES = ("Ada", "Ben", "Chen", "Dana", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Milo")
_FAMILY_NAMES = ("Adler", "Baker", "Costa", "Dubois", "Evans", "Ferrari", "Garcia", "Haas", "Ito", "Jansen", "Khan")
_TITLES = ("Analyst", "Consultant", "Engineer", "Manager", "Specialist")
_DEPARTMENTS = ("Finance", "Human Resources", "IT", "Legal", "Operations", "Sales", "Support")


@dataclass(frozen=True, slots=True)
class Organisation:
    """How large it is: users, groups, and the members of each group (at most as many as there are users)."""

    users: int
    groups: int = 0
    members_per_group: int = 100


def fill_generated(store: Store, account: str, organisation: Organisation) -> None:
    """Write the organisation into an empty store. User N reports to user N/20, the first to nobody."""
    if organisation.users:
        store.reserve("User", organisation.users)
    if organisation.groups:
        store.reserve("Group", organisation.groups)
    store.save(_users(account, organisation.users))
    store.save(_groups(account, organisation.groups))
    for number in range(1, organisation.groups + 1):
        store.add_members(number, _members(number, organisation))


def _users(account: str, count: int) -> Iterator[Row]:
    for number in range(1, count + 1):
        manager = number // _REPORTS or (1 if number > 1 else None)
        record = describe_user(number)
        extension: JsonObject = {"organization": "Widget Data Center", "department": _pick(_DEPARTMENTS, number)}
        if manager is not None:
            extension["manager"] = {"value": str(manager)}
        record[ENTERPRISE_SCHEMA] = extension
        name, external_id = str(record["userName"]), str(record["externalId"])
        at = _EPOCH + number
        row = Row("User", number, name, True, at, at, manager, "", external_id)  # noqa: FBT003 - columns in order
        yield _with_body(row, render_record(account, row, record, _full_name(manager or 0)))


def _groups(account: str, count: int) -> Iterator[Row]:
    for number in range(1, count + 1):
        name, external_id = f"Group {number:04}", f"G{number:04}"
        record: JsonObject = {"displayName": name, "externalId": external_id, "groupType": "Organization"}
        at = _EPOCH + number
        row = Row("Group", number, name, True, at, at, None, "", external_id)  # noqa: FBT003 - columns in order
        yield _with_body(row, render_record(account, row, record))


def _with_body(row: Row, body: str) -> Row:
    return Row(row.kind, row.id, row.name, row.active, row.created, row.modified, row.manager, body, row.external_id)


def _members(group: int, organisation: Organisation) -> Iterator[Member]:
    """Neighbours by number, each group starting where the one before it ended."""
    if not organisation.users:
        return
    size = min(organisation.members_per_group, organisation.users)
    first = (group - 1) * size
    for number in itertools.islice(itertools.count(first), size):
        yield Member("User", number % organisation.users + 1)


def describe_user(number: int) -> JsonObject:
    """Describe the core attributes of user `number`, counted from 1."""
    given, family = _pick(_GIVEN_NAMES, number), _pick(_FAMILY_NAMES, number)
    user_name = f"{given}.{family}.{number}@{DOMAIN}".lower()
    return {
        "userName": user_name,
        "externalId": f"E{number:06}",
        "name": {"familyName": family, "givenName": given},
        "displayName": _full_name(number),
        "title": _pick(_TITLES, number),
        "userType": "Employee",
        "locale": "en-US",
        "timezone": "Europe/Amsterdam",
        "active": True,
        "emails": [{"value": user_name, "type": "work", "primary": True}],
    }


def _full_name(number: int) -> str:
    return f"{_pick(_GIVEN_NAMES, number)} {_pick(_FAMILY_NAMES, number)} {number}" if number else ""


def _pick(words: tuple[str, ...], number: int) -> str:
    return words[number % len(words)]
