"""What is learned from examples, what is not, and where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.equivalence import Equivalence, Ignored, Pair
from reconciler.core.learning import MAX_PAIRS, Example, learn
from reconciler.core.model import ResourceType
from reconciler.core.normalise import same
from reconciler.core.paths import CUSTOM_FIELDS
from tests.equivalences.world import ANN, BOB, world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FIELD = f"{CUSTOM_FIELDS}:pet"
TITLE = Equivalence(ResourceType.USER, "title")
PET = Equivalence(ResourceType.USER, FIELD)
TEXTS = st.text(alphabet="aA1 +-", max_size=5)
VALUES = st.one_of(TEXTS, st.none())
OUTER, BLANKS, CASE, PHONE, ABSENCE = Ignored


@pytest.mark.parametrize(
    ("known", "examples", "ignore", "pairs"),
    [
        (TITLE, [("Lead ", "Lead"), (" Boss", "Boss"), ("Guru", "Guru")], (OUTER,), ()),
        (TITLE, [("Team  Lead ", "Team Lead"), ("Boss ", "Boss")], (BLANKS,), ()),
        (PET, [("Cat", "cat"), ("Dog", "dog")], (CASE,), ()),
        (PET, [("Cat ", "cat"), ("Dog", "dog")], (OUTER, CASE), ()),
        (PET, [("The  Cat ", "the cat")], (BLANKS, CASE), ()),
        (TITLE, [("+31 (20) 555", "+3120555"), ("1-2", "12")], (PHONE,), ()),
        (TITLE, [("Cat ", "Cat"), ("Dog ", "Dog "), ("Dog", "Dog")], (), (Pair("Cat ", "Cat"),)),
        (PET, [("Cat", "cat"), ("Cow", "Cow"), ("cow", "cow")], (), (Pair("Cat", "cat"),)),
        (
            TITLE,
            [("Dutch", "nl"), ("Dutch", "nl"), ("English", "en")],
            (),
            (Pair("Dutch", "nl"), Pair("English", "en")),
        ),
        (TITLE, [("Lead", None), ("Boss", None)], (ABSENCE,), ()),
        (TITLE, [("Lead", None), ("Lead", None)], (), (Pair("Lead", None),)),
        (TITLE, [("Lead", None), ("Boss", None), ("Guru", "Guru")], (), (Pair("Lead", None), Pair("Boss", None))),
        (TITLE, [("Lead", None), ("Guru ", "Guru")], (OUTER,), (Pair("Lead", None),)),
        (Equivalence(ResourceType.USER, "title", (OUTER,)), [("A  B ", "A B")], (OUTER, BLANKS), ()),
        (Equivalence(ResourceType.USER, "title", (OUTER,)), [("A ", "A"), ("x", "y")], (OUTER,), (Pair("x", "y"),)),
    ],
)
def test_the_narrowest_rule_that_explains_all(
    known: Equivalence,
    examples: Sequence[tuple[str, str | None]],
    ignore: tuple[Ignored, ...],
    pairs: tuple[Pair, ...],
) -> None:
    learned = learn(known, [Example(*each) for each in examples])
    assert (learned.problem, learned.rule.ignore, learned.rule.pairs) == ("", ignore, pairs)


@pytest.mark.parametrize(
    ("examples", "problem"),
    [
        ([Example("Boss", "Lead", changed=False)], "the service keeps the value that it had"),
        ([Example("Dutch", "nl", shown=False)], "the service does not show what it stores"),
        ([Example("Dutch", None, shown=False)], "the service does not show what it stores"),
        ([Example(f"a{number}", f"b{number}") for number in range(MAX_PAIRS + 1)], "21 values are stored otherwise"),
        ([Example({"value": "a"}, None)], "it is not one text"),
    ],
)
def test_what_is_not_learned_says_why(examples: Sequence[Example], problem: str) -> None:
    learned = learn(TITLE, examples)
    assert learned.problem.startswith(problem)
    assert learned.rule == TITLE


def test_what_the_service_has_elsewhere_is_not_dropped() -> None:
    dropped = [Example("Lead", None), Example("Boss", None)]
    learned = learn(TITLE, dropped, frozenset(("guru",)))
    assert (learned.rule.ignore, learned.rule.pairs) == ((), (Pair("Lead", None), Pair("Boss", None)))
    refused = learn(TITLE, dropped, frozenset(("lead",)))
    assert refused.rule == TITLE
    assert refused.problem == "the service has the same value elsewhere: it may have been taken away since"


@given(st.lists(st.builds(Example, VALUES, VALUES, st.booleans(), st.booleans()), max_size=6))
def test_what_is_learned_explains_everything_seen(examples: list[Example]) -> None:
    """And what was stored as it was sent stays what it is: no two stored values are taken for the same by a word."""
    learned = learn(PET, examples)
    if learned.problem:
        return
    assert all(learned.rule.same(each.sent, each.stored) for each in examples)
    words = Equivalence(ResourceType.USER, FIELD, tuple(each for each in learned.rule.ignore if each is not ABSENCE))
    stored = [each.stored for each in examples if each.stored and each.shown]
    assert all(
        same(one, other, exact=True) for one in stored for other in stored if words.ignore and words.same(one, other)
    )


RULE = "- {attribute: title, ignore: outer-blanks}\n"
LIST = """\
equivalences: # agreed
  # with 4me
  - {attribute: department, ignore: blanks}
  - attribute: title # theirs
    pairs: [{sent: Chief, stored: Head}]
"""
TENANTS = {
    "a list with others": (f"{LIST}default: true\n", f"{LIST}    ignore: outer-blanks\ndefault: true\n"),
    "a list in one line": (
        "equivalences: [{attribute: department, ignore: blanks}]  # agreed\n",
        "equivalences: [{attribute: department, ignore: blanks}, {attribute: title, ignore: outer-blanks}]  # agreed\n",
    ),
    "another document behind it": (
        "default: true  # yes\n---\nkind: Users\nusers: []\n",
        f"default: true  # yes\nequivalences:\n{RULE}---\nkind: Users\nusers: []\n",
    ),
    "a comment at its end": ("default: true\n\n# the end\n", f"default: true\nequivalences:\n{RULE}\n# the end\n"),
}


@pytest.mark.parametrize("name", TENANTS)
def test_only_the_rule_is_written(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before, after = TENANTS[name]
    with world(tmp_path, capfd, {"title": str.strip}) as service:
        service.declare({ANN: {"title": "Lead "}, BOB: {"title": " Boss"}}, tenant=before)
        service.apply()
        head = service.tenant.read_text(encoding="utf-8").removesuffix(before)
        text = service.plan("--learn")
        assert service.tenant.read_text(encoding="utf-8") == head + after
        assert "written into tenant.yaml: review it, commit it" in text
        assert "No changes" in text


def test_nothing_is_written_where_nothing_was_learned(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {}) as service:
        service.declare({ANN: {"title": "Lead"}, BOB: {"title": "Boss"}})
        service.apply()
        service.meddle("/Users/1", {"title": "Guru"})
        before = service.tenant.stat()
        text = service.plan("--learn")
        assert "nothing to learn: no difference was sent before and stored otherwise" in text
        assert "1 to update" in text
        service.service.ways["title"] = lambda _text: None
        service.apply()
        text = service.plan("--learn")
        assert "not learned: title (from 1 example): the service keeps the value that it had" in text
        assert "1 to update" in text
        assert service.tenant.stat() == before


def test_what_is_seen_of_several_types_is_learned_of_any(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    numbers = [{"value": "+31 20 1", "type": "work"}, {"value": "+31 6 1", "type": "mobile"}]
    with world(tmp_path, capfd, {"phoneNumbers": lambda text: text.replace(" ", "")}) as service:
        service.declare({ANN: {"phoneNumbers": numbers, "roles": ["specialist"]}})
        service.apply()
        text = service.plan("--learn")
        assert "learned: phoneNumbers.value: ignore phone-format (from 2 examples)" in text
        assert service.tenant.read_text(encoding="utf-8").endswith(
            "- {attribute: phoneNumbers.value, ignore: phone-format}\n"
        )


def test_plain_values_of_a_list_are_learned_one_by_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {"roles": lambda text: {"Agent": "specialist"}.get(text, text)}) as service:
        service.declare({ANN: {"roles": ["Agent", "auditor"]}})
        service.apply()
        assert "No changes" in service.plan("--learn")
        assert "- {attribute: roles.value, pairs: [{sent: Agent, stored: specialist}]}\n" in service.tenant.read_text()


def test_groups_have_their_own_rules(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with world(tmp_path, capfd, {"groupType": str.strip}) as service:
        service.declare({ANN: {}}, "---\nkind: Group\ndisplayName: Desk\ngroupType: 'Support '\n")
        service.apply()
        assert "learned: groups' groupType: ignore outer-blanks (from 1 example)" in service.plan("--learn")
        assert "- {attribute: groupType, resource: Group, ignore: outer-blanks}\n" in service.tenant.read_text()
