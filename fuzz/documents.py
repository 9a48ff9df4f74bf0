"""Whole and valid documents of each kind, to be broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.report.plan_json import plan_document
from tests.report.examples import EVERYTHING

MANIFESTS: tuple[Any, ...] = (
    {
        "kind": "Tenant",
        "name": "t",
        "default": True,
        "endpoint": "https://x.example/scim/v2",
        "account": "widget",
        "dialect": "auto",
        "token": {"env": "X", "issued": "2026-11-01", "lifetime": "30d"},
        "ownership": {"users": {"scope": 'userName sw "a"', "unlisted": "report"}, "protected": ["*@x"]},
        "guardrails": {"deactivations": "10%", "membershipRemovals": 5},
        "assume": {"membershipTouchesGroup": "unknown"},
        "limits": {"requestsPerHour": 3600, "concurrency": 8, "timeout": 30},
        "tolerate": [{"user": "*", "attributes": ["title"], "until": "2027-01-01", "reason": "x"}],
        "notify": {"to": [{"env": "N", "on": ["drift"]}], "detail": "counts", "repeat": "1h"},
        "approval": "required",
        "refreshEvery": "7d",
    },
    {
        "kind": "Users",
        "defaults": {"timezone": "Europe/Amsterdam"},
        "users": [
            {
                "userName": "ann@x.example",
                "externalId": "1",
                "email": "ann@x.example",
                "emails": [{"value": "b@x.example", "type": "home", "primary": True}],
                "addresses": [{"type": "work", "locality": "x"}],
                "roles": ["a", "b"],
                "customFields": {"x": 1},
                "manager": "bob@x.example",
                "groups": ["G"],
                "adopt": True,
                "active": False,
            },
            {"userName": "bob@x.example", "title": None},
        ],
    },
    {"kind": "Group", "displayName": "G", "membership": "additive", "members": ["ann@x.example", {"group": "H"}]},
    {"kind": "Groups", "groups": [{"displayName": "H", "externalId": "h"}]},
    {
        "kind": "Mapping",
        "resource": "User",
        "extends": "none",
        "match": ["userName"],
        "attributes": {
            "userName": "login",
            "displayName": {"expression": 'Join(" ", [first], [last])'},
            "title": {"source": "job", "default": "x", "apply": "create"},
            "active": {"expression": 'Switch([gone], "True", "1", "False")'},
            "userType": {"constant": "Employee"},
            'emails[type eq "work"].value': "mail",
        },
        "scope": [{"name": "n", "clauses": [{"attribute": "job", "operator": "REGEX MATCH", "value": "^a(b|c)+$"}]}],
        "tests": [{"record": {"login": "a", "job": "abc"}, "expect": {"userName": "a"}}],
    },
)
SOURCES: dict[str, tuple[Any, ...]] = {
    "x.csv": (
        {
            "kind": "Source",
            "resource": "User",
            "file": "x.csv",
            "encoding": "utf-8",
            "csv": {"delimiter": ";", "quote": '"', "escape": "\\", "header": ["userName", "title"]},
            "key": "userName",
            "rename": {"a": "title"},
            "constants": {"userType": "x"},
            "lists": {"roles": ","},
            "emptyCells": "unmanaged",
            "minimumRows": 0,
        },
        {"kind": "Source", "resource": "User", "file": "x.csv", "key": "userName"},
        {"kind": "Source", "resource": "User", "file": "x.csv", "key": "userName", "encoding": "utf-16"},
    ),
    "x.json": (
        {"kind": "Source", "resource": "User", "file": "x.json", "key": "userName", "records": "value.rows"},
        {"kind": "Source", "resource": "Group", "file": "x.json", "key": "displayName"},
    ),
    "x.jsonl": ({"kind": "Source", "resource": "User", "file": "x.jsonl", "key": "userName", "encoding": "cp1252"},),
}
ROWS: tuple[Any, ...] = (
    [
        {"userName": "a", "title": "x", "emails": [{"value": "a@x.example"}], "customFields": {"a": 1}},
        {"userName": "b"},
    ],
    {"value": [{"userName": "a", "active": "True"}], "@odata.count": 1},
    {"value": {"rows": [{"userName": "a"}]}},
)
ATTRIBUTES: tuple[Any, ...] = (
    {
        "userName": "x",
        "active": True,
        "emails": [{"value": "x", "type": "work"}],
        "meta.lastModified": "2026-11-24T10:00:00Z",
    },
)
PLANS: tuple[Any, ...] = (plan_document(EVERYTHING),)
_TENANT = {"name": "t", "endpoint": "https://x/scim/v2", "account": None}
JOURNAL: tuple[Any, ...] = (
    {
        "entry": "run", "at": "2026-11-24T10:00:00Z", "seq": 1, "previous": None, "hash": "sha256:0",
        "formatVersion": "2.0",
        "fingerprint": "sha256:0", "tenant": _TENANT, "planned": 1, "who": "ann", "commit": "abc",
        "approval": {"maxAge": 1},
        "plan": "sha256:0", "undoes": None, "link": "https://x", "approvedDigest": "sha256:0",
    },
    {"entry": "attempt", "at": "2026-11-24T10:00:00Z", "action": "update", "resource": "User", "key": "ann",
    "id": "1"},
    {
        "entry": "outcome", "at": "2026-11-24T10:00:00Z", "action": "update", "resource": "User", "key": "ann",
        "id": "1",
        "status": "done", "message": "", "changes": [{"path": "title", "before": None, "after": "x"}],
        "source": {"file": "a", "line": 1},
        "members": {"add": ["a"], "remove": [], "groups": []}, "memberIds": {"a": "1"}, "stored": {"title": "X"},
        "requests": 1,
    },
    {"entry": "end", "at": "2026-11-24T10:00:00Z", "done": 1, "failed": 0, "skipped": 0, "spent": True},
)  # fmt: skip
PAGES: tuple[Any, ...] = (
    {
        "totalResults": 2,
        "itemsPerPage": 25,
        "startIndex": 1,
        "Resources": [
            {
                "id": "1",
                "userName": "a",
                "active": "True",
                "name": {"givenName": "A"},
                "emails": [{"value": "a@x", "primary": "true"}],
                "roles": [{"value": "x"}],
                "meta": {"lastModified": "2026-11-24T10:00:00Z"},
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "manager": {"value": "2"},
                    "department": "x",
                },
                "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields": {
                    "custom_fields": [{"id": "a", "value": 1}]
                },
            },
            {
                "id": 2,
                "displayName": "G",
                "members": [{"value": "1", "display": "a", "$ref": "/Users/1", "type": "User"}],
            },
        ],
    },
)
ERRORS: tuple[Any, ...] = (
    {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "scimType": "invalidValue",
        "detail": "x",
    },
    {"message": "x", "errors": [["field", "text"], "x"]},
)
ENTRA: tuple[Any, ...] = tuple(
    json.loads(each.read_text(encoding="utf-8"))
    for each in sorted(Path(__file__).parents[1].joinpath("tests/entra/cases").glob("*.json"))
)
KEYS = (
    "-----BEGIN PUBLIC KEY-----\n", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "\n",
    "-----END PUBLIC KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n", "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n",
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n", "b3BlbnNzaC1rZXktdjEAAAAA", "-----END OPENSSH PRIVATE KEY-----\n",
    "ssh-ed25519 ", "AAAAC3NzaC1lZDI1NTE5AAAAIBm", " comment", "# x\n", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
)  # fmt: skip
