"""A sandbox whose clock stands still until a test moves it, and a way to talk to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from reconciler.sandbox import Sandbox, SandboxOptions, open_sandbox
from reconciler.sandbox.messages import Request, Response

NOON = 1_700_000_000.0


@dataclass
class Clock:
    """A clock in epoch seconds; sleeping moves it on."""

    now: float = NOON
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Caller:
    """Sends requests to a sandbox and reads the JSON of the answers."""

    sandbox: Sandbox
    clock: Clock

    def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Response:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.sandbox.handle(Request(method, f"/scim/v2{path}", urlencode(query), headers or {}, sent))

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.send("GET", path, **query).body)

    def create(self, path: str, body: object) -> str:
        response = self.send("POST", path, body)
        assert response.status == 201, response.body
        return str(json.loads(response.body)["id"])

    def user(self, user_name: str, /, **more: object) -> str:
        return self.create("/Users", {"userName": user_name, **more})

    def answer(self, method: str, path: str, body: object = None, **query: Any) -> tuple[int, Any]:
        response = self.send(method, path, body, **query)
        return response.status, json.loads(response.body) if response.body else None

    def patch(self, path: str, *operations: dict[str, object]) -> tuple[int, Any]:
        return self.answer("PATCH", path, {"Operations": list(operations)})

    def names(self, path: str = "/Users", **query: Any) -> list[str]:
        name = "userName" if path == "/Users" else "displayName"
        return [resource[name] for resource in self.get(path, **query)["Resources"]]


Opener = Callable[..., Caller]


@pytest.fixture
def open_caller() -> Iterator[Opener]:
    """Opens empty sandboxes with the options given, and closes them."""
    opened: list[Sandbox] = []

    def open_one(**options: Any) -> Caller:
        clock = Clock()
        settings = {"seeded": False, "clock": clock.time, "sleep": clock.sleep, **options}
        opened.append(open_sandbox(SandboxOptions(**settings)))
        return Caller(opened[-1], clock)

    yield open_one
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def empty(open_caller: Opener) -> Caller:
    """An account without anybody."""
    return open_caller()


@pytest.fixture
def seeded(open_caller: Opener) -> Caller:
    """The small organisation."""
    return open_caller(seeded=True)
