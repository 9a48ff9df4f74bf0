"""A made-up organisation of any size, the same for the same numbers: as manifests say it, and as 4me gives it.

About 14 YAML lines and 380 bytes a user declared, 1 kB of JSON a user live. User N has SCIM id N, group G has id G.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
_LARGE_GROUP_CHANGED_EVERY = 100
_GIVEN = ("Ada", "Ben", "Chen", "Dana", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Milo")
_FAMILY = ("Adler", "Baker", "Costa", "Dubois", "Evans", "Ferrari", "Garcia", "Haas", "Ito", "Jansen", "Khan")
_TITLES = ("Analyst", "Consultant", "Engineer", "Manager", "Specialist", "Service Desk Agent", "Team Lead")
_DEPARTMENTS = ("Finance", "Human Resources", "IT", "Legal", "Operations", "Sales", "Support", "Marketing")
_ROLES = ("specialist", "service_manager", "workflow_manager", "service_desk_analyst")

USER_LINES = """\
userName: {name}
externalId: E{number:07}
displayName: {given} {family}
givenName: {given}
familyName: {family}
title: {title}
department: {department}
organization: Widget Data Center
userType: Employee
timezone: Europe/Amsterdam
locale: en-US
email: {name}
workPhone: +31 20 555 {phone:04}
roles: [{role}, analyst]
"""
_USER_JSON = (
    '{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",'
    '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"id":"{number}","externalId":"E{number:07}",'
    '"meta":{{"resourceType":"User","created":"{created}","lastModified":"{modified}",'
    '"location":"https://widget.4me.com/scim/v2/Users/{number}"}},"userName":"{name}",'
    '"name":{{"formatted":"{given} {family}","familyName":"{family}","givenName":"{given}"}},'
    '"displayName":"{given} {family}","title":"{title}","userType":"Employee","preferredLanguage":"en",'
    '"locale":"en-US","timezone":"Europe/Amsterdam","active":{active},'
    '"emails":[{{"value":"{name}","type":"work","primary":true}}],'
    '"phoneNumbers":[{{"value":"+31 20 555 {phone:04}","type":"work"}}],'
    '"roles":[{{"value":"{role}"}},{{"value":"analyst"}}],'
    '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"organization":"Widget Data Center",'
    '"department":"{department}","supportID":"S{number:07}"}}}}'
)
_GROUP_JSON = (
    '{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"{number}","externalId":"G{number:04}",'
    '"meta":{{"resourceType":"Group","created":"{modified}","lastModified":"{modified}",'
    '"location":"https://widget.4me.com/scim/v2/Groups/{number}"}},'
    '"displayName":"{name}","groupType":"Organization"}}'
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """How large it is, and how far the live side differs.

    Of each `changed_every` users one has another title live (0: none), of as many groups one lacks a member live.
    `large_group`: the members of one more group (0: no such group); 1 % of them differ; needs as many users and 1 %.
    """

    users: int
    groups: int = 200
    members: int = 100
    large_group: int = 0
    changed_every: int = 100

    @property
    def name(self) -> str:
        """Names its folder."""
        return f"{self.users}-{self.groups}x{self.members}-{self.large_group}-{self.changed_every}"

    @property
    def group_count(self) -> int:
        """All groups, the large one included."""
        return self.groups + bool(self.large_group)

    @property
    def changed_users(self) -> int:
        """How many users differ."""
        return self.users // self.changed_every if self.changed_every else 0

    def is_changed(self, number: int) -> bool:
        """Whether this user, or this group, differs."""
        return bool(self.changed_every) and number % self.changed_every == 0

    def declared_members(self, group: int) -> Iterator[int]:
        """The numbers of a group's declared members."""
        if group > self.groups:
            return iter(range(1, self.large_group + 1))
        size = min(self.members, self.users)
        first = (group - 1) * size
        return ((first + offset) % self.users + 1 for offset in range(size))

    def live_members(self, group: int) -> Iterator[int]:
        """The numbers of a group's members in 4me."""
        declared = self.declared_members(group)
        if group > self.groups:
            return (self._swapped(number) for number in declared)
        if self.is_changed(group):
            next(declared, None)
        return declared

    def _swapped(self, number: int) -> int:
        part, rest = divmod(number, _LARGE_GROUP_CHANGED_EVERY)
        return number if rest else self.large_group + part


def user_name(number: int) -> str:
    """The userName of user `number`, counted from 1."""
    return f"{_pick(_GIVEN, number)}.{_pick(_FAMILY, number)}.{number}@widget.example".lower()


def group_name(number: int) -> str:
    """The displayName of group `number`, counted from 1."""
    return f"Group {number:04}"


def user_lines(number: int) -> str:
    """The attributes of a declared user, one a line."""
    return USER_LINES.format(**_values(number), title=_pick(_TITLES, number))


def user_attributes(number: int) -> dict[str, str]:
    """The same as texts; a list's values with a comma between."""
    lines = (line.split(": ", 1) for line in user_lines(number).splitlines())
    return {name: value.strip("[]") for name, value in lines}


def user_json(number: int, *, changed: bool, active: bool = True) -> bytes:
    """A user as 4me gives it."""
    title = "Former Title" if changed else _pick(_TITLES, number)
    at = timestamp(EPOCH + number)
    state = "true" if active else "false"
    return _USER_JSON.format(**_values(number), title=title, created=at, modified=at, active=state).encode()


def group_json(number: int) -> bytes:
    """A group as lists of 4me give it: without members."""
    return _GROUP_JSON.format(number=number, name=group_name(number), modified=timestamp(EPOCH + number)).encode()


def members_json(numbers: Iterator[int]) -> bytes:
    """The value of a group's `members`."""
    rows = (
        f'{{"value":"{number}","display":"{user_name(number)}","$ref":"https://widget.4me.com/scim/v2/Users/{number}"}}'
        for number in numbers
    )
    return f"[{','.join(rows)}]".encode()


def timestamp(epoch: int) -> str:
    """A time as 4me writes it."""
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def _values(number: int) -> dict[str, str | int]:
    return {
        "number": number,
        "name": user_name(number),
        "given": _pick(_GIVEN, number),
        "family": _pick(_FAMILY, number),
        "department": _pick(_DEPARTMENTS, number),
        "phone": number % 10_000,
        "role": _pick(_ROLES, number),
    }


def _pick(words: tuple[str, ...], number: int) -> str:
    return words[number % len(words)]
