"""Members of a group as ids by type."""

from __future__ import annotations

from reconciler.core.members import Members
from reconciler.core.model import Live, Member, ResourceType

USER, GROUP = ResourceType.USER, ResourceType.GROUP
ANN, BEN, NIGHT, NAMESAKE = Member(USER, "1"), Member(USER, "2"), Member(GROUP, "3"), Member(GROUP, "1")


def test_users_and_groups_are_told_apart() -> None:
    members = Members.of((ANN, NIGHT))
    assert (len(members), sorted(members)) == (2, sorted((ANN, NIGHT)))
    assert (ANN in members, NAMESAKE in members) == (True, False)


def test_some_are_added_and_then_some_removed() -> None:
    members = Members.of((ANN, NIGHT))
    assert members.changed((BEN, NAMESAKE), (ANN,)) == Members.of((BEN, NIGHT, NAMESAKE))
    assert members.changed((BEN,), (BEN, NIGHT)) == Members.of((ANN,))


def test_the_id_of_a_user_who_was_read_is_kept_once() -> None:
    ann = Live(USER, str(10**9), "ann", {})
    members = Members(frozenset((str(10**9), "unread")), frozenset("3"))
    shared = members.sharing({ann.id: ann})
    assert shared == members
    assert any(name is ann.id for name in shared.users)
