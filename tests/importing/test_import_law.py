"""The law: what is imported plans to nothing, whatever there is in 4me; and a second import gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.importing import ImportOptions, import_live
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox
from reconciler.sandbox.attributes import CUSTOM_FIELDS_SCHEMA, ENTERPRISE_SCHEMA
from reconciler.sandbox.messages import Request
from reconciler.sandbox.server import serve
from tests.services import options, service, write

if TYPE_CHECKING:
    from reconciler.importing import Imported
    from reconciler.sandbox import Sandbox

TODAY = "2026-11-25"
DIALECTS = ["4me", "rfc7644"]
ODD = ["no", "00123", "2026-11-01", "1e3", "null", "~", "-", "a: b", "a #b", "'", '"', "[x]", "{x}", "*x", "&x", "!x"]
ODD += [
    "a\nb",
    "a\tb",
    "\x00\x07\x1b[31m",
    "Zoë",
    "株式会社",
    "\u2028\ufeff\x85",
    "😀\U000e0001",
    " lead",
    "trail ",
    "#",
]
ODD += [
    "yes",
    "0x1F",
    "+31 6",
    "12:30",
    "?",
    "- x",
    "x:",
    "%",
    "@x",
    "`",
    "|",
    ">",
    "1.10",
    "True",
    "=",
    "<<",
    "---",
    "\x7f",
]
texts = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
json_values = st.recursive(
    texts | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def empty(folder: Path, url: str, dialect: str, **tenant: Any) -> None:
    write(folder / "manifests", {"users": [], "groups": []}, url, dialect, **tenant)


def import_into(folder: Path, name: str = "imported", **chosen: Any) -> Imported:
    return import_live(options(folder), ImportOptions(folder / name, TODAY, **chosen))


def plan(folder: Path, name: str = "imported") -> run.Planned:
    return run.plan(replace(options(folder), manifests=folder / name))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def holds(folder: Path, **chosen: Any) -> Imported:
    """Import, and let the law be kept."""
    imported = import_into(folder, **chosen)
    planned = plan(folder)
    assert [(each.kind, each.key, each.reason, each.changes, each.members) for each in planned.plan.actions] == []
    assert imported.remaining.actions == ()
    known = ("protected: left alone", "declared nowhere, left alone")
    assert [each for each in planned.plan.warnings if not each.endswith(known)] == []
    import_into(folder, "again", **chosen)
    assert contents(folder / "again") == contents(folder / "imported")
    return imported


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("include_inactive", [False, True])
def test_the_seeded_sandbox(tmp_path: Path, dialect: str, *, include_inactive: bool) -> None:
    sandbox = open_sandbox(SandboxOptions(database=None, rate_limit=10**6))
    with serve(sandbox) as served:
        empty(tmp_path, served.url, dialect)
        imported = holds(tmp_path, include_inactive=include_inactive)
    sandbox.close()
    assert (len(imported.inventory.users), imported.inventory.inactive) == ((14, 0) if include_inactive else (11, 3))
    assert {each.method for each in sandbox.requests} == {"GET"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("users", "groups"), [(1, 0), (30, 3), (450, 12)])
@pytest.mark.parametrize("split", ["auto", "organization", "chunks", "one"])
def test_generated_tenants(tmp_path: Path, dialect: str, users: int, groups: int, split: str) -> None:
    with service(organisation=Organisation(users, groups, 10)) as (_, url):
        empty(tmp_path, url, dialect)
        imported = holds(tmp_path, split=split, size=100)
    assert sum(imported.files.values()) == users + groups


@st.composite
def odd_users(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(texts.filter(str.strip), unique_by=str.casefold, min_size=1, max_size=6))
    users = []
    for name in names:
        user: dict[str, Any] = {"userName": name, "active": draw(st.integers(0, 4)) > 0}
        for attribute in ("externalId", "displayName", "title", "userType", "nickName", "locale"):
            if draw(st.booleans()):
                user[attribute] = draw(texts)
        user["name"] = draw(st.dictionaries(st.sampled_from(["givenName", "familyName", "formatted"]), texts))
        kinds = st.fixed_dictionaries(
            {"value": texts}, optional={"type": st.sampled_from(["work", "home", "Work"]), "display": texts}
        )
        user["emails"] = draw(st.lists(kinds, max_size=3))
        user["phoneNumbers"] = draw(
            st.lists(kinds | st.just({"value": "7", "type": "mobile", "primary": True}), max_size=2)
        )
        user["roles"] = draw(st.lists(st.fixed_dictionaries({"value": texts}, optional={"display": texts}), max_size=3))
        user["addresses"] = draw(
            st.lists(st.fixed_dictionaries({"locality": texts, "type": st.just("work")}), max_size=2)
        )
        user[CUSTOM_FIELDS_SCHEMA] = draw(st.dictionaries(texts, json_values, max_size=3))
        extension = {"organization": draw(texts), "employeeNumber": draw(texts)} if draw(st.booleans()) else {}
        user[ENTERPRISE_SCHEMA] = extension
        users.append(user)
    return users


def sent(sandbox: Sandbox, method: str, path: str, body: dict[str, Any]) -> str | None:
    """The id of what a request made or changed, None where 4me refused it."""
    answer = sandbox.handle(Request(method, f"/scim/v2{path}", "", {}, json.dumps(body).encode()))
    return str(json.loads(answer.body)["id"]) if answer.status < 300 else None


@pytest.mark.parametrize("name", ["3\x85ÜhJ", "a\x07b", "\x1c1", "a\x7fb"])
def test_who_cannot_be_named_is_left_alone(tmp_path: Path, name: str) -> None:
    with service() as (sandbox, url):
        sent(sandbox, "POST", "/Users", {"userName": name, "active": True})
        empty(tmp_path, url, "rfc7644")
        imported = holds(tmp_path)
    assert [(live.key, reason) for live, reason in imported.inventory.undeclarable] == [
        (name, "its userName has a control character")
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(users=odd_users(), groups=st.lists(texts.filter(str.strip), unique_by=str.casefold, max_size=4), data=st.data())
@settings(max_examples=20)
def test_odd_users_and_groups(
    dialect: str, users: list[dict[str, Any]], groups: list[str], data: st.DataObject
) -> None:
    """Managers and groups go round in circles, externalIds come twice, members are inactive or not owned."""
    with TemporaryDirectory() as name, service() as (sandbox, url):
        ids = [each for user in users if (each := sent(sandbox, "POST", "/Users", user))]
        for each in ids:
            boss = data.draw(st.sampled_from([None, *ids]))
            sent(sandbox, "PATCH", f"/Users/{each}", {ENTERPRISE_SCHEMA: {"manager": {"value": boss}}})
        teams = [
            each
            for group in groups
            if (each := sent(sandbox, "POST", "/Groups", {"displayName": group, "externalId": data.draw(texts)}))
        ]
        for team in teams:
            members = (
                [{"value": each} for each in data.draw(st.lists(st.sampled_from(ids), unique=True))] if ids else []
            )
            members += [
                {"value": each, "type": "Group"} for each in data.draw(st.lists(st.sampled_from(teams), unique=True))
            ]
            sent(sandbox, "PATCH", f"/Groups/{team}", {"members": members})
        ownership = {"users": {"scope": 'not (title eq "no")'}} if data.draw(st.booleans()) else {}
        empty(Path(name), url, dialect, ownership=ownership)
        holds(Path(name), include_inactive=data.draw(st.booleans()))
