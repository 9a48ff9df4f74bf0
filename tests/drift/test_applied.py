"""What an apply leaves behind: what counts as applied, and the file that remembers it."""

from __future__ import annotations

import gzip
import stat
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.applied import AppliedFile, open_applied
from reconciler.core.applied import Settlement
from reconciler.core.members import Members
from reconciler.core.model import Desired, Live, Member, ResourceType, Source
from reconciler.core.names import Names
from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import Action, ActionKind, Change, MemberChanges, Outcome, OutcomeStatus, TenantIdentity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.core.model import Attributes

USER, GROUP = ResourceType
SOURCE = Source("users.yaml", 3)
ANN, BOB = Member(USER, "1"), Member(USER, "2")
NAMES = Names({USER: {"ann": "1", "bob": "2"}, GROUP: {"Desk": "9"}}, {USER: {}, GROUP: {}}, frozenset())
TENANT = TenantIdentity("test", "https://api.example/scim", "widget")
DONE, FAILED = OutcomeStatus.DONE, OutcomeStatus.FAILED


def pair(key: str, id_: str, **values: Any) -> tuple[Desired, Live | None]:
    attributes: Attributes = {"userName": key, **values}
    return Desired(USER, key, attributes, SOURCE), Live(USER, id_, key, {}) if id_ else None


def update(key: str, id_: str | None, *changes: Change, kind: ActionKind = ActionKind.UPDATE) -> Action:
    return Action(kind, USER, key, id_, "", changes, source=SOURCE)


def left(settlement: Settlement, before: dict[Member, Live] | None = None) -> dict[str, Live]:
    return {each.key: each for each in settlement.resources(before or {})}


def test_what_needed_nothing_and_what_was_done_is_applied() -> None:
    action = update("bob", "2", Change("title", "a", "b"))
    settlement = Settlement(
        [pair("ann", "1", title="x"), pair("bob", "2", title="b")], NAMES, [action], [Outcome(action, DONE, id="2")]
    )
    assert settlement.left == frozenset()
    assert settlement.declared == {ANN, BOB}
    assert {key: each.attributes["title"] for key, each in left(settlement).items()} == {"ann": "x", "bob": "b"}


@pytest.mark.parametrize(
    "outcomes", [(), (Outcome(update("bob", "2"), FAILED, id="2"),)], ids=["not started", "failed"]
)
def test_what_was_not_done_keeps_what_was_applied_before(outcomes: tuple[Outcome, ...]) -> None:
    action = update("bob", "2", Change("title", "a", "b"), Change('emails[type eq "work"].value', "a", "b"))
    bob = pair("bob", "2", title="b", nickName="n", emails=[{"type": "work", "value": "b"}])
    settlement = Settlement([bob], NAMES, [action], outcomes)
    assert settlement.left == {BOB}
    assert left(settlement)["bob"].attributes == {"userName": "bob", "nickName": "n"}
    before = {BOB: Live(USER, "2", "bob", {"userName": "bob", "title": "0", "site": "s", "emails": []})}
    assert left(settlement, before)["bob"].attributes == {
        "userName": "bob", "nickName": "n", "title": "0", "emails": [],
    }  # fmt: skip


def test_somebody_new_is_known_by_the_id_that_the_service_gave() -> None:
    action = update("cem", None, Change("userName", None, "cem"), kind=ActionKind.CREATE)
    pairs = [pair("cem", "", title="x")]
    assert left(Settlement(pairs, NAMES, [action], [Outcome(action, FAILED)])) == {}
    assert left(Settlement(pairs, NAMES, [action], [Outcome(action, DONE, id="7")]))["cem"].id == "7"
    without_a_member = Outcome(action, FAILED, "done, but without dora: not in 4me", "7", requests=1)
    assert left(Settlement(pairs, NAMES, [action], [without_a_member]))["cem"].attributes["title"] == "x"


def test_who_is_not_in_4me_is_nobodys_manager_and_no_member() -> None:
    people = [pair("ann", "1", **{MANAGER: "nobody"}), pair("bob", "2", **{MANAGER: "ann"})]
    desk = Desired(GROUP, "Desk", {}, SOURCE, members=frozenset({Member(USER, "ann"), Member(USER, "nobody")}))
    found = left(Settlement([*people, (desk, Live(GROUP, "9", "Desk", {}))], NAMES, []))
    assert [found[key].attributes.get(MANAGER) for key in ("ann", "bob")] == [None, "ann"]
    assert found["Desk"].members == Members(frozenset("1"))


def test_memberships_that_were_not_changed_stay_as_they_were() -> None:
    desk = Desired(GROUP, "Desk", {}, SOURCE, members=frozenset({Member(USER, "ann")}))
    changes = MemberChanges(add=(Member(USER, "ann"),), remove=(Member(USER, "bob"),))
    action = Action(ActionKind.UPDATE, GROUP, "Desk", "9", "", members=changes)
    settlement = Settlement([(desk, Live(GROUP, "9", "Desk", {}))], NAMES, [action])
    assert left(settlement)["Desk"].members == Members()
    before = Live(GROUP, "9", "Desk", {}, members=Members(frozenset({"1", "2", "3"})))
    assert left(settlement, {Member(GROUP, "9"): before})["Desk"].members == Members(frozenset({"1", "2"}))


def test_active_is_what_was_done_or_is_so() -> None:
    protected = Desired(USER, "ann", {}, SOURCE, active=False), Live(USER, "1", "ann", {})
    assert left(Settlement([protected], NAMES, []))["ann"].active is True
    action = update("ann", "1", Change("active", before=True, after=False), kind=ActionKind.DEACTIVATE)
    assert left(Settlement([protected], NAMES, [action], [Outcome(action, DONE, id="1")]))["ann"].active is False
    assert left(Settlement([protected], NAMES, [action]))["ann"].active is True
    before = {ANN: Live(USER, "1", "ann", {}, active=False)}
    assert left(Settlement([protected], NAMES, [action]), before)["ann"].active is False


def save(file: AppliedFile, *pairs: tuple[Desired, Live | None], everything: bool = True, actions: Any = ()) -> None:
    file.save(Settlement(pairs, NAMES, actions), at="2026-11-24T10:00:00Z", manifests="sha", everything=everything)


def refuse(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> AppliedFile:
    return open_applied(tmp_path / "state", TENANT, refuse)


def test_the_file_remembers_for_its_owner_only(file: AppliedFile) -> None:
    assert (file.load({ANN}), file.is_of("sha")) == (None, False)
    save(file, pair("ann", "1", title="x"), pair("bob", "2"))
    found = file.load({ANN, Member(USER, "7")}, {Member(USER, "bob")})
    assert found is not None
    assert (found.origin.kind, found.origin.at) == ("state", "2026-11-24T10:00:00Z")
    assert {name: each.attributes for name, each in found.by_id.items()} == {ANN: {"userName": "ann", "title": "x"}}
    assert {name: each.id for name, each in found.by_key.items()} == {Member(USER, "bob"): "2"}
    assert (file.is_of("sha"), file.is_of("other")) == (True, False)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file.path, file.path.parent)] == [0o600, 0o700]
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_part_leaves_the_rest_and_all_of_it_does_not(file: AppliedFile) -> None:
    save(file, pair("ann", "1", title="x"), pair("bob", "2", title="x"))
    save(file, pair("ann", "1", title="y"), everything=False)
    found = file.load({ANN, BOB})
    assert found is not None
    assert {each.key: each.attributes["title"] for each in found.by_id.values()} == {"ann": "y", "bob": "x"}
    assert not file.is_of("sha")
    save(file, pair("ann", "1"))
    found = file.load({ANN, BOB})
    assert found is not None
    assert list(found.by_id) == [ANN]


def test_who_was_to_be_deactivated_and_was_not_is_still_remembered(file: AppliedFile) -> None:
    save(file, pair("ann", "1"), pair("bob", "2"))
    save(file, pair("ann", "1"), actions=[Action(ActionKind.DEACTIVATE, USER, "bob", "2", "declared nowhere")])
    found = file.load({ANN, BOB})
    assert found is not None
    assert set(found.by_id) == {ANN, BOB}


DAMAGED, OTHER = "it is damaged", "another version wrote it"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(b"no gzip"), DAMAGED),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), DAMAGED),
        (lambda path: path.write_bytes(path.read_bytes()[:-20] + bytes(20)), DAMAGED),
        (lambda path: path.write_bytes(gzip.compress(b"[]\n")), DAMAGED),
        (
            lambda path: path.write_bytes(gzip.compress(b'{"layout": 0, "tenant": [], "at": "", "whole": true}\n')),
            OTHER,
        ),
        (lambda path: path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"User [[1]]\n")), DAMAGED),
        (lambda path: path.unlink(), None),
    ],
)
def test_a_damaged_file_is_none(tmp_path: Path, damage: Callable[[Path], None], reason: str | None) -> None:
    told: list[str] = []
    file = open_applied(tmp_path / "state", TENANT, told.append)
    save(file, pair("ann", "1"))
    damage(file.path)
    assert file.load({ANN}) is None
    says = [f"what was last applied cannot be used ({reason}): drift will not be told apart"] if reason else []
    assert told == says
    save(file, pair("ann", "1"))
    assert file.load({ANN}) is not None
    assert told in (says, says * 2)


def test_another_tenants_file_is_none(file: AppliedFile) -> None:
    save(file, pair("ann", "1"))
    other = AppliedFile(file.path, ("test", "https://elsewhere.example/scim", "widget"), refuse)
    assert (other.load({ANN}), other.is_of("sha")) == (None, False)


def test_a_file_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way", encoding="utf-8")
    told: list[str] = []
    save(open_applied(tmp_path / "state", TENANT, told.append), pair("ann", "1"))
    assert len(told) == 1
    assert told[0].startswith("what was applied could not be kept (")
