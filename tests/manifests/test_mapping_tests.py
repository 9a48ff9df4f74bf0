"""Tests in Mapping documents: what holds is silent, what does not is told at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler import run
from reconciler.cli import run_command
from reconciler.errors import ManifestError

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """\
kind: Mapping
resource: User
extends: entra-scim
attributes:
  displayName: {expression: 'Join(", ", [surname], [givenName])'}
  title: {expression: 'IIF(DateDiff("d", CDate([hired]), Now()) > 30, "Staff", "New")'}
scope:
  - {name: IT, clauses: [{attribute: department, operator: EQUALS, value: IT}]}
tests:
"""
HOLDS = (
    "{record: {department: IT, surname: Doe, givenName: J, hired: 2026-01-01}, at: 2026-01-15,"
    " expect: {displayName: 'Doe, J', title: New, name.formatted: J Doe, mobile: null, active: true}}"
)


def failures(folder: Path, tests: str) -> list[str]:
    (folder / "mapping.yaml").write_text(MAPPING + tests, encoding="utf-8")
    try:
        run.validate(folder)
    except ManifestError as error:
        return [str(problem).removeprefix("mapping.yaml:") for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (
            HOLDS,
            [],
        ),
        (
            "{record: {department: IT, hired: 2026-01-01}, at: 2026-11-01, expect: {title: New}}",
            ['10:76: `title`: expected "New", is "Staff"'],
        ),
        ("{record: {department: Sales, hired: 2026-01-01}, outOfScope: true}", []),
        (
            "{name: sales, record: {department: Sales, hired: 2026-01-01}, expect: {}}",
            ['10:67: test `sales`: expected to be in scope, is not: `IT`: department EQUALS "IT", is "Sales"'],
        ),
        (
            "{record: {department: IT, hired: 2026-01-01}, outOfScope: true}",
            ["10:51: expected to be out of scope, is in scope"],
        ),
        (
            "{record: {department: IT, hired: 2026-01-01, mail: m@x}, expect: {email: null, emial: x, active: maybe}}",
            [
                '10:71: `email`: expected no value, is "m@x"',
                "10:84: unknown SCIM attribute `emial`; did you mean `email`?",
                "10:94: `active`: expected true or false",
            ],
        ),
        (
            "{record: {department: IT, hired: soon, mial: x}, expect: {}}",
            [
                "10:31: `title`: CDate: `soon` is no date that can be read, in `CDate([hired])`",
                "10:44: unknown attribute `mial`; did you mean `mail`?",
            ],
        ),
        ("{record: {department: IT, hired: 2026-01-01}, at: soon, expect: {}}", ["10:51: `soon` is no time such as"]),
        ("{record: {}}", ["10:5: `tests`: give `expect` with attributes, or `outOfScope: true`"]),
    ],
)
def test_a_test(tmp_path: Path, test: str, expected: list[str]) -> None:
    found = failures(tmp_path, f"  - {test}\n")
    assert [message[: len(wanted)] for message, wanted in zip(found, expected, strict=True)] == expected


def test_plans_do_not_wait_for_tests(tmp_path: Path) -> None:
    assert failures(tmp_path, "  - {record: {department: IT, hired: 2026-01-01}, outOfScope: true}\n")
    tenant = 'kind: Tenant\nname: t\nendpoint: "sandbox:"\n'
    (tmp_path / "tenant.yaml").write_text(tenant, encoding="utf-8")
    assert run.plan(run.PlanOptions(tmp_path, tmp_path / "state")).plan.manifests.users == 0


def test_the_tests_and_the_records_out_of_scope_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert failures(tmp_path, f"  - {HOLDS}\n") == []
    users = "kind: User\nuserPrincipalName: sam@widget.example\ndepartment: Sales\n"
    (tmp_path / "users.yaml").write_text(users, encoding="utf-8")
    assert run_command(["validate", str(tmp_path)]) == 0
    valid = "Valid: 0 tenants, 0 users, 0 groups, 1 mapping, 1 test passed, 1 record out of scope\n"
    assert capsys.readouterr().out == valid
