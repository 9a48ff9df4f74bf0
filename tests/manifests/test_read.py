"""A folder read in two steps: its tenants first, then everything, each problem once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import ManifestError
from reconciler.manifests.read import open_manifests

if TYPE_CHECKING:
    from pathlib import Path

TENANT = "kind: Tenant\nname: production\nendpoint: https://api.4me.com/scim/v2\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_tenants_are_known_before_the_rest_is_read(tmp_path: Path) -> None:
    files = {"tenant.yaml": TENANT, "users.yaml": "kind: User\nuserName: ann\n"}
    folder = open_manifests(write(tmp_path, files))
    assert [each.name for each in folder.tenants()] == ["production"]
    manifests = folder.read()
    assert (manifests.tenants, [each.key for each in manifests.desired.users]) == (folder.tenants(), ["ann"])
    assert folder.read() is manifests
    assert folder.size == sum(len(text) for text in files.values())


def test_tenants_do_not_wait_for_what_else_is_wrong(tmp_path: Path) -> None:
    folder = open_manifests(write(tmp_path, {"tenant.yaml": TENANT, "users.yaml": "kind: Usr\n"}))
    assert [each.name for each in folder.tenants()] == ["production"]
    with pytest.raises(ManifestError) as caught:
        folder.read()
    assert [str(each) for each in caught.value.problems] == ["users.yaml:1:1: unknown kind `Usr`; did you mean `User`?"]


def test_a_wrong_tenant_is_told_at_both_steps(tmp_path: Path) -> None:
    folder = open_manifests(write(tmp_path, {"tenant.yaml": f"{TENANT}nam: x\n", "users.yaml": "kind: Usr\n"}))
    wrong = "tenant.yaml:4:1: unknown key `nam`; did you mean `name`?"
    for step, expected in (
        (folder.tenants, [wrong]),
        (folder.read, [wrong, "users.yaml:1:1: unknown kind `Usr`; did you mean `User`?"]),
        (folder.tenants, [wrong]),
    ):
        with pytest.raises(ManifestError) as caught:
            step()
        assert [str(each) for each in caught.value.problems] == expected
