"""The floor: the least code that does a plan's work, with the product's own YAML parser, validator and HTTP client.

`python -m benchmarks.floor validate FOLDER` and `python -m benchmarks.floor plan FOLDER OUT`. Anything that the product
does beyond this (mappings, places, guards, pacing, retries, reports) is what the ratio shows.
"""

from __future__ import annotations

import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired

import httpx
import yaml_rs
from pydantic import ConfigDict, TypeAdapter
from pydantic_core import from_json
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]

PAGE_SIZE = 25
CONCURRENCY = 8
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class User(TypedDict):
    """A declared user; no other keys."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    userName: str
    externalId: str
    displayName: str
    givenName: str
    familyName: str
    title: str
    department: str
    organization: str
    userType: str
    timezone: str
    locale: str
    email: str
    workPhone: str
    roles: list[str]


class Group(TypedDict):
    """A declared group; no other keys."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    displayName: str
    externalId: str
    groupType: str
    members: NotRequired[list[str]]


_USERS = TypeAdapter(list[User])
_GROUPS = TypeAdapter(list[Group])


def read_manifests(folder: Path) -> tuple[str, list[User], list[Group]]:
    """The endpoint, users and groups, validated."""
    users: list[Json] = []
    groups: list[Json] = []
    endpoint = ""
    for path in sorted(folder.rglob("*.yaml")):
        document: Any = yaml_rs.loads(path.read_text(encoding="utf-8"), parse_datetime=False)
        kind = document.pop("kind")
        if kind == "Users":
            users += document["users"]
        elif kind == "User":
            users.append(document)
        elif kind == "Groups":
            groups += document["groups"]
        else:
            endpoint = document["endpoint"]
    return endpoint, _USERS.validate_python(users), _GROUPS.validate_python(groups)


def make_plan(folder: Path) -> Json:
    """Every difference, as a plan. Live users are compared page by page and not kept."""
    gc.disable()
    endpoint, users, groups = read_manifests(folder)
    gc.freeze()
    gc.enable()
    desired = {user["externalId"]: user for user in users}
    ids: dict[str, str] = {}
    actions: list[Json] = []
    with httpx.Client() as client, ThreadPoolExecutor(CONCURRENCY) as pool:

        def get(path: str) -> Any:
            return from_json(client.get(endpoint + path).content)

        for row in _walk(pool, get, "/Users"):
            ids[row["userName"]] = row["id"]
            wanted = desired.pop(row["externalId"], None)
            have = flatten_user(row)
            if wanted is None:
                actions.append({"action": "deactivate", "key": row["userName"]})
            elif wanted != have:
                changes = [
                    {"path": name, "before": have.get(name), "after": value}
                    for name, value in wanted.items()
                    if have.get(name) != value
                ]
                actions.append({"action": "update", "key": row["userName"], "id": row["id"], "changes": changes})
        live_groups = {row["externalId"]: row["id"] for row in _walk(pool, get, "/Groups")}
        declared = [group for group in groups if group["externalId"] in live_groups]
        read = pool.map(lambda group: get(f"/Groups/{live_groups[group['externalId']]}"), declared)
        for group, row in zip(declared, read, strict=True):
            wanted_ids = {ids[name] for name in group.get("members", ()) if name in ids}
            add, remove = diff_members(wanted_ids, row)
            if add or remove:
                actions.append({"action": "update", "key": group["displayName"], "add": add, "remove": remove})
    actions += [{"action": "create", "key": user["userName"]} for user in desired.values()]
    return {"actions": actions}


def diff_members(wanted: set[str], group: Json) -> tuple[list[str], list[str]]:
    """The ids to add and to remove."""
    have = {member["value"] for member in group["members"]}
    return sorted(wanted - have), sorted(have - wanted)


def _walk(pool: ThreadPoolExecutor, get: Any, path: str) -> Iterator[Json]:
    first = get(f"{path}?startIndex=1&count={PAGE_SIZE}")
    yield from first["Resources"]
    starts = range(1 + PAGE_SIZE, first["totalResults"] + 1, PAGE_SIZE)
    for page in pool.map(lambda start: get(f"{path}?startIndex={start}&count={PAGE_SIZE}"), starts):
        yield from page["Resources"]


def flatten_user(row: Json) -> Json:
    """A live user under the manifests' names."""
    enterprise = row[_ENTERPRISE]
    return {
        "userName": row["userName"],
        "externalId": row["externalId"],
        "displayName": row["displayName"],
        "givenName": row["name"]["givenName"],
        "familyName": row["name"]["familyName"],
        "title": row["title"],
        "department": enterprise["department"],
        "organization": enterprise["organization"],
        "userType": row["userType"],
        "timezone": row["timezone"],
        "locale": row["locale"],
        "email": row["emails"][0]["value"],
        "workPhone": row["phoneNumbers"][0]["value"],
        "roles": [role["value"] for role in row["roles"]],
    }


def main() -> None:
    """Entry point."""
    command, folder, *rest = sys.argv[1:]
    if command == "validate":
        gc.disable()
        _, users, groups = read_manifests(Path(folder))
        sys.stdout.write(f"{len(users)} users, {len(groups)} groups\n")
    else:
        Path(rest[0]).write_text(json.dumps(make_plan(Path(folder)), indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
