"""A tenant on a port, manifests for it, and the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler import cli
from reconciler.sandbox.messages import Request
from tests.services import meddle

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from reconciler.sandbox import Sandbox

TENANT = """\
kind: Tenant
name: test
endpoint: {url}
limits: {{requestsPerHour: 1000000, requestsPerTwoSeconds: 1000000}}
"""
USERS = """\
# Who works here
kind: Users
defaults: {userType: Employee}
users:
  - userName: ann@x.example   # the boss
    externalId: E1
    title: 'Lead'             # since 2020
    email: ann@x.example
  - userName: bob@x.example
    externalId: E2
    title: Analyst
    roles: [specialist]
    manager: ann@x.example
    groups: [Night]
  - {userName: cem@x.example, externalId: E3, title: Agent}
"""
GROUPS = """\
kind: Groups
groups:
- displayName: Desk
  members:
  # in order
  - ann@x.example
  - cem@x.example
- displayName: Night
"""


class World:
    """A tenant on a port, manifests, and the command line."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.sandbox, self._capsys = folder, sandbox, capsys
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.write("tenant.yaml", TENANT.format(url=url))
        self.write("users.yaml", USERS)
        self.write("groups.yaml", GROUPS)
        assert self.run("apply", "--yes")[0] == 0

    def write(self, name: str, text: str) -> None:
        (self.manifests / name).write_bytes(text.encode())

    def read(self, name: str) -> str:
        return (self.manifests / name).read_bytes().decode()

    def edit(self, name: str, old: str, new: str) -> None:
        assert old in self.read(name)
        self.write(name, self.read(name).replace(old, new))

    def run(self, command: str, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = cli.run_command(["--state-dir", str(self.folder / "state"), command, str(self.manifests), *words])
        out, err = self._capsys.readouterr()
        return code, out, err

    def classes(self, *words: str) -> tuple[int, dict[tuple[str, str], str]]:
        """The exit code of drift, and what each difference is: by key, and path or member."""
        code, out, _ = self.run("drift", "--format", "json", *words)
        found: dict[tuple[str, str], str] = {}
        for action in json.loads(out)["actions"]:
            found |= {(action["key"], change["path"]): change["class"] for change in action["changes"]}
            for side, sign in (("add", "+"), ("remove", "-")):
                named = zip(action["members"][side], action["memberClasses"][side], strict=True)
                found |= {(action["key"], f"{sign} {member}"): class_ for member, class_ in named}
        return code, found

    def id_of(self, kind: str, name: str, attribute: str = "userName") -> str:
        query = f'filter={attribute} eq "{name}"'.replace(" ", "%20").replace('"', "%22")
        body = json.loads(self.sandbox.handle(Request("GET", f"/scim/v2/{kind}", query, {}, b"")).body)
        return str(body["Resources"][0]["id"])

    def change(self, name: str, **values: Any) -> None:
        meddle(self.sandbox, "PATCH", f"/Users/{self.id_of('Users', name)}", values)

    def member(self, group: str, name: str, operation: str) -> None:
        value = [{"value": self.id_of("Users", name)}]
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": operation, "path": "members", "value": value}],
        }
        meddle(self.sandbox, "PATCH", f"/Groups/{self.id_of('Groups', group, 'displayName')}", body)
