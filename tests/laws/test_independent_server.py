"""The main job on a SCIM server that this project did not write: scim2-server, strict RFC 7644, on a loopback port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import run
from reconciler.importing import ImportOptions, import_live

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFESTS = """
kind: Tenant
name: independent
endpoint: {url}
limits: {{requestsPerHour: 100000, requestsPerTwoSeconds: 10000}}
---
kind: Users
users:
{users}
---
kind: Group
displayName: Team
members: [{members}]
"""


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("scim2-server")
    with subprocess.Popen(
        [program, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        for _ in range(200):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v2"
        server.terminate()


def converge(folder: Path, url: str, users: list[str], members: str) -> list[tuple[str, str]]:
    text = MANIFESTS.format(url=url, users="\n".join(f"  - {user}" for user in users), members=members)
    (folder / "all.yaml").write_text(text, encoding="utf-8")
    options: dict[str, Any] = {"on_talk": lambda _text: None}
    applied = run.apply(
        run.PlanOptions(folder, folder / "state", **options), run.ApplyOptions(confirm=lambda _planned: True)
    )
    assert [outcome.detail for outcome in applied.outcomes if outcome.detail] == []
    assert run.plan(run.PlanOptions(folder, folder / "state", **options)).plan.actions == ()
    return sorted((outcome.action.kind.value, outcome.action.key) for outcome in applied.outcomes)


def test_plan_apply_plan(tmp_path: Path, url: str) -> None:
    ann = "{userName: ann@widget.example, title: Lead, givenName: Ann, familyName: Lee, email: ann@widget.example}"
    bob = "{userName: bob@widget.example, manager: ann@widget.example, roles: [a, b], department: IT}"
    cas = "{userName: cas@widget.example}"
    assert converge(tmp_path, url, [ann, bob, cas], "ann@widget.example, bob@widget.example") == [
        ("create", "Team"),
        ("create", "ann@widget.example"),
        ("create", "bob@widget.example"),
        ("create", "cas@widget.example"),
    ]
    ann = "{userName: ann@widget.example, title: null, givenName: Anna, email: anna@widget.example}"
    bob = "{userName: bob@widget.example, manager: null, roles: [b, c], department: HR}"
    assert converge(tmp_path, url, [ann, bob], "ann@widget.example") == [
        ("deactivate", "cas@widget.example"),
        ("update", "Team"),
        ("update", "ann@widget.example"),
        ("update", "bob@widget.example"),
    ]
    assert converge(tmp_path, url, [ann, bob, cas], "") == [("reactivate", "cas@widget.example"), ("update", "Team")]


def test_what_is_imported_plans_to_nothing(tmp_path: Path, url: str) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    address = "{type: work, locality: Delft, country: NL}"
    ann = f"{{userName: ann@widget.example, title: Lead, email: ann@widget.example, addresses: [{address}]}}"
    bob = '{userName: bob@widget.example, manager: ann@widget.example, roles: [a, b], department: "no"}'
    cas = "{userName: cas@widget.example}"
    converge(folder, url, [ann, bob, cas], "ann@widget.example, cas@widget.example")
    converge(folder, url, [ann, bob, cas.replace("}", ", active: false}")], "ann@widget.example, cas@widget.example")
    options = run.PlanOptions(folder, tmp_path / "state", on_talk=lambda _text: None)
    imported = import_live(options, ImportOptions(tmp_path / "imported", "2026-11-25"))
    assert ([each.live.key for each in imported.inventory.users], imported.inventory.inactive) == (
        ["ann@widget.example", "bob@widget.example"],
        1,
    )
    planned = run.plan(run.PlanOptions(tmp_path / "imported", tmp_path / "state", on_talk=lambda _text: None))
    assert (planned.plan.actions, planned.plan.warnings, imported.remaining.actions) == ((), (), ())
