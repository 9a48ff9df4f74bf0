"""Whether a canary came to what was asked for: what it touched is read anew, and nothing may be left to do for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.actions import has_fields
from reconciler.core.diff import diff_value, live_value
from reconciler.core.match import identity_conflict
from reconciler.core.model import Member
from reconciler.core.normalise import same
from reconciler.core.order import sort_key
from reconciler.core.paths import CUSTOM_FIELDS, MANAGER
from reconciler.core.plan import make_plan
from reconciler.core.plan_model import ActionKind, OutcomeStatus
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import MatchError, ServiceError
from reconciler.journal.reading import last_written_fields
from reconciler.report.words import safe, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reconciler.core.directory import Reader
    from reconciler.core.model import Desired, Live, LiveState, ResourceType, Value
    from reconciler.core.plan import Changeset
    from reconciler.core.plan_model import Action, Change, Outcome
    from reconciler.planning import Planned

NAMED = 5
"""Members that a difference names."""
MEMBERS = "members"


class Difference(NamedTuple):
    """An attribute that is not as it was asked for.

    `members`: those who were asked for and are missing, or those who were to go and are there still.
    """

    path: str
    asked: Value
    got: Value

    def __str__(self) -> str:
        if self.path == MEMBERS and isinstance(self.asked, list):
            return f"members: asked for {_listed(self.asked)}, not in it in 4me"
        if self.path == MEMBERS and isinstance(self.got, list):
            return f"members: asked to be without {_listed(self.got)}, still in it in 4me"
        return f"{show_path(self.path)}: asked for {show_value(self.asked)}, 4me has {show_value(self.got)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a canary of so many `total` actions.

    `outcomes`: of its actions; one that did not come to what was asked for has failed, and says why. `differences`: of
    those, what differs. `trouble`: why it is not known, and the HTTP `status` that came instead. Both empty: it is as
    was asked for.
    """

    outcomes: tuple[Outcome, ...]
    total: int
    differences: tuple[tuple[Action, tuple[Difference, ...]], ...] = ()
    trouble: str = ""
    status: int | None = None

    @property
    def reason(self) -> str:
        """Why nothing else is sent, or nothing."""
        if any(each.status is not OutcomeStatus.DONE for each in self.outcomes) and not self.differences:
            return "not started: the canary failed"
        if self.differences:
            return "not started: the canary did not come to what was asked for"
        return f"not started: the canary could not be read back: {self.trouble}" if self.trouble else ""


def judge_canary(planned: Planned, reader: Reader, state: Path, outcomes: Sequence[Outcome], total: int) -> Verdict:
    """Read back what these outcomes touched, where all are done, and compare it with what was planned."""
    outcomes = tuple(outcomes)
    if any(each.status is not OutcomeStatus.DONE or not each.id for each in outcomes):
        return Verdict(outcomes, total)
    try:
        live = reader.read_again(planned.live, [Member(each.action.type, each.id or "") for each in outcomes])
        judged = (_JudgedReversal if planned.plan.undoes else _Judged)(planned, live, state)
    except ServiceError as error:
        return Verdict(outcomes, total, trouble=error.message, status=error.status)
    except MatchError as error:
        return Verdict(outcomes, total, trouble=error.message)
    found = [(each, tuple(judged.differences(each))) for each in outcomes]
    differing = [(outcome.action, differences) for outcome, differences in found if differences]
    return Verdict(
        tuple(judged.corrected(outcome, differences) for outcome, differences in found),
        total,
        tuple(sorted(differing, key=lambda each: sort_key(each[0]))),
    )


class _Judged:
    """What is left to do, now that a canary is done, as a plan of what was read back says."""

    def __init__(self, planned: Planned, live: LiveState, state: Path) -> None:
        again = _plan_again(planned, live, state)
        self._by_id = {Member(each.type, each.id): each for each in again.actions if each.id}
        self._by_key = {Member(each.type, each.key): each for each in again.actions if not each.id}
        self._pairs: dict[Member, tuple[Desired, Live]] = {
            Member(found.type, found.id): (desired, found) for desired, found in again.pairs if found
        }
        self._live = {Member(each.type, each.id): each for each in (*live.users, *live.groups)}

    def corrected(self, outcome: Outcome, differences: Sequence[Difference]) -> Outcome:
        """The outcome as it turned out to be, with the resource as it was read."""
        live = self._live.get(Member(outcome.action.type, outcome.id or ""))
        if not differences:
            return replace(outcome, live=live)
        detail = f"not what was asked for: {'; '.join(map(str, differences))}"
        gone = None if live else int(HTTPStatus.NOT_FOUND)
        return replace(outcome, status=OutcomeStatus.FAILED, detail=detail, live=live, http_status=gone)

    def differences(self, outcome: Outcome) -> Iterator[Difference]:
        """What is not as this action asked for it."""
        action = outcome.action
        name = Member(action.type, outcome.id or "")
        live, again = self._live.get(name), self._by_id.get(name)
        if live is None:
            if action.kind is not ActionKind.DEACTIVATE:
                yield Difference("id", name.name, None)
        elif action.kind is not ActionKind.DEACTIVATE and self._is_another(action, again):
            yield from _unlike(action, live)
        elif again:
            yield from (Difference(each.path, each.after, each.before) for each in again.changes)
            missing, present = ([each.name for each in side] for side in (again.members.add, again.members.remove))
            yield from [Difference(MEMBERS, [*missing], None)] if missing else ()
            yield from [Difference(MEMBERS, None, [*present])] if present else ()
        if name in self._pairs and identity_conflict(*self._pairs[name]):
            desired, found = self._pairs[name]
            yield Difference("externalId", desired.attributes["externalId"], found.attributes.get("externalId"))

    def _is_another(self, action: Action, again: Action | None) -> bool:
        """Whether it is found no more by what it is matched by."""
        return Member(action.type, action.key) in self._by_key or bool(again and again.kind is ActionKind.DEACTIVATE)


class _JudgedReversal(_Judged):
    """The same where the manifests do not say what was asked for, because a run is undone: each action says it."""

    def __init__(self, planned: Planned, live: LiveState, state: Path) -> None:
        super().__init__(planned, live, state)
        self._rules = planned.request.equivalences
        self._keys = dict(live.member_names) | {name: each.key for name, each in self._live.items()}

    def differences(self, outcome: Outcome) -> Iterator[Difference]:
        action = outcome.action
        live = self._live.get(Member(action.type, outcome.id or ""))
        if live is None:
            yield Difference("id", outcome.id, None)
            return
        for change in action.changes:
            yield from self._compared(action.type, change, live)
        present = {Member(each.type, self._keys.get(each, each.name)) for each in live.members or ()}
        missing = [each.name for each in action.members.add if each not in present]
        still = [each.name for each in action.members.remove if each in present]
        yield from [Difference(MEMBERS, [*missing], None)] if missing else ()
        yield from [Difference(MEMBERS, None, [*still])] if still else ()

    def _compared(self, resource: ResourceType, change: Change, live: Live) -> Iterator[Difference]:
        have = live_value(change.path, live.attributes)
        if change.path == "active":
            have = live.active
        elif change.path == MANAGER and isinstance(have, str):
            have = self._keys.get(Member(resource, have), have)
        elif change.path.startswith(CUSTOM_FIELDS) and not has_fields(live.attributes):
            return  # never given back, perhaps
        for each in diff_value(resource, change.path, (change.after, have), self._rules):
            yield Difference(each.path, each.after, each.before)


def _plan_again(planned: Planned, live: LiveState, state: Path) -> Changeset:
    """By the manifests, with what was just written known to have been written."""
    request = planned.request
    applied = last_written_fields(state, planned.plan.tenant, request.equivalences.dropped())
    return make_plan(planned.manifests.desired, live, replace(request, applied=applied))


def _unlike(action: Action, live: Live) -> Iterator[Difference]:
    yield Difference(KEY_ATTRIBUTE[action.type], action.key, live.key)
    for change in action.changes:
        got = live_value(change.path, live.attributes)
        if isinstance(change.after, str) and change.path != MANAGER and not same(got, change.after, exact=True):
            yield Difference(change.path, change.after, got)


def _listed(names: Sequence[Value]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return safe(", ".join(map(str, names[:NAMED]))) + more
