"""A sandbox on a port, manifests for it, and what is done to it behind the tool's back."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from reconciler import run
from reconciler.sandbox import SandboxOptions, open_sandbox
from reconciler.sandbox.generate import describe_user
from reconciler.sandbox.messages import Request
from reconciler.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sandbox import Sandbox


def write(folder: Path, organisation: dict[str, Any], url: str, dialect: str = "auto", **tenant_keys: Any) -> None:
    """Manifests that declare the organisation for a tenant at `url`."""
    limits = {"requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6}
    tenant = {"kind": "Tenant", "name": "test", "endpoint": url, "dialect": dialect, "limits": limits, **tenant_keys}
    documents = [
        tenant,
        {"kind": "Users", "users": organisation["users"]},
        {"kind": "Groups", "groups": organisation["groups"]},
    ]
    folder.mkdir(exist_ok=True)
    with (folder / "all.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump_all(documents, file)


@contextmanager
def service(**options: Any) -> Iterator[tuple[Sandbox, str]]:
    sandbox = open_sandbox(SandboxOptions(database=None, seeded=False, rate_limit=10**6, **options))
    try:
        with serve(sandbox) as served:
            yield sandbox, served.url
    finally:
        sandbox.close()


def options(folder: Path) -> run.PlanOptions:
    return run.PlanOptions(
        folder / "manifests",
        folder / "state",
        on_talk=lambda _text: None,
        allow={"deactivations": 10**6, "membershipRemovals": 10**6},
    )


def declare(users: int, groups: int, members: int) -> dict[str, Any]:
    """What a generated sandbox of this size holds, as manifests declare it."""
    people = [describe_user(number) for number in range(1, users + 1)]
    declared = [
        {"userName": each["userName"], "externalId": each["externalId"], "title": each["title"]} for each in people
    ]
    teams = [
        {
            "displayName": f"Group {number:04}",
            "externalId": f"G{number:04}",
            "members": [
                people[member % users]["userName"] for member in range((number - 1) * members, number * members)
            ],
        }
        for number in range(1, groups + 1)
    ]
    return {"users": declared, "groups": teams}


def meddle(sandbox: Sandbox, method: str, path: str, body: object = None) -> None:
    """Somebody else's request; it must succeed."""
    path, _, query = path.partition("?")
    data = b"" if body is None else json.dumps(body).encode()
    response = sandbox.handle(Request(method, f"/scim/v2{path}", query, {}, data))
    assert response.status < 300, response.body
