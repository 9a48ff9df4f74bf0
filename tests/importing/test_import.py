"""`reconciler import` from outside: what it writes, refuses and tells."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from reconciler.cli import run_command
from reconciler.manifests.read import read_manifests
from reconciler.sandbox import Organisation
from reconciler.sandbox.attributes import CUSTOM_FIELDS_SCHEMA, ENTERPRISE_SCHEMA
from tests.services import meddle, service, write

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

EXAMPLE = Path(__file__).parents[2] / "manifests"
TENANT = (EXAMPLE / "tenant.yaml").read_text(encoding="utf-8")


@pytest.fixture(name="cli")
def _cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = run_command(["--state-dir", str(tmp_path / "state"), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "tenant.yaml").write_text(TENANT, encoding="utf-8")
    return folder


def test_the_main_job(cli: Cli, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "imported"
    code, told, talk = cli("import", folder, "--out", out)
    assert (code, told) == (0, f"{out}/users.yaml: 10\n{out}/groups.yaml: 5\n")
    assert talk.splitlines() == [
        "note: members left out (not owned by these manifests): 1",
        (
            "10 users and 5 groups imported in 7 requests;"
            " left out: 3 inactive users, 2 users and groups that are not owned"
        ),
        "a plan of it has nothing to do",
        f"look at it with: reconciler plan {out}",
    ]
    assert cli("plan", out, "--detailed-exitcode")[0] == 0
    assert TENANT in (out / "tenant.yaml").read_text(encoding="utf-8")
    first_aiders = (out / "groups.yaml").read_text(encoding="utf-8").split("\n\n")[0]
    assert first_aiders.splitlines()[-3:] == [
        "    membership: additive",
        "    # 1 more in 4me, who cannot be named here; without `membership: additive` they would be taken out:",
        "    # - ines.ferro@supplier.example (not owned by these manifests)",
    ]


def test_what_is_there_is_not_overwritten(cli: Cli, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "imported"
    assert cli("import", folder, "--out", out, "--split", "chunks", "--chunk-size", "4")[0] == 0
    before = sorted(path.name for path in out.rglob("*.yaml"))
    code, _, error = cli("import", folder, "--out", out)
    assert (code, error.splitlines()[0]) == (
        1,
        (
            f"error: {out} holds manifests already: groups.yaml, tenant.yaml, users/001.yaml, users/002.yaml,"
            " users/003.yaml"
        ),
    )
    assert sorted(path.name for path in out.rglob("*.yaml")) == before
    (out / "README.md").write_text("mine", encoding="utf-8")
    assert cli("import", folder, "--out", out, "--force")[0] == 0
    assert sorted(path.name for path in out.rglob("*.*")) == ["README.md", "groups.yaml", "tenant.yaml", "users.yaml"]
    (out / "more.yaml").write_text("kind: User\nuserName: x\n", encoding="utf-8")
    code, _, error = cli("import", folder, "--out", out, "--force")
    assert (code, error.splitlines()[0]) == (1, f"error: {out} holds manifests that no import wrote: more.yaml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["imported", "manifests", "state"]


@pytest.mark.parametrize("out", ["manifests", "manifests/imported", "."])
def test_folders_in_each_other_are_refused(cli: Cli, folder: Path, tmp_path: Path, out: str) -> None:
    code, _, error = cli("import", folder, "--out", tmp_path / out)
    assert (code, "lie in each other" in error) == (64, True)
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["tenant.yaml"]


def test_a_file_is_no_folder(cli: Cli, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("", encoding="utf-8")
    assert cli("import", folder, "--out", tmp_path / "x")[::2] == (
        1,
        f"error: {tmp_path / 'x'} is a file\nhint: name a folder with --out\n",
    )


def test_mappings_are_reversed_and_copied_and_what_cannot_be_reversed_is_told(
    cli: Cli, folder: Path, tmp_path: Path
) -> None:
    (folder / "mapping.yaml").write_text(
        "# ours\nkind: Mapping\nresource: User\nextends: default\nattributes:\n  userName: upn\n  title: jobTitle\n"
        "  nickName: {constant: Nick}\n  locale: null\n",
        encoding="utf-8",
    )
    out = tmp_path / "imported"
    code, _, talk = cli("import", folder, "--out", out)
    assert code == 2
    assert "note: the rule for nickName of users cannot be turned round: it stays as it is" in talk.splitlines()
    assert "note: locale of 10 users: no direct rule of the mapping says it" in talk.splitlines()
    assert "warning: a plan of it has 10 actions, among them:\n  update: nickName differs\n" in talk
    text = (out / "users.yaml").read_text(encoding="utf-8")
    assert "  - upn: grace.hopkins@widget.example\n    externalId: E100002\n" in text
    assert "    jobTitle: Service Desk Manager\n" in text
    assert "# ours\nkind: Mapping" in (out / "mapping.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rule", "arguments", "message"),
    [
        (
            "userName: {expression: 'ToLower([mail])'}",
            (),
            "the mapping computes userName, which cannot be turned round",
        ),
        ("active: {constant: true}", ("--include-inactive",), "the mapping has no direct rule for `active`"),
    ],
)
def test_mappings_that_no_record_could_be_written_for(
    cli: Cli, folder: Path, rule: str, arguments: tuple[str, ...], message: str
) -> None:
    text = f"kind: Mapping\nresource: User\nattributes:\n  {rule}\n"
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    code, _, error = cli("import", folder, "--out", folder.parent / "imported", *arguments)
    assert (code, error.startswith(f"error: {message}")) == (1, True)
    assert not (folder.parent / "imported").exists()


def test_who_cannot_be_declared_is_protected(cli: Cli, tmp_path: Path) -> None:
    """Matched by externalId only, somebody without one of his own would be taken for somebody new."""
    with service(organisation=Organisation(30)) as (sandbox, url):
        write(tmp_path / "manifests", {"users": [], "groups": []}, url, ownership={"protected": ["x"]})
        with (tmp_path / "manifests" / "m.yaml").open("w", encoding="utf-8") as file:
            file.write("kind: Mapping\nresource: User\nmatch: [externalId]\n")
        meddle(sandbox, "PATCH", "/Users/7", {"externalId": "E000008"})
        code, _, talk = cli("import", tmp_path / "manifests", "--out", tmp_path / "imported")
        assert (
            code,
            talk.count("cannot be declared, since nothing that it is matched by (externalId) is its own"),
        ) == (0, 2)
        tenant = read_manifests(tmp_path / "imported").tenants[0]
        assert (len(tenant.protected), tenant.protected[0]) == (3, "x")
        code, told, _ = cli("plan", tmp_path / "imported", "--detailed-exitcode", "--format", "json")
        assert (code, told.count("is declared nowhere, but protected: left alone")) == (0, 2)


def test_all_tenants_are_copied_and_data_stays_out(cli: Cli, tmp_path: Path) -> None:
    folder = copytree(EXAMPLE, tmp_path / "manifests")
    with (folder / "tenant.yaml").open("a", encoding="utf-8") as file:
        file.write("---\nkind: Tenant\nname: other\nendpoint: 'sandbox:'\n---\nkind: User\nuserName: x\n")
    out = tmp_path / "imported"
    assert cli("import", folder, "--out", out)[0] == 0
    manifests = read_manifests(out)
    assert [each.name for each in manifests.tenants] == ["sandbox", "other"]
    assert "x" not in [each.key for each in manifests.desired.users]
    assert cli("import", out, "--out", tmp_path / "again")[0] == 0
    names = [path.relative_to(out) for path in sorted(out.rglob("*.yaml"))]
    assert [(tmp_path / "again" / name).read_bytes() for name in names] == [(out / name).read_bytes() for name in names]


def test_values_that_manifests_refuse_are_left_out_and_told(cli: Cli, tmp_path: Path) -> None:
    with service(organisation=Organisation(3)) as (sandbox, url):
        write(tmp_path / "manifests", {"users": [], "groups": []}, url)
        fields = {
            CUSTOM_FIELDS_SCHEMA: {"a b": "1", "c": [1e30], "d": "2"},
            "emails": [{"value": "none", "type": "work"}],
        }
        meddle(sandbox, "PATCH", "/Users/2", {**fields, "externalId": "E000003"})
        meddle(sandbox, "PATCH", "/Users/1", {ENTERPRISE_SCHEMA: {"manager": {"value": "1"}}})
        code, _, talk = cli("import", tmp_path / "manifests", "--out", tmp_path / "imported")
    assert (code, talk.splitlines()[:4]) == (
        0,
        [
            "note: externalId left out, since others have the same: 2",
            "note: managers left out (a cycle of managers): 1",
            "note: values of customFields left out: 2",
            "note: values of email left out: 1",
        ],
    )
    written = (tmp_path / "imported" / "users.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in written if line.startswith("    #")] == [
        "# manager: ben.baker.1@widget.example is left out: a cycle of managers",
        "# externalId: E000003 is left out: others have the same",
        "# left out: `customFields.c`: a number in it cannot be written",
        "# left out: `email`: `none` is not an e-mail address",
        "# left out: `customFields`: `a b` is no custom field's id: letters, digits, `_`, `-` and `.`",
        "# externalId: E000003 is left out: others have the same",
    ]
