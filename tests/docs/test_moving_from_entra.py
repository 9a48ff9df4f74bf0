"""The page on moving from Entra, walked through: its documents, an export's mapping and users come to what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.paths import MANAGER
from reconciler.manifests.read import read_manifests

if TYPE_CHECKING:
    from reconciler.core.model import Desired

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "moving-from-entra.md").read_text(encoding="utf-8")
MAPPING = ROOT / "tests" / "entra" / "cases" / "generic_scim_app.yaml"
USERS = """\
id,userPrincipalName,mailNickname,displayName,givenName,surname,accountEnabled,mobilePhone,officeLocation,manager
0a,card.skimmer@widget.example,cskimmer,Card Skimmer,Card,Skimmer,true,,Oslo,
0b,jane.doe@widget.example,jdoe,Jane Doe,Jane,Doe,false,+31 6 1234,Amsterdam,card.skimmer@widget.example
"""


def users(folder: Path) -> dict[str, Desired]:
    documents = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "page.yaml").write_text("---\n".join(documents), encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "exports").mkdir()
    (folder / "exports" / "users.csv").write_text(USERS, encoding="utf-8")
    manifests = read_manifests(folder)
    assert [tenant.name for tenant in manifests.tenants] == ["production"]
    return {user.key: user for user in manifests.desired.users}


def test_the_page_can_be_walked_through(tmp_path: Path) -> None:
    found = users(tmp_path)
    assert {key: user.active for key, user in found.items()} == {
        "card.skimmer@widget.example": True,
        "jane.doe@widget.example": False,
    }
    jane = found["jane.doe@widget.example"].attributes
    assert jane["name.formatted"] == "Jane Doe"
    assert jane['phoneNumbers[type eq "mobile"].value'] == "+31 6 1234"
    assert jane['addresses[type eq "work"].formatted'] == "Amsterdam"
    assert jane["externalId"] == "jdoe"
    assert jane[MANAGER] == "card.skimmer@widget.example"


def test_a_list_of_telephone_numbers_comes_to_its_first(tmp_path: Path) -> None:
    (rule,) = re.findall(r"`('phoneNumbers.*Item.*})`", PAGE)
    mapping = f"kind: Mapping\nresource: User\nextends: entra-scim\nattributes:\n  {rule}\n"
    source = (
        "---\n{kind: Source, resource: User, file: users.json, key: id, rename: {businessPhones: telephoneNumber}}\n"
    )
    (tmp_path / "a.yaml").write_text(mapping + source, encoding="utf-8")
    phones: tuple[list[str], ...] = (["+47 1", "+47 2"], ["+47 3"], [])
    users = [
        {"id": str(n), "userPrincipalName": f"{n}@x.example", "businessPhones": each} for n, each in enumerate(phones)
    ]
    (tmp_path / "users.json").write_text(json.dumps({"value": users}), encoding="utf-8")
    found = [user.attributes['phoneNumbers[type eq "work"].value'] for user in read_manifests(tmp_path).desired.users]
    assert found == ["+47 1", "+47 3", None]


def test_the_pages_it_names_are_there() -> None:
    linked = re.findall(r"\]\(([\w.-]+\.md)", PAGE)
    assert [name for name in linked if not (ROOT / "docs" / name).exists()] == []
