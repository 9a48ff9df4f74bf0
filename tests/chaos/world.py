"""A service that goes wrong, manifests for it, other people at work, and the real command line."""

from __future__ import annotations

import io
import json
import socket
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.cli import run_command
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox, parse_fault
from reconciler.sandbox.server import serve
from tests.chaos.clock import Clock
from tests.services import declare, meddle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.sandbox import LoggedRequest, Sandbox

OWNED = "@widget.example"
PROTECTED = ("owner@widget.example", "Emergency Access")
GUEST = "guest@elsewhere.example"
USERS, GROUPS, MEMBERS = 30, 2, 14
"""More than a page of users; those of the second page are members too."""
PATIENT, IMPATIENT = 30.0, 0.2
"""Seconds of real time: the client's timeout, and that where the service is silent."""
ALLOWED = ("--allow", "deactivations=100000", "--allow", "membershipRemovals=100000")

State = list[dict[str, Any]]
"""All users and groups as the service has them."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One command: what it said, what the service saw, and how the service was before and after.

    `declared`: what the manifests said. `faults`: those that were armed.
    """

    command: str
    code: int
    out: str
    err: str
    log: list[LoggedRequest]
    before: State
    after: State
    declared: dict[str, Any]
    faults: tuple[str, ...]

    @property
    def struck(self) -> set[str]:
        """The faults that made a difference, by kind and value."""
        return {name for entry in self.log for name in entry.faults}

    def has_struck(self, fault: str) -> bool:
        return fault.partition(",")[0] in self.struck


@dataclass(slots=True)
class World:
    """One tenant. `declared` is what the next manifests say; `concurrency` and `dialect` are the tool's."""

    folder: Path
    sandbox: Sandbox
    url: str
    clock: Clock
    declared: dict[str, Any]
    concurrency: int = 1
    dialect: str = "4me"

    def run(self, command: str, *faults: str, state: str = "state", more: Sequence[str] = ()) -> Ran:
        """Run a command line while these faults strike; then everything is fine again."""
        declared = deepcopy(self.declared)
        self._write(declared, IMPATIENT if any("silent" in fault for fault in faults) else PATIENT)
        before, seen = self.sandbox.dump(), len(self.sandbox.requests)
        self.clock.sleep(5)
        self.sandbox.arm(*map(parse_fault, faults))
        out, err = io.StringIO(), io.StringIO()
        arguments = ["--state-dir", str(self.folder / state), "--no-color", *_words(command), *more]
        with redirect_stdout(out), redirect_stderr(err):
            code = run_command([*arguments, str(self.folder / "manifests")], self.clock.timing())
        self.sandbox.arm()
        log = self.sandbox.requests[seen:]
        self.clock.sleep(30)
        if any("down" in fault for fault in faults):
            self._wait_for_the_port()
        after = self.sandbox.dump()
        return Ran(command, code, out.getvalue(), err.getvalue(), log, before, after, declared, faults)

    def meddle(self, method: str, path: str, body: object = None) -> None:
        """Somebody else changes something, behind the tool's back."""
        meddle(self.sandbox, method, path, body)
        self.clock.sleep(1)

    def needed(self) -> list[tuple[str, str]]:
        """What there is to do by a tool that remembers nothing and is not disturbed: action and key."""
        ran = self.run("plan", state="elsewhere", more=("--refresh", "full", "--format", "json"))
        assert ran.code == 0, ran.err
        return [(each["action"], each["key"]) for each in json.loads(ran.out)["actions"]]

    def _wait_for_the_port(self) -> None:
        """Its time has come by the clock; the server takes a moment to see that."""
        address = urlsplit(self.url)
        for _ in range(1000):
            try:
                socket.create_connection((address.hostname or "", address.port or 0), timeout=5).close()
            except ConnectionRefusedError:
                Event().wait(0.005)
            else:
                return
        raise AssertionError("the port stays closed")

    def _write(self, declared: dict[str, Any], timeout: float) -> None:
        limits = {
            "requestsPerHour": 10**6,
            "requestsPerTwoSeconds": 10**6,
            "concurrency": self.concurrency,
            "membersPerRequest": 3,
            "timeout": timeout,
        }
        ownership = {"users": {"scope": f'userName ew "{OWNED}"'}, "protected": list(PROTECTED)}
        tenant = {"kind": "Tenant", "name": "test", "endpoint": self.url, "dialect": self.dialect}
        documents = [
            tenant | {"limits": limits, "ownership": ownership},
            {"kind": "Users", "users": declared["users"]},
            {"kind": "Groups", "groups": declared["groups"]},
        ]
        folder = self.folder / "manifests"
        folder.mkdir(exist_ok=True)
        text = "\n---\n".join(json.dumps(each, ensure_ascii=False) for each in documents)
        (folder / "all.yaml").write_text(text, encoding="utf-8")  # JSON is YAML


def _words(command: str) -> list[str]:
    match command:
        case "apply":
            return ["apply", "--yes", *ALLOWED]
        case "plan":
            return ["plan", *ALLOWED]
    return [command]


@contextmanager
def open_world(idle: int = 0, *, touches: bool = True) -> Iterator[World]:
    """Declared users and groups that are there, somebody protected, somebody who is not owned.

    `idle`: how many inactive users there are besides. `touches`: whether a membership change moves a group's time.
    """
    clock = Clock()
    options = SandboxOptions(
        organisation=Organisation(USERS + idle, GROUPS, MEMBERS),
        rate_limit=10**6,
        membership_touches_group=touches,
        clock=clock.time,
        sleep=clock.sleep,
    )
    sandbox = open_sandbox(options)
    try:
        with TemporaryDirectory() as folder, serve(sandbox) as served:
            for name in (PROTECTED[0], GUEST):
                meddle(sandbox, "POST", "/Users", {"userName": name})
            emergency = {"displayName": PROTECTED[1], "members": [{"value": "1"}]}
            meddle(sandbox, "POST", "/Groups", emergency)
            for number in range(USERS + 1, USERS + idle + 1):
                meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
            yield World(Path(folder), sandbox, served.url, clock, declare(USERS, GROUPS, MEMBERS))
    finally:
        sandbox.close()
