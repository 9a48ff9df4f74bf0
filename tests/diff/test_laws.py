"""What holds for any two organisations: nothing differs from itself, a diff leads from one to the other, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.access import AccessDiff, AccessSummary, Side, Transition, Who
from reconciler.core.access_diff import Declared, compare_access
from reconciler.core.desired import build_desired
from reconciler.core.model import Member, Record, ResourceType, Source
from reconciler.core.paths import MANAGER

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from reconciler.core.access import GroupChange, PersonChange
    from reconciler.core.model import Attributes, DesiredState, MembershipMode

USER, GROUP = ResourceType.USER, ResourceType.GROUP
GONE = (Transition.LEAVE, Transition.DROPPED)
OPPOSITE = {
    Transition.JOIN: Transition.LEAVE,
    Transition.RETURN: Transition.LEAVE,
    Transition.STAY: Transition.STAY,
    Transition.INACTIVE: Transition.DROPPED,
    Transition.DROPPED: Transition.INACTIVE,
}


class Organisation(NamedTuple):
    """Records, as build_desired takes them."""

    users: list[Record]
    groups: list[Record]


def _user(number: int, draw: st.DrawFn) -> Record:
    attributes: Attributes = {"userName": f"u{draw(st.sampled_from([number, number + 10]))}"}
    if draw(st.booleans()):
        attributes["externalId"] = f"E{number}"
    if draw(st.booleans()):
        attributes["title"] = draw(st.sampled_from(["a", "b", None]))
    if draw(st.integers(0, 3)) == 0:
        attributes["active"] = False
    return Record(USER, Source("a.yaml", number + 1), attributes)


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    users = [_user(number, draw) for number in range(draw(st.integers(0, 6)))]
    for number, each in enumerate(users):
        if number and draw(st.booleans()):
            each.attributes[MANAGER] = str(users[draw(st.integers(0, number - 1))].attributes["userName"])
    groups: list[Record] = []
    for number in range(draw(st.integers(0, 4))):
        attributes: Attributes = {"displayName": f"g{draw(st.sampled_from([number, number + 10]))}"}
        if draw(st.booleans()):
            attributes["externalId"] = f"G{number}"
        candidates = [Member(USER, str(each.attributes["userName"])) for each in users]
        candidates += [Member(GROUP, str(each.attributes["displayName"])) for each in groups]
        members = draw(st.none() | st.sets(st.sampled_from(candidates)) if candidates else st.none())
        mode: MembershipMode | None = None
        if members is not None:
            mode = draw(st.sampled_from([None, "authoritative", "additive"]))
        source = Source("a.yaml", number + 100)
        groups.append(
            Record(GROUP, source, attributes, members=None if members is None else tuple(members), membership=mode)
        )
    return Organisation(users, groups)


def state_of(organisation: Organisation) -> DesiredState:
    desired, problems = build_desired(organisation.users, organisation.groups)
    assert problems == []
    return desired


def compare(one: DesiredState, other: DesiredState) -> AccessDiff:
    return compare_access(Declared(Side("one", None), one), Declared(Side("other", None), other))


def _effective(state: DesiredState) -> set[tuple[str, str]]:
    """Who is in which group, by walking down from each group."""
    groups = {each.key: each for each in state.groups}
    active = {each.key for each in state.users if each.active}

    def people(key: str) -> set[str]:
        members = groups[key].members or ()
        nested = [people(name) for kind, name in members if kind is GROUP]
        return {name for kind, name in members if kind is USER}.union(*nested)

    return {(person, key) for key in groups for person in people(key) & active}


def _direct(state: DesiredState) -> set[tuple[Member, str]]:
    return {(member, each.key) for each in state.groups for member in each.members or ()}


class _Keys:
    """Keys of BASE under the names that they have in HEAD; of who is gone, a name that nobody has."""

    def __init__(self, diff: AccessDiff) -> None:
        changes: list[PersonChange | GroupChange] = [*diff.people, *diff.groups]
        self.gone = {each.who for each in changes if each.transition in GONE and each.reason == "no longer declared"}
        self._names = {
            (each.who.type, each.who.was or each.who.key): self.of(each.who)
            for each in changes
            if each.transition not in (Transition.JOIN, Transition.INACTIVE)
        }

    def of(self, who: Who) -> str:
        return f"gone {who.key}" if who in self.gone else who.key

    def moved(self, kind: ResourceType, key: str) -> str:
        return self._names.get((kind, key), key)


@given(organisations())
def test_nothing_differs_from_itself(organisation: Organisation) -> None:
    diff = compare(state_of(organisation), state_of(organisation))
    assert not diff
    assert diff.summary == AccessSummary()


@given(organisations(), st.randoms(use_true_random=False), st.sampled_from([str, str.upper]))
def test_the_same_said_otherwise_is_no_change(
    organisation: Organisation, random: Random, spelling: Callable[[str], str]
) -> None:
    """In another order and other places, names in another case, `members` as the users' `groups`."""
    groups_of: dict[str, list[str]] = {}
    groups = []
    for each in organisation.groups:
        key = str(each.attributes["displayName"])
        for member in each.members or ():
            if member.type is USER:
                groups_of.setdefault(member.name, []).append(spelling(key))
        nested = None if each.members is None else tuple(each for each in each.members if each.type is GROUP)
        groups.append(each._replace(members=nested, source=Source("z.yaml", 1)))
    users = [
        each._replace(
            attributes=dict(reversed(each.attributes.items())),
            groups=tuple(groups_of.get(str(each.attributes["userName"]), ())),
            source=Source("y.yaml", 1),
        )
        for each in organisation.users
    ]
    random.shuffle(users)
    random.shuffle(groups)
    before, after = state_of(organisation), state_of(Organisation(users, groups))
    assert not compare(before, after)
    assert not compare(after, before)


@given(organisations(), organisations())
def test_a_diff_leads_from_one_to_the_other(one: Organisation, other: Organisation) -> None:
    before, after = state_of(one), state_of(other)
    diff = compare(before, after)
    keys = _Keys(diff)
    people = {(keys.moved(USER, person), keys.moved(GROUP, group)) for person, group in _effective(before)}
    memberships = [each for change in diff.groups for each in change.memberships]
    assert sorted(memberships) == sorted(each for change in diff.people for each in change.memberships)
    lost = {(keys.of(each.person), keys.of(each.group)) for each in memberships if each.lost}
    gained = {(keys.of(each.person), keys.of(each.group)) for each in memberships if each.gained}
    assert lost <= people
    assert not gained & people
    assert (people - lost) | gained == _effective(after)
    direct = {(kind, keys.moved(kind, name), keys.moved(GROUP, group)) for (kind, name), group in _direct(before)}
    removed = {(who.type, keys.of(who), keys.of(each.who)) for each in diff.groups for who in each.remove}
    added = {(who.type, keys.of(who), keys.of(each.who)) for each in diff.groups for who in each.add}
    assert removed <= direct
    assert (direct - removed) | added == {(*member, group) for member, group in _direct(after)}
    counts = {each.who.key: each.people_after for each in diff.groups if each.transition is not Transition.LEAVE}
    assert counts == {key: sum(group == key for _, group in _effective(after)) for key in counts}
    assert all(each.known_after or not each.emptied for each in diff.groups)


@given(organisations(), organisations())
def test_the_way_back_is_the_mirror(one: Organisation, other: Organisation) -> None:
    there, back = compare(state_of(one), state_of(other)), compare(state_of(other), state_of(one))
    assert _facts(there, mirrored=False) == _facts(back, mirrored=True)
    assert (there.summary.gains, there.summary.losses) == (back.summary.losses, back.summary.gains)
    assert (there.summary.direct_added, there.summary.renamed) == (back.summary.direct_removed, back.summary.renamed)


def _facts(diff: AccessDiff, *, mirrored: bool) -> set[tuple[object, ...]]:
    """Everything in terms of the keys on both sides, in the order BASE, HEAD of the way there."""
    turn = -1 if mirrored else 1
    changes: list[PersonChange | GroupChange] = [*diff.people, *diff.groups]
    keys: dict[Who, tuple[str | None, ...]] = {}
    for each in changes:
        declared = (
            None if each.before is None else each.who.was or each.who.key,
            None if each.after is None else each.who.key,
        )
        keys[each.who] = declared[::turn]
    assert len(keys) == len(changes)
    facts: set[tuple[object, ...]] = set()
    for each in changes:
        who = keys[each.who]
        facts.add((who, bool(each.before) and bool(each.after) and each.transition is Transition.STAY))
        if each.before and each.after:
            for change in each.attributes:
                values = (str(change.before), change.managed_before), (str(change.after), change.managed_after)
                facts.add((who, change.path, values[::turn]))
        for membership in each.memberships:
            ways = [None if via is None else bool(via) for via in (membership.before, membership.after)]
            facts.add((who, keys[membership.person], keys[membership.group], *ways[::turn]))
    for group in diff.groups:
        facts.add((keys[group.who], *(group.people_before, group.people_after)[::turn]))
        facts.add((keys[group.who], *(group.membership_before, group.membership_after)[::turn]))
    return facts


@given(organisations(), organisations())
def test_who_leaves_or_joins_has_opposites(one: Organisation, other: Organisation) -> None:
    there, back = compare(state_of(one), state_of(other)), compare(state_of(other), state_of(one))
    transitions = sorted(OPPOSITE.get(each.transition, "arrives") for each in there.people)
    arrivals = (Transition.JOIN, Transition.RETURN)
    assert transitions == sorted("arrives" if each.transition in arrivals else each.transition for each in back.people)


def test_people_and_groups_of_the_diff_are_sorted() -> None:
    users = [Record(USER, Source("a.yaml", 1), {"userName": name}) for name in ("b", "C", "a")]
    diff = compare(state_of(Organisation([], [])), state_of(Organisation(users, [])))
    assert [each.who.key for each in diff.people] == ["a", "b", "C"]
