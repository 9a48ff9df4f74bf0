"""A service on a port that stores values its own way, manifests for it, and the command line."""

from __future__ import annotations

import dataclasses
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from reconciler.cli import run_command
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.messages import encode_json
from reconciler.sandbox.server import serve
from tests.services import meddle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

    from reconciler.sandbox import Sandbox
    from reconciler.sandbox.messages import Request, Response

    Ways = Mapping[str, Callable[[str], str | None]]

ANN, BOB = "ann@x.example", "bob@x.example"
TENANT = """\
# The account that everybody works in
kind: Tenant
name: test
endpoint: {url}   # do not change
limits: {{requestsPerHour: 1000000, requestsPerTwoSeconds: 1000000, concurrency: 1}}  # ids in order
"""


class OwnWay:
    """A sandbox that stores attributes in its own way; `ways` by name, a value that comes to None is dropped."""

    def __init__(self, sandbox: Sandbox, ways: Ways) -> None:
        self.sandbox, self.ways, self.writes = sandbox, dict(ways), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sandbox, name)

    def handle(self, request: Request) -> Response:
        """Answer a request, of a write what is stored of it."""
        if request.method in ("POST", "PATCH"):
            self.writes += 1
            body = encode_json(self._stored(json.loads(request.body), "")).encode()
            request = dataclasses.replace(request, body=body)
        return self.sandbox.handle(request)

    def _stored(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            inner = {each: self._stored(part, name if each == "value" else each) for each, part in value.items()}
            return {each: part for each, part in inner.items() if part is not None}
        if isinstance(value, list):
            return [self._stored(each, name) for each in value]
        return self.ways[name](value) if name in self.ways and isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class World:
    """One organisation: its manifests, its service, and this tool's state directory."""

    folder: Path
    service: OwnWay
    url: str
    capfd: pytest.CaptureFixture[str]

    def declare(self, users: Mapping[str, Mapping[str, object]], groups: str = "", tenant: str = "") -> None:
        """Users by name with their attributes, as flow maps; keys of the tenant are added to what is there."""
        manifests = self.folder / "manifests"
        manifests.mkdir(exist_ok=True)
        if not self.tenant.exists():
            self.tenant.write_text(TENANT.format(url=self.url) + tenant, encoding="utf-8")
        records = [{"userName": name, **attributes} for name, attributes in users.items()]
        lines = "".join(f"- {json.dumps(each)}\n" for each in records)
        (manifests / "users.yaml").write_text(f"kind: Users\nusers:\n{lines}{groups}", encoding="utf-8")

    @property
    def tenant(self) -> Path:
        return self.folder / "manifests" / "tenant.yaml"

    @property
    def writes(self) -> int:
        """How many requests to write there were."""
        return self.service.writes

    def run(self, *arguments: str) -> tuple[int, str]:
        """A command with the manifests: its exit code, and all that it said, without line breaks."""
        manifests = str(self.folder / "manifests")
        code = run_command(["--state-dir", str(self.folder / "state"), *arguments, manifests])
        captured = self.capfd.readouterr()
        return code, " ".join((captured.out + captured.err).split())

    def apply(self) -> str:
        """Everything; that it succeeds is a part of each story."""
        code, text = self.run("apply", "--yes")
        assert code == 0, text
        return text

    def plan(self, *arguments: str) -> str:
        """What is planned, or that nothing is."""
        code, text = self.run("plan", *arguments)
        assert code == 0, text
        return text

    def meddle(self, path: str, body: object) -> None:
        """Somebody else's PATCH."""
        meddle(self.service.sandbox, "PATCH", path, body)


@contextmanager
def world(folder: Path, capfd: pytest.CaptureFixture[str], ways: Ways) -> Iterator[World]:
    """The service holds nobody."""
    sandbox = open_sandbox(SandboxOptions(database=None, seeded=False, rate_limit=10**6))
    service = OwnWay(sandbox, ways)
    try:
        with serve(cast("Sandbox", service)) as served:
            yield World(folder, service, served.url, capfd)
    finally:
        sandbox.close()
