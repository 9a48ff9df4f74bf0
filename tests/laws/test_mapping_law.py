"""A plan after its own apply is empty, also where rules compute, choose, make up and fill in values, and filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from reconciler import run
from reconciler.core.plan_model import ActionKind
from tests.services import meddle, options, service, write

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE: list[dict[str, Any]] = [
    {"userPrincipalName": "ann@x.example", "givenName": "Ann", "surname": "Lee", "mail": "Ann@X.example", "dept": "IT"},
    {
        "userPrincipalName": "ann2@x.example",
        "givenName": "Ann",
        "surname": "Lee",
        "accountEnabled": False,
        "dept": "IT",
    },
    {
        "userPrincipalName": "bob@x.example",
        "givenName": "Böb",
        "surname": "Ray",
        "manager": "ann@x.example",
        "dept": "IT",
    },
    {
        "userPrincipalName": "cas@x.example",
        "givenName": "Ann",
        "surname": "Lee",
        "manager": "sam@x.example",
        "dept": "IT",
    },
    {"userPrincipalName": "sam@x.example", "givenName": "Sam", "surname": "Low", "dept": "Sales"},
]
ATTRIBUTES = {
    "displayName": {"expression": 'Join(", ", ToUpper([surname]), NormalizeDiacritics([givenName]))'},
    "nickName": {"expression": 'SelectUniqueValue(ToLower([givenName]), Append(ToLower([givenName]), "2"))'},
    "customFields.badge": {"expression": "Guid()", "apply": "create"},
    "timezone": {"default": "Europe/Oslo"},
    "title": {"expression": 'IIF(DateDiff("d", CDate("2026-01-01"), Now()) > 0, "Staff", "New")'},
    "department": "dept",
    "roles": {"expression": 'Split("specialist, key_contact", ",")'},
}


def declare(folder: Path, url: str, **mapping: Any) -> None:
    write(
        folder, {"users": PEOPLE, "groups": [{"displayName": "G", "members": ["ann@x.example", "sam@x.example"]}]}, url
    )
    document = {"kind": "Mapping", "resource": "User", "extends": "entra-scim", "attributes": ATTRIBUTES, **mapping}
    with (folder / "mapping.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(document, file)


def test_plan_apply_plan(tmp_path: Path) -> None:
    with service() as (sandbox, url):
        declare(tmp_path / "manifests", url)
        applied = run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        created = [each.action for each in applied.outcomes if each.action.kind is ActionKind.CREATE]
        chosen = {
            action.key: change.after for action in created for change in action.changes if change.path == "nickName"
        }
        assert chosen == {
            "ann@x.example": "ann",
            "bob@x.example": "böb",
            "cas@x.example": "ann2",
            "sam@x.example": "sam",
        }
        assert run.plan(options(tmp_path)).plan.actions == ()

        declare(
            tmp_path / "manifests",
            url,
            scope=[{"name": "IT", "clauses": [{"attribute": "dept", "operator": "EQUALS", "value": "IT"}]}],
        )
        planned = run.plan(options(tmp_path)).plan
        assert [(each.kind, each.key, each.reason) for each in planned.actions] == [
            (ActionKind.UPDATE, "G", "members differ"),
            (ActionKind.DEACTIVATE, "sam@x.example", 'out of scope: `IT`: dept EQUALS "IT", is "Sales"'),
        ]
        assert "left out, since they refer to records out of scope: manager sam@x.example, member sam@x.example" in (
            planned.warnings
        )
        run.apply(options(tmp_path), run.ApplyOptions(confirm=lambda _planned: True))
        assert run.plan(options(tmp_path)).plan.actions == ()

        ann = next(user for user in run.plan(options(tmp_path)).live.users if user.key == "ann@x.example")
        empty = {"op": "replace", "path": "timezone", "value": ""}
        meddle(sandbox, "PATCH", f"/Users/{ann.id}", {"Operations": [empty]})
        changes = [change for each in run.plan(options(tmp_path)).plan.actions for change in each.changes]
        assert [(change.path, change.after) for change in changes] == [("timezone", "Europe/Oslo")]
