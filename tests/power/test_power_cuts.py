"""An apply is killed at every one of its writes; the next says what it found, and comes to what was wanted.

The judge is the service: what it was sent, and what it holds in the end, beside an apply that nothing interrupted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import run
from reconciler.cli import run_command
from reconciler.journal.reading import read_runs
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.messages import Delivery, Request, Response
from reconciler.sandbox.server import serve
from tests.services import options, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.core.plan_model import Action
    from reconciler.sandbox import Sandbox

LIMITS = {"requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6, "concurrency": 1, "membersPerRequest": 2}
EXTENSION = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def user(name: str, **attributes: Any) -> dict[str, Any]:
    return {"userName": f"{name}@x.example", "externalId": f"E-{name}", **attributes}


def names(text: str) -> list[str]:
    return [f"{name}@x.example" for name in text.split()]


BEFORE = {
    "users": [
        user("ann", title="Lead"),
        user("bob", title="Agent", manager="ann@x.example"),
        user("cem", active=False),
        user("dan"),
        user("eve"),
        user("fay", customFields={"payroll": "1"}),
    ],
    "groups": [
        {"displayName": "Desk", "members": names("ann dan")},
        {"displayName": "Night", "members": names("eve")},
    ],
}
AFTER = {
    "users": [
        user("gus", title="Director"),
        user("hal", manager="gus@x.example", customFields={"payroll": "7"}),
        user("ann", title="Head", manager="gus@x.example"),
        user("bob", title="Agent", manager="hal@x.example"),
        user("cem", active=True, title="Agent"),
        user("fay", customFields={"payroll": "2"}),
    ],
    "groups": [
        {"displayName": "Desk", "members": names("gus hal ann bob cem fay")},
        {"displayName": "Night", "members": names("cem")},
        {"displayName": "New", "externalId": "G-new", "members": names("gus hal ann")},
    ],
}
LITTLE = BEFORE | {"groups": [{"displayName": "Desk", "members": names("ann")}, BEFORE["groups"][1]]}
LEAVERS = frozenset(names("dan eve"))


@dataclass(slots=True)
class Service:
    """A service that pulls the plug of its client: at the write of number `cut`, before or after it acted on it."""

    sandbox: Sandbox
    cut: int = 0
    acts: bool = True
    writes: list[str] = field(default_factory=list)
    deactivated: set[str] = field(default_factory=set)
    victim: int = 0
    known: Event = field(default_factory=Event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)

    def handle(self, request: Request) -> Response:
        """Answer, unless nobody is there any more."""
        if request.method == "GET":
            return self.sandbox.handle(request)
        self.writes.append(request.method)
        cuts = len(self.writes) == self.cut
        answer = self.sandbox.handle(request) if self.acts or not cuts else None
        if answer and "/Users" in request.path:
            shown = json.loads(answer.body)
            self.deactivated |= {shown["userName"]} if not shown["active"] else set()
        if answer and not cuts:
            return answer
        assert self.known.wait(10)
        os.kill(self.victim, signal.SIGKILL)
        return Response(200, delivery=Delivery.DROPPED)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with manifests and state, a service, and processes to run the tool in."""

    folder: Path
    service: Service
    url: str
    zygote: subprocess.Popen[str]

    @property
    def words(self) -> list[str]:
        """The command line of an apply."""
        folder = self.folder
        state, manifests = str(folder / "state"), str(folder / "manifests")
        return ["--state-dir", state, "apply", manifests, "--yes", "--allow", "membershipRemovals=99"]

    def apply_elsewhere(self, step: int = 0) -> tuple[int, str]:
        """How an apply in a process of its own ended, and what it said; it kills itself before that step, if any."""
        assert self.zygote.stdin
        assert self.zygote.stdout
        log = self.folder / "log"
        self.zygote.stdin.write(json.dumps({"words": self.words, "log": str(log), "step": step}) + "\n")
        self.zygote.stdin.flush()
        self.service.victim = int(self.zygote.stdout.readline())
        self.service.known.set()
        return int(self.zygote.stdout.readline()), log.read_text(encoding="utf-8")

    def apply(self) -> tuple[int, str]:
        """How an apply ended, and what it said."""
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = run_command(self.words)
        return code, said.getvalue()

    def plan(self) -> tuple[tuple[Action, ...], list[str]]:
        """What there is to do, and what a plan says besides."""
        said: list[str] = []
        planned = run.plan(replace(options(self.folder), on_talk=said.append))
        return planned.plan.actions, said

    def open_sandbox(self) -> None:
        """Serve what lies in the folder."""
        self.service.sandbox.close()
        self.service.sandbox = open_sandbox(SandboxOptions(self.folder / "4me.db", seeded=False, rate_limit=10**6))

    def reset(self, kept: Path) -> None:
        """Everything as it was kept, and the service whole."""
        self.service.sandbox.close()
        for name in ("state", "4me.db", "4me.db-wal", "4me.db-shm"):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.copytree(kept, self.folder, dirs_exist_ok=True)
        self.open_sandbox()
        self.service.writes.clear()
        self.service.deactivated.clear()
        self.service.known.clear()

    def holds(self) -> dict[str, Any]:
        """What the service holds, by name instead of by id."""
        users, groups = self.list("Users"), self.list("Groups")
        called = {each["id"]: each["userName"] for each in users}
        people = {
            each["userName"]: (
                each["active"],
                each.get("externalId"),
                each.get("title"),
                called.get(each.get(EXTENSION, {}).get("manager", {}).get("value")),
            )
            for each in users
        }
        teams = {
            each["displayName"]: sorted(called[member["value"]] for member in each.get("members", ()))
            for each in groups
        }
        assert (len(people), len(teams)) == (len(users), len(groups)), "there are duplicates"
        return {"users": people, "groups": teams}

    def list(self, kind: str) -> list[dict[str, Any]]:
        answer = self.service.sandbox.handle(Request("GET", f"/scim/v2/{kind}", "count=25", {}, b""))
        found: list[dict[str, Any]] = json.loads(answer.body)["Resources"]
        return found


@pytest.fixture(name="zygote", scope="module")
def _zygote() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("zygote.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as zygote:
        yield zygote
        assert zygote.stdin
        zygote.stdin.close()


@pytest.fixture(name="place")
def _place(tmp_path: Path, zygote: subprocess.Popen[str]) -> Iterator[Place]:
    sandbox = open_sandbox(SandboxOptions(tmp_path / "4me.db", seeded=False, rate_limit=10**6))
    service = Service(sandbox)
    with serve(service) as served:  # type: ignore[arg-type]
        yield Place(tmp_path, service, served.url, zygote)
    service.sandbox.close()


@contextmanager
def prepared(place: Place, dialect: str, after: dict[str, Any]) -> Iterator[Path]:
    """What was before the apply that is to be interrupted: the folder that `reset` takes it from."""
    folder = place.folder
    write(folder / "manifests", BEFORE, place.url, dialect, limits=LIMITS)
    assert place.apply()[0] == 0
    place.service.sandbox.close()
    with TemporaryDirectory() as name:
        kept = Path(name)
        for each in (folder / "state", folder / "4me.db"):
            (shutil.copytree if each.is_dir() else shutil.copy)(each, kept / each.name)
        write(folder / "manifests", after, place.url, dialect, limits=LIMITS)
        place.reset(kept)
        yield kept


@pytest.mark.parametrize(("dialect", "acts", "every"), [("4me", True, 1), ("4me", False, 1), ("rfc7644", True, 3)])
def test_killed_at_any_write_the_next_apply_finishes_it(place: Place, dialect: str, every: int, *, acts: bool) -> None:
    service = place.service
    with prepared(place, dialect, AFTER) as kept:
        assert place.apply()[0] == 0
        wanted, total = place.holds(), len(service.writes)
        assert total >= 12
        assert service.deactivated == LEAVERS
        for cut in range(1, total + 1, every):
            place.reset(kept)
            service.cut, service.acts = cut, acts
            assert place.apply_elsewhere()[0] == -signal.SIGKILL
            assert len(service.writes) == cut
            service.cut = 0
            code, said = place.apply()
            assert code == 0, said
            assert " was interrupted: " in said
            assert " 1 in flight (" in said
            assert service.deactivated == LEAVERS
            check(place, wanted)


def test_killed_at_any_step_in_the_state_directory_the_next_apply_finishes_it(place: Place) -> None:
    with prepared(place, "4me", LITTLE) as kept:
        assert place.apply()[0] == 0
        wanted, writes = place.holds(), len(place.service.writes)
        sent = set()
        for step in count(1):
            place.reset(kept)
            ended, said = place.apply_elsewhere(step)
            sent.add(len(place.service.writes))
            if ended == 0:
                break
            assert ended == -signal.SIGKILL, said
            code, said = place.apply()
            assert code == 0, said
            check(place, wanted)
        assert step > 10
        assert sent == {0, writes}, "the steps between two writes are those of the test above"


def check(place: Place, wanted: dict[str, Any]) -> None:
    """What must be so after an apply that followed one that was killed."""
    assert place.holds() == wanted
    assert "DELETE" not in place.service.writes
    assert place.plan() == ((), [])
    statuses = [each.status for each in read_runs(place.folder / "state")][1:]
    assert statuses in (["interrupted", "done"], ["interrupted"], ["done"])
    litter = [each.name for each in (place.folder / "state").rglob(".*")]
    assert litter == []
