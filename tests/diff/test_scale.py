"""A diff grows as the organisation does, in calls: no step looks at everybody for each."""

from __future__ import annotations

from cProfile import Profile

import pytest

from reconciler.core.access import Side
from reconciler.core.access_diff import Declared, compare_access
from reconciler.core.model import Desired, DesiredState, Member, ResourceType, Source
from reconciler.core.paths import MANAGER
from reconciler.report.diff_json import render_diff_json
from reconciler.report.diff_text import render_diff

PLACE = Source("a.yaml", 1)


def _organisation(users: int, *, changed: bool) -> Declared:
    """Groups of 20, each in one of 10 divisions; with changes to everyone, every group and every manager."""
    prefix = "new" if changed else "user"
    people = tuple(
        Desired(
            ResourceType.USER,
            f"{prefix}{number}",
            {
                "userName": f"{prefix}{number}",
                "externalId": f"E{number}",
                "title": "b" if changed else "a",
                MANAGER: f"{prefix}{number // 10 + changed}",
            },
            PLACE,
            active=number % 7 != changed,
        )
        for number in range(users)
    )
    teams = tuple(
        Desired(
            ResourceType.GROUP,
            f"Team {team}",
            {"displayName": f"Team {team}"},
            PLACE,
            members=frozenset(
                Member(ResourceType.USER, people[(team * 20 + step + changed) % users].key) for step in range(20)
            ),
        )
        for team in range(users // 20)
    )
    divisions = tuple(
        Desired(
            ResourceType.GROUP,
            f"Division {division}",
            {"displayName": f"Division {division}"},
            PLACE,
            members=frozenset(Member(ResourceType.GROUP, team.key) for team in teams[division + changed :: 10]),
        )
        for division in range(10)
    )
    return Declared(Side("x", None), DesiredState(people, (*teams, *divisions)))


def _calls(users: int) -> int:
    base, head = _organisation(users, changed=False), _organisation(users, changed=True)
    profile = Profile()

    def whole() -> None:
        diff = compare_access(base, head)
        assert diff.summary.renamed == users
        render_diff(diff, everything=True)
        render_diff_json(diff)

    profile.runcall(whole)
    return sum(entry.callcount for entry in profile.getstats())


def test_the_work_grows_as_the_organisation_does() -> None:
    assert _calls(2000) < 12 * _calls(200)


@pytest.mark.parametrize("users", [4_000])
def test_a_large_set_that_does_not_change_costs_little(users: int) -> None:
    base, again = _organisation(users, changed=False), _organisation(users, changed=False)
    profile = Profile()
    assert not profile.runcall(compare_access, base, again)
    assert sum(entry.callcount for entry in profile.getstats()) < 60 * users
