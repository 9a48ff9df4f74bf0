"""An organisation in which every personal text has a mark in it, so that a leak of any of them is seen."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from reconciler.cli import run_command
from reconciler.sandbox.messages import Request
from tests.services import meddle

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.sandbox import Sandbox

MARK = "xqzv"
"""In every user name, address, phone number, title, identifier and custom value; in no other text."""
KEY = "a secret of the law's own, long enough"
_numbers = count(1)


class Person:
    """A user of whom every value is marked and like no other."""

    def __init__(self, name: str) -> None:
        number = next(_numbers)
        self.given, self.family = f"{MARK.title()}{name}{number}", f"{MARK.title()}ton{number}"
        self.display = f"{self.given} {self.family}"
        self.user_name = f"{self.given}.{self.family}@{MARK}.example".lower()
        self.record: dict[str, Any] = {
            "userName": self.user_name,
            "externalId": f"E-{MARK}-{number}",
            "displayName": self.display,
            "givenName": self.given,
            "familyName": self.family,
            "title": f"{MARK} title {number}",
            "email": f"{self.given}@home.{MARK}.example".lower(),
            "mobile": f"+31 6 {MARK} {number}",
            "department": f"{MARK} department {number}",
            "customFields": {"payroll_id": f"{MARK}-payroll-{number}"},
        }

    def but(self, **changes: object) -> dict[str, Any]:
        """The record with some values changed."""
        return {**self.record, **changes}


class World:
    """A tenant on a port, two commits of manifests for it, and the command line. The first is applied."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str) -> None:
        self.folder, self.sandbox, self.url = folder, sandbox, url
        self.manifests, self.state = folder / "manifests", folder / "state"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.git("init", "--quiet", "--initial-branch", "main")
        people = {name: Person(name) for name in ("ann", "bob", "cleo", "dave", "erin", "gil", "hal", "ivy", "zoe")}
        self.people = people
        ann, bob, cleo, dave, erin, gil, hal, ivy, zoe = people.values()
        self.personal = f"Team of {ann.display}"
        self.tenant(protected=[erin.user_name])
        self.users(
            ann.record, bob.but(manager=ann.user_name), cleo.record, dave.record, erin.record, hal.record, ivy.record
        )
        self.groups(Desk=[ann, bob, cleo, erin], Night=[dave], **{self.personal: [bob, cleo]})
        self.commit()
        assert self.call("apply", self.manifests, "--yes") == 0
        self.change(ann, title=f"{MARK} meddled")
        self.change(dave, active=False)
        self.add(zoe)
        self.member("Desk", zoe)
        self.tenant(
            protected=[erin.user_name],
            tolerate=[
                self.tolerance(ann.user_name, "2099-01-01"),
                self.tolerance(f"{MARK}-nobody@x.example", "2020-01-01"),
            ],
        )
        renamed = f"new.{bob.user_name}"
        self.renamed = renamed
        self.users(
            ann.but(manager=renamed, mobile=f"+31 6 {MARK} new", customFields={"payroll_id": f"{MARK}-new"}),
            bob.but(userName=renamed, manager=None, title=f"{MARK} other"),
            dave.record,
            hal.but(department=f"{MARK} elsewhere"),
            ivy.but(externalId=f"E-{MARK}-taken-over"),
        )
        self.write(f"people/{gil.user_name.partition('@')[0]}.yaml", {"kind": "User", **gil.but(manager=ann.user_name)})
        self.groups(Desk=[ann, renamed, gil], Day=[gil], **{self.personal: [gil]})
        outside = f"{MARK} elsewhere"
        self.write(
            "mapping.yaml",
            {
                "kind": "Mapping",
                "resource": "User",
                "extends": "default",
                "scope": [{"name": f"no {outside}", "clauses": [_clause("department", "NOT EQUALS", outside)]}],
            },
        )
        self.commit()

    def git(self, *words: str) -> None:
        author = ["-c", f"user.name={MARK}", "-c", f"user.email={MARK}@x.example"]
        subprocess.run(["git", *author, *words], cwd=self.folder, check=True, capture_output=True, env=self.environment)

    def commit(self) -> None:
        self.git("add", "manifests")
        self.git("commit", "--quiet", "--message", "change")

    def call(self, *words: object) -> int:
        return run_command(["--state-dir", str(self.state), *map(str, words)])

    def write(self, name: str, document: dict[str, Any]) -> None:
        path = self.manifests / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(document, file)

    def tenant(self, protected: list[str], **keys: object) -> None:
        limits = {"requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6}
        ownership = {"protected": protected}
        document = {"kind": "Tenant", "name": "test", "endpoint": self.url, "limits": limits, "ownership": ownership}
        self.write("tenant.yaml", document | keys)

    def tolerance(self, key: str, until: str) -> dict[str, object]:
        return {
            "resource": "User",
            "key": key,
            "attributes": ["title"],
            "owner": f"{MARK} owner",
            "reason": f"since {MARK} said so",
            "until": date.fromisoformat(until),
        }

    def users(self, *records: dict[str, Any]) -> None:
        self.write("users.yaml", {"kind": "Users", "users": list(records)})

    def groups(self, **members: list[Any]) -> None:
        documents = [
            {"displayName": name, "members": [each if isinstance(each, str) else each.user_name for each in several]}
            for name, several in members.items()
        ]
        self.write("groups.yaml", {"kind": "Groups", "groups": documents})

    def id_of(self, kind: str, attribute: str, name: str) -> str:
        query = f'filter={attribute} eq "{name}"'.replace(" ", "%20").replace('"', "%22")
        body = json.loads(self.sandbox.handle(Request("GET", f"/scim/v2/{kind}", query, {}, b"")).body)
        return str(body["Resources"][0]["id"])

    def change(self, person: Person, **values: object) -> None:
        meddle(self.sandbox, "PATCH", f"/Users/{self.id_of('Users', 'userName', person.user_name)}", values)

    def add(self, person: Person) -> None:
        body = {"userName": person.user_name, "displayName": person.display, "title": f"{MARK} stranger"}
        meddle(self.sandbox, "POST", "/Users", body)

    def member(self, group: str, person: Person) -> None:
        operation = {
            "op": "add",
            "path": "members",
            "value": [{"value": self.id_of("Users", "userName", person.user_name)}],
        }
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        meddle(self.sandbox, "PATCH", f"/Groups/{self.id_of('Groups', 'displayName', group)}", body)


def _clause(attribute: str, operator: str, value: str) -> dict[str, str]:
    return {"attribute": attribute, "operator": operator, "value": value}


def leaks(*texts: str) -> list[str]:
    """What is around each mark in some texts, without regard to case."""
    found: list[str] = []
    for text in texts:
        low = text.casefold()
        start = low.find(MARK)
        while start >= 0:
            found.append(text[max(0, start - 60) : start + 60])
            start = low.find(MARK, start + 1)
    return found
