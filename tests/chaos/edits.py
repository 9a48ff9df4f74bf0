"""What people do to manifests: each edit leaves them valid."""

from __future__ import annotations

from typing import Any

Declared = dict[str, Any]
WORK_PHONE = "+1 (555) 12-34"


def join(declared: Declared, name: str, manager: int = 0) -> None:
    """Somebody new, with values that a server may store its own way."""
    users = declared["users"]
    record = {"userName": name, "externalId": f"X-{name.partition('@')[0]}", "title": " Lead ", "workPhone": WORK_PHONE}
    if users:
        record["manager"] = users[manager % len(users)]["userName"]
    users.append(record)


def leave(declared: Declared, index: int) -> None:
    """Somebody is declared no more, and is nobody's manager or member."""
    users = declared["users"]
    if users:
        _replace(declared, users.pop(index % len(users))["userName"], None)


def rename(declared: Declared, index: int, name: str) -> None:
    """Somebody gets another userName, under the same externalId."""
    record = declared["users"][index % len(declared["users"])]
    _replace(declared, record["userName"], name)
    record["userName"] = name


def change(declared: Declared, index: int, **values: object) -> None:
    """Somebody's attributes change."""
    declared["users"][index % len(declared["users"])].update(values)


def report_to(declared: Declared, index: int, manager: int) -> None:
    """Somebody gets another manager, who comes before them, so that nobody is their own."""
    users = declared["users"]
    index %= len(users)
    if index:
        users[index]["manager"] = users[manager % index]["userName"]


def regroup(declared: Declared, index: int, members: list[int]) -> None:
    """A group gets exactly these members."""
    users, groups = declared["users"], declared["groups"]
    if groups:
        names = dict.fromkeys(users[each % len(users)]["userName"] for each in members)
        groups[index % len(groups)]["members"] = list(names)


def found(declared: Declared, name: str, members: list[int]) -> None:
    """A new group."""
    if name not in {each["displayName"] for each in declared["groups"]}:
        declared["groups"].append({"displayName": name, "members": []})
        regroup(declared, -1, members)


def _replace(declared: Declared, name: str, by: str | None) -> None:
    """Wherever somebody is referred to, somebody else is, or nobody."""
    for record in declared["users"]:
        if record.get("manager") == name:
            record.pop("manager")
            if by:
                record["manager"] = by
    for group in declared["groups"]:
        group["members"] = [by if each == name else each for each in group["members"] if by or each != name]
