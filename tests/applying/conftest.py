"""A tenant on a port whose server can be made to do something of its own, and the command line."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli import run_command
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox
from reconciler.sandbox.messages import Request
from reconciler.sandbox.server import serve
from tests.services import declare, meddle, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox
    from reconciler.sandbox.messages import Response

USERS, GROUPS, MEMBERS = 40, 3, 3


class Behind:
    """A sandbox behind whose back something is done: before a request is acted upon, or after its answer is made."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.before: Callable[[Request], Request] = lambda request: request
        self.after: Callable[[Request], None] = lambda _request: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)

    def handle(self, request: Request) -> Response:
        response = self.sandbox.handle(self.before(request))
        self.after(request)
        return response


class Tenant:
    """Manifests for a tenant that holds `USERS` users, who are all declared, and its command line."""

    def __init__(self, folder: Path, behind: Behind, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.behind, self.sandbox, self.url = behind, behind.sandbox, url
        self.manifests, self.state, self.file = folder / "manifests", folder / "state", folder / "plan.json"
        self.organisation = declare(USERS, GROUPS, MEMBERS)
        self._capsys = capsys
        self.keys: dict[str, Any] = {}

    @property
    def users(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.organisation["users"]
        return found

    def declare(self, **keys: Any) -> None:
        self.keys |= keys
        write(self.manifests, self.organisation, self.url, **self.keys)

    def run(self, *arguments: object) -> tuple[int, list[str], list[str]]:
        code = run_command(["--state-dir", str(self.state), *map(str, arguments)])
        captured = self._capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    def apply(self, *options: object) -> tuple[int, list[str], list[str]]:
        return self.run("apply", self.manifests, "--yes", *options)

    def meddle(self, path: str, **body: Any) -> None:
        meddle(self.sandbox, "PATCH", path, body)

    def writes(self) -> list[str]:
        """`METHOD target` of every write, in the order of the answers."""
        return [
            f"{each.method} {each.target.removeprefix('/scim/v2')}"
            for each in self.sandbox.requests
            if each.method != "GET"
        ]

    def everything(self) -> list[object]:
        """All users and groups with their members, but for times; ids of those created follow the order of arrival."""
        found = []
        for path in [f"/Users/{number}" for number in range(1, USERS + 9)] + [
            f"/Groups/{number}" for number in range(1, GROUPS + 9)
        ]:
            response = self.sandbox.handle(Request("GET", f"/scim/v2{path}"))
            if response.status == 200:
                body = json.loads(response.body)
                found.append(
                    (
                        body.get("userName") or body["displayName"],
                        body.get("active"),
                        body.get("title"),
                        names(body.get("members", ())),
                    )
                )
        return sorted(found, key=str)

    def log(self) -> list[str]:
        """The same of every request since the first write."""
        told = [f"{each.method} {each.target.removeprefix('/scim/v2')}" for each in self.sandbox.requests]
        first = next(place for place, each in enumerate(told) if not each.startswith("GET"))
        return told[first:]


def names(members: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(str(each["display"]) for each in members)


@contextmanager
def tenant_on_a_port(folder: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> Iterator[Tenant]:
    organisation = Organisation(users=USERS, groups=GROUPS, members_per_group=MEMBERS)
    given: dict[str, Any] = {"rate_limit": 10**6, "organisation": organisation} | options
    sandbox = open_sandbox(SandboxOptions(database=None, **given))
    behind = Behind(sandbox)
    try:
        with serve(behind) as served:  # type: ignore[arg-type] # all that is asked of it is to handle requests
            made = Tenant(folder, behind, served.url, capsys)
            made.declare()
            yield made
    finally:
        sandbox.close()


@pytest.fixture(name="tenant")
def _tenant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Tenant]:
    with tenant_on_a_port(tmp_path, capsys) as made:
        yield made
