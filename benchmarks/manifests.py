"""Writes an organisation's manifests in one of the shapes. Run as a module: the runner's memory stays small."""

from __future__ import annotations

import csv
import sys
from itertools import islice
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Literal, get_args

from benchmarks.organisation import Organisation, group_name, user_attributes, user_lines, user_name

if TYPE_CHECKING:
    from collections.abc import Iterable

Shape = Literal["one", "hundreds", "each", "csv"]
Touches = Literal["true", "unknown"]
SHAPES: dict[Shape, str] = {"one": "one file", "hundreds": "files of 100", "each": "a file per user"}
UNREACHABLE = "http://127.0.0.1:9/scim/v2"
_FILES_PER_FOLDER = 1000
_SOURCE = """\
kind: Source
resource: User
file: users.csv
key: externalId
lists: {roles: ","}
"""
MAPPING = """\
kind: Mapping
resource: User
extends: none
match: [externalId, userName]
attributes:
  userName: userName
  externalId: externalId
  active: {constant: true}
  displayName: {expression: 'Join(" ", [givenName], [familyName])'}
  name.formatted: displayName
  name.givenName: givenName
  name.familyName: familyName
  nickName: givenName
  title: title
  userType: userType
  preferredLanguage: {constant: en}
  locale: locale
  timezone: timezone
  emails[type eq "work"].value: email
  emails[type eq "other"].value: email
  phoneNumbers[type eq "work"].value: workPhone
  phoneNumbers[type eq "mobile"].value: {expression: 'Replace([workPhone], , "\\+31 (?<rest>.*)", , "0${rest}", , )'}
  roles: roles
  employeeNumber: {expression: 'ToLower(Mid([externalId], 2, 7))'}
  costCenter: {source: costCenter, default: General}
  organization: organization
  division: organization
  department: department
  site: {expression: 'Switch([department], "Amsterdam", "IT", "Rotterdam", "Sales", "Utrecht")'}
  location: {expression: 'IIF([userType] = "Employee", "inside", "outside")'}
"""
"""25 rules, 5 of them expressions."""
_TENANT = """\
kind: Tenant
name: benchmark
endpoint: {endpoint}
dialect: auto
assume: {{membershipTouchesGroup: {touches}}}
limits: {{requestsPerHour: 1000000000, requestsPerTwoSeconds: 1000000000, concurrency: 8}}
"""


def write_manifests(folder: Path, organisation: Organisation, shape: Shape) -> None:
    """All manifests but for the tenant's endpoint, which `write_tenant` sets later."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tenant(folder, UNREACHABLE)
    numbers = range(1, organisation.users + 1)
    if shape == "each":
        for number in numbers:
            part = folder / f"users-{number // _FILES_PER_FOLDER:04}"
            part.mkdir(exist_ok=True)
            (part / f"{number:07}.yaml").write_text(f"kind: User\n{user_lines(number)}", encoding="utf-8")
    elif shape == "hundreds":
        remaining = iter(numbers)
        while hundred := list(islice(remaining, 100)):
            _write_users(folder / f"users-{hundred[0]:07}.yaml", hundred)
    elif shape == "csv":
        (folder / "source.yaml").write_text(_SOURCE, encoding="utf-8")
        _write_rows(folder / "users.csv", numbers)
    else:
        _write_users(folder / "users.yaml", numbers)
    _write_groups(folder / "groups.yaml", organisation)


def write_tenant(folder: Path, endpoint: str, touches: Touches = "unknown") -> None:
    """The Tenant document. `touches`: whether a membership change moves the group's lastModified."""
    text = _TENANT.format(endpoint=endpoint, touches=touches)
    (folder / "tenant.yaml").write_text(text, encoding="utf-8")


def _write_users(path: Path, numbers: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("kind: Users\nusers:\n")
        for number in numbers:
            file.write("  - " + indent(user_lines(number), "    ")[4:])


def _write_rows(path: Path, numbers: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*user_attributes(1), "employeeNumber"])
        writer.writerows([*user_attributes(number).values(), number] for number in numbers)


def _write_groups(path: Path, organisation: Organisation) -> None:
    if not organisation.group_count:
        return
    with path.open("w", encoding="utf-8") as file:
        file.write("kind: Groups\ngroups:\n")
        for group in range(1, organisation.group_count + 1):
            file.write(f"  - displayName: {group_name(group)}\n    externalId: G{group:04}\n")
            file.write("    groupType: Organization\n    members:\n")
            file.writelines(f"      - {user_name(number)}\n" for number in organisation.declared_members(group))


if __name__ == "__main__":
    target, chosen, *sizes = sys.argv[1:]
    write_manifests(
        Path(target), Organisation(*map(int, sizes)), next(each for each in get_args(Shape) if each == chosen)
    )
