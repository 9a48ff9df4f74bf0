"""The campaign: people edit manifests, others change the service, the tool runs, and the service goes wrong, by chance.

What is drawn depends on the seed alone, never on what the service does, so that a seed gives the same steps again.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.chaos import edits
from tests.chaos.catalogue import CATALOGUE, Kind, Strikes
from tests.chaos.judge import claimed_done, judge, judge_converged, planned, show, users_of
from tests.chaos.world import World, open_world

if TYPE_CHECKING:
    from tests.chaos.world import Ran

JSON = ("--format", "json")
FULL = ("--refresh", "full", *JSON)
INDEX = st.integers(0, 39)
MEMBERS = st.lists(INDEX, max_size=8)
WHERE: st.SearchStrategy[Strikes] = st.sampled_from(("reads", "writes"))
WHEN = st.sampled_from(("times=1", "times=2", "times=9", "after=1,times=1", "after=3,times=2", "after=4"))
IDLE = 90
"""Inactive users beside the others: so many that only active ones are read, and the declared looked up."""
AGAIN = "times=3"
"""How often what did not strike yet is tried in a later run: the first requests may be of no use to it."""
TRIES = 12
"""Runs in which every fault must have struck in the end."""

DRAWN: list[tuple[str, ...]] = []
"""Over all campaigns of this process: each run that was drawn, with its faults."""
STRUCK: Counter[str] = Counter()
"""Over all campaigns of this process: how often each fault made a difference."""


class Campaign(RuleBasedStateMachine):
    """One world from the first plan to the last."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.waiting: list[Kind] = []
        self.gone: list[dict[str, Any]] = []
        self.number = 0
        self.is_sound = True

    @initialize(
        idle=st.sampled_from((0, 0, IDLE)),
        touches=st.booleans(),
        concurrency=st.sampled_from((1, 2, 8)),
        dialect=st.sampled_from(("4me", "4me", "rfc7644")),
    )
    def begin(self, idle: int, touches: bool, concurrency: int, dialect: str) -> None:  # noqa: FBT001
        self.world: World = self.stack.enter_context(open_world(idle, touches=touches))
        self.world.concurrency, self.world.dialect = concurrency, dialect

    # the manifests

    @rule(manager=INDEX)
    def join(self, manager: int) -> None:
        edits.join(self.world.declared, self._name("Joiner"), manager)

    @rule(index=INDEX)
    def leave(self, index: int) -> None:
        users = self.world.declared["users"]
        if len(users) > 2:
            self.gone.append(dict(users[index % len(users)]))
            edits.leave(self.world.declared, index)

    @rule(index=INDEX)
    def come_back(self, index: int) -> None:
        if self.gone:
            record = self.gone.pop(index % len(self.gone))
            record.pop("manager", None)
            self.world.declared["users"].append(record)

    @rule(index=INDEX)
    def rename(self, index: int) -> None:
        edits.rename(self.world.declared, index, self._name("renamed"))

    @rule(index=INDEX, title=st.sampled_from(("Lead", "lead", " Head ", "Ärztin", None)))
    def change(self, index: int, title: str | None) -> None:
        edits.change(self.world.declared, index, title=title)

    @rule(index=INDEX, active=st.booleans())
    def switch(self, index: int, active: bool) -> None:  # noqa: FBT001
        edits.change(self.world.declared, index, active=active)

    @rule(index=INDEX, manager=INDEX)
    def report(self, index: int, manager: int) -> None:
        edits.report_to(self.world.declared, index, manager)

    @rule(index=INDEX, members=MEMBERS)
    def regroup(self, index: int, members: list[int]) -> None:
        edits.regroup(self.world.declared, index, members)

    @rule(members=MEMBERS)
    def found(self, members: list[int]) -> None:
        if len(self.world.declared["groups"]) < 5:
            edits.found(self.world.declared, self._name("Group"), members)

    # other people

    @rule(index=INDEX, body=st.sampled_from(({"title": "Meddled"}, {"active": False}, {"active": True})))
    def meddle(self, index: int, body: dict[str, object]) -> None:
        self._meddle("PATCH", "Users", index, body)

    @rule(index=INDEX)
    def meddle_with_a_name(self, index: int) -> None:
        self._meddle("PATCH", "Users", index, {"userName": self._name("meddled")})

    @rule(index=INDEX)
    def erase(self, index: int) -> None:
        self._meddle("DELETE", "Users", index, None, "?hard=true")

    @rule(index=INDEX)
    def erase_a_group(self, index: int) -> None:
        self._meddle("DELETE", "Groups", index, None)

    @rule(index=INDEX, member=INDEX, gone=st.booleans())
    def meddle_with_members(self, index: int, member: int, gone: bool) -> None:  # noqa: FBT001
        users = [row["id"] for row in self.world.sandbox.dump() if "userName" in row]
        reference = {"value": users[member % len(users)]} | ({"operation": "delete"} if gone else {})
        self._meddle("PATCH", "Groups", index, {"members": [reference]})

    @rule()
    def stray(self) -> None:
        self.world.meddle("POST", "/Users", {"userName": self._name("stray")})

    @rule(index=INDEX)
    def beat_to_it(self, index: int) -> None:
        """Somebody else creates whom the manifests declare, without all that they declare."""
        users = self.world.declared["users"]
        record = users[index % len(users)]
        there = users_of(self.world.sandbox.dump())
        numbers = {row.get("externalId") for row in there.values()}
        if record["userName"].casefold() not in there and record["externalId"] not in numbers:
            self.world.meddle("POST", "/Users", {"userName": record["userName"]})

    # the tool

    @rule(data=st.data())
    def plan(self, data: st.DataObject) -> None:
        self._run("plan", data)

    @rule(data=st.data())
    def drift(self, data: st.DataObject) -> None:
        self._run("drift", data)

    @rule(data=st.data())
    def apply(self, data: st.DataObject) -> None:
        self._run("apply", data)

    @rule(data=st.data())
    def apply_again(self, data: st.DataObject) -> None:
        self._run("apply", data)

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self._strike_all()
                self._settle()
        finally:
            self.stack.close()

    def _run(self, command: str, data: st.DataObject) -> None:
        kinds = data.draw(st.lists(st.sampled_from(CATALOGUE), min_size=1, max_size=3, unique=True), "faults")
        faults = [kind.on(data.draw(WHERE, "where"), data.draw(WHEN, "when")) for kind in kinds]
        again = [kind.on("any", AGAIN) for kind in self.waiting]
        self.is_sound = False
        DRAWN.append((command, *faults))
        ran = self.world.run(command, *faults, *again, more=JSON if command == "plan" else ())
        self._judge(ran)
        self.waiting = [kind for kind in {*self.waiting, *kinds} if not ran.has_struck(kind.text)]
        self.waiting.sort(key=CATALOGUE.index)
        if not any(kind.lies for kind in CATALOGUE if ran.has_struck(kind.text)):
            self._check_truth(ran)
        self.is_sound = True

    def _name(self, what: str) -> str:
        self.number += 1
        return f"{what}-{self.number}" + ("" if what == "Group" else "@widget.example")

    def _meddle(self, method: str, kind: str, index: int, body: object, query: str = "") -> None:
        """With somebody who is there."""
        rows = [row["id"] for row in self.world.sandbox.dump() if ("userName" in row) is (kind == "Users")]
        if rows:
            self.world.meddle(method, f"/{kind}/{rows[index % len(rows)]}{query}", body)

    def _judge(self, ran: Ran) -> None:
        STRUCK.update(name for entry in ran.log for name in entry.faults)
        note(show((), ran))
        verdicts = judge(ran)
        assert not verdicts, show(verdicts, ran)

    def _check_truth(self, ran: Ran) -> None:
        """What a run said is so, as a tool finds that remembers nothing and is not disturbed."""
        needed = self.world.needed()
        left = {key.casefold() for _, key in needed}
        if ran.command == "plan" and ran.code == 0:
            said = planned(ran)
            assert said in (None, needed), show([f"planned {said}, needed {needed}"], ran)
        if ran.command == "apply":
            untrue = left & {key.casefold() for key in claimed_done(ran)}
            assert not untrue, show([f"said to be done and is not: {sorted(untrue)}"], ran)
            assert ran.code != 0 or not left, show([f"said to be all and is not: {sorted(left)}"], ran)

    def _strike_all(self) -> None:
        """Every fault that was meant to strike does, in a run that is sure to make such requests."""
        for turn in range(TRIES):
            if not self.waiting:
                return
            edits.join(self.world.declared, self._name("Joiner"))
            edits.regroup(self.world.declared, 0, [-1, turn, turn + 1])
            faults = [kind.on("any", AGAIN) for kind in self.waiting]
            plan, apply = self.world.run("plan", *faults, more=FULL), self.world.run("apply", *faults)
            for ran in (plan, apply):
                self._judge(ran)
            self.waiting = [
                kind for kind in self.waiting if not (plan.has_struck(kind.text) or apply.has_struck(kind.text))
            ]
        assert not self.waiting, f"never struck: {self.waiting}"

    def _settle(self) -> None:
        """Nothing is wrong any more: one apply makes everything as declared, and nothing is left to do."""
        ran = self.world.run("apply")
        verdicts = judge_converged(ran)
        assert not verdicts, show(verdicts, ran)
        assert ran.code == 0, show((), ran)
        for again in (self.world.run("plan", more=JSON), self.world.run("plan", more=FULL)):
            assert planned(again) == [], show((), again)
        drift = self.world.run("drift")
        assert drift.code == 0, show((), drift)
