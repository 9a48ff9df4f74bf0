"""The small organisation, and the differences to the example manifests that it is there for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller


def test_who_is_there(seeded: Caller) -> None:
    users = seeded.get("/Users")["Resources"]
    assert {user["userName"].partition("@")[0]: (user["userType"], user["active"]) for user in users} == {
        "olivia.owner": ("Employee", True),
        "howard.tanner": ("Employee", True),
        "grace.hopkins": ("Employee", True),
        "jane.doe": ("Employee", True),
        "mary.smith": ("Employee", True),
        "omar.haddad": ("Employee", False),
        "peter.leaver": ("Employee", True),
        "liam.obrien": ("Employee", True),
        "priya.nair": ("Employee", True),
        "yuki.tanaka": ("Employee", True),
        "sara.lindqvist": ("Employee", True),
        "ines.ferro": ("Supplier", True),
        "anna.former": ("Employee", False),
        "bruno.former": ("Employee", False),
    }


def test_who_is_in_which_group(seeded: Caller) -> None:
    listed = seeded.get("/Groups")["Resources"]
    groups = [seeded.get(f"/Groups/{group['id']}") for group in listed]
    assert {
        group["displayName"]: (group["groupType"], [member["display"].partition("@")[0] for member in group["members"]])
        for group in groups
    } == {
        "Widget Data Center": ("Organization", ["peter.leaver", "liam.obrien", "priya.nair", "yuki.tanaka"]),
        "Service Desk": ("Team", ["grace.hopkins", "jane.doe", "mary.smith", "liam.obrien"]),
        "First Aiders": ("Team", ["grace.hopkins", "ines.ferro"]),
        "Workflow Managers": ("Team", ["howard.tanner", "sara.lindqvist"]),
        "Project Neptune": ("Team", ["howard.tanner"]),
        "Amsterdam Office": ("Site", ["howard.tanner", "grace.hopkins"]),
    }
