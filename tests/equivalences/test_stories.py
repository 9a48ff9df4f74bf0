"""From an apply to a plan that settles, for each word of the vocabulary, on the command line and over a port."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.equivalences.world import ANN, BOB, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.equivalences.world import Ways

Values = dict[str, object]


class Story(NamedTuple):
    """What the service does, what Ann's and Bob's records say, what is told of it, the rule, and a real change."""

    ways: Ways
    ann: Values
    bob: Values
    told: str
    rule: str
    other: Values


def _phone(number: str) -> dict[str, object]:
    return {"phoneNumbers": [{"value": number, "type": "work"}]}


def _field(value: str) -> dict[str, object]:
    return {"customFields": {"payroll_id": value}}


STORIES = {
    "outer-blanks": Story(
        {"title": str.strip},
        {"title": "Lead "},
        {"title": " Boss"},
        'title of 2 users, such as ann@x.example: sent as "Lead ", stored as "Lead"',
        "{attribute: title, ignore: outer-blanks}",
        {"title": "Chief "},
    ),
    "blanks": Story(
        {"department": lambda text: " ".join(text.split())},
        {"department": "IT\tDesk"},
        {"department": "Night Shift "},
        'department of 2 users, such as ann@x.example: sent as "IT\\tDesk", stored as "IT Desk"',
        "{attribute: department, ignore: blanks}",
        {"department": "IT Desks"},
    ),
    "phone-format": Story(
        {"phoneNumbers": lambda text: re.sub(r"[^+\d]", "", text)},
        _phone("+31 20 555-0100"),
        _phone("(020) 555 0101"),
        'phoneNumbers[work] of 2 users, such as ann@x.example: sent as "+31 20 555-0100", stored as "+31205550100"',
        '{attribute: "phoneNumbers[type eq \\"work\\"].value", ignore: phone-format}',
        _phone("+31 20 555-0199"),
    ),
    "case of a custom field": Story(
        {"payroll_id": str.lower},
        _field("A17"),
        _field("B18"),
        'customFields.payroll_id of 2 users, such as ann@x.example: sent as "A17", stored as "a17"',
        "{attribute: customFields.payroll_id, ignore: case}",
        _field("C19"),
    ),
    "absence": Story(
        {"nickName": lambda _text: None},
        {"nickName": "Annie", "title": "Lead"},
        {"nickName": "Bobby", "title": "Boss"},
        'nickName of 2 users, such as ann@x.example: sent as "Annie", not stored',
        "{attribute: nickName, ignore: absence}",
        {"nickName": "Anna", "title": "Lead"},
    ),
    "pairs": Story(
        {"preferredLanguage": {"Dutch": "nl", "English": "en"}.get},
        {"preferredLanguage": "Dutch"},
        {"preferredLanguage": "English"},
        'preferredLanguage of 2 users, such as ann@x.example: sent as "Dutch", stored as "nl"',
        "{attribute: preferredLanguage, pairs: [{sent: Dutch, stored: nl}, {sent: English, stored: en}]}",
        {"preferredLanguage": "English"},
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_is_stored_otherwise_is_told_and_learned(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    story = STORIES[name]
    with world(tmp_path, capfd, story.ways) as service:
        service.declare({ANN: story.ann, BOB: story.bob})
        assert f"Stored otherwise than sent: {story.told}" in service.apply()
        again = service.plan()
        assert "2 to update" in again
        assert "this will be planned again and again; `reconciler plan --learn` writes the equivalence" in again
        before, requests = service.tenant.read_text(encoding="utf-8"), service.writes
        learned = service.plan("--learn")
        assert "(from 2 examples)" in learned
        assert "No changes. 4me is as the manifests say." in learned
        assert service.tenant.read_text(encoding="utf-8") == f"{before}equivalences:\n- {story.rule}\n"
        assert service.writes == requests
        assert "No changes. 4me is as the manifests say." in service.plan()
        service.declare({ANN: story.other, BOB: story.bob})
        changed = service.plan()
        assert "1 to update" in changed
        assert "again and again" not in changed
        assert "Stored otherwise" not in service.apply()
        assert "No changes. 4me is as the manifests say." in service.plan()


def test_an_answer_that_still_shows_the_value_before_is_told_as_that(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with world(tmp_path, capfd, {}) as service:
        service.declare({ANN: {"title": "Lead"}})
        assert "Stored otherwise" not in service.apply()
        service.service.ways["title"] = lambda _text: None
        service.declare({ANN: {"title": "Boss"}})
        told = 'title of ann@x.example: sent as "Boss", the answer still shows "Lead": not taken, or not yet'
        assert told in service.apply()


def test_a_value_that_is_changed_back_between_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {}) as service:
        service.declare({ANN: {"title": "Lead"}})
        service.apply()
        service.declare({ANN: {"title": "Boss"}})
        service.apply()
        service.meddle("/Users/1", {"title": "Lead"})
        once = service.plan()
        assert re.search(
            r"warning: title of ann@x.example was changed back since the run \S+ \(\d{4}-\d\d-\d\d\):"
            r' sent as "Boss", "Lead" now',
            once,
        )
        assert "was changed back since the run" in service.run("drift")[1]
        service.apply()
        service.meddle("/Users/1", {"title": "Guru"})
        often = 'title of ann@x.example flips between "Boss" (this tool, 2 runs) and "Guru": another provisioner may be'
        assert often in service.plan()
        assert often in service.run("drift")[1]
        service.declare({ANN: {"title": "Lead"}})
        assert "warning: title" not in service.plan()


def test_own_changes_there_and_back_are_no_fight(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {}) as service:
        for title in ("Lead", "Boss", "Lead", "Boss", "Lead"):
            service.declare({ANN: {"title": title}, BOB: {"title": "Boss"}})
            assert "warning" not in service.apply()
        for active in (False, True, False, True):
            service.declare({ANN: {"title": "Lead", "active": active}, BOB: {"title": "Boss"}})
            assert "warning" not in service.apply()
        for members in ([ANN], [BOB], [ANN], [ANN, BOB], [BOB]):
            groups = f"---\nkind: Group\ndisplayName: Desk\nmembers: [{', '.join(members)}]\n"
            service.declare({ANN: {"title": "Lead"}, BOB: {"title": "Boss"}}, groups)
            assert "warning" not in service.apply()


def test_memberships_and_accounts_that_come_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {}) as service:
        both = "---\nkind: Group\ndisplayName: Desk\nmembers: [ann@x.example, bob@x.example]\n"
        service.declare({ANN: {"title": "Lead"}, BOB: {"title": "Boss"}}, both)
        service.apply()
        one = "---\nkind: Group\ndisplayName: Desk\nmembers: [ann@x.example]\n"
        service.declare({ANN: {"title": "Lead"}, BOB: {"title": "Boss", "active": False}}, one)
        service.apply()

        def come_back() -> None:
            service.meddle("/Users/2", {"active": True})
            service.meddle("/Groups/1", {"members": [{"value": "2"}]})

        come_back()
        once = service.plan("--refresh", "full")
        assert re.search(r"bob@x.example in Desk was removed by the run \S+ \([\d-]+\) and is a member now", once)
        assert re.search(r"bob@x.example was deactivated by the run \S+ \([\d-]+\) and is active now", once)
        service.apply()
        come_back()
        often = service.plan("--refresh", "full")
        assert "bob@x.example in Desk was removed by 2 runs and is a member again each time" in often
        assert "bob@x.example was deactivated by 2 runs and is active again each time" in often


def test_for_the_public_neither_people_nor_values_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {"title": str.strip, "nickName": lambda _text: None}) as service:
        service.declare({ANN: {"title": "Lead ", "nickName": "Annie"}})
        code, text = service.run("apply", "--yes", "--audience", "public")
        assert code == 0
        assert re.search(r"nickName of person-\w+: sent as \(hidden\), not stored", text)
        assert re.search(r"title of person-\w+: sent as \(hidden\), stored as \(hidden\)", text)
        assert not re.search(r"ann@|Annie|Lead", text + service.plan("--audience", "public"))
