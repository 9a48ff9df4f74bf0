"""The law of adopting: afterwards nothing differs, whatever was changed in 4me, and no other line of the manifests."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.adopting import adopt, prepare_adoption
from reconciler.drift import find_drift
from tests.services import meddle, options, service

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox

LIMITS = "limits: {requestsPerHour: 1000000, requestsPerTwoSeconds: 1000000}\n"
NAMES = [f"user{number}@widget.example" for number in range(1, 5)]
MANIFESTS = """\
# Everybody
kind: Users
defaults: {timezone: Europe/Amsterdam, roles: [agent]}
users:
  - userName: user1@widget.example # the boss
    externalId: "E1"
    title: 'Lead'   # for now
    emails:
    - {value: user1@widget.example, type: work}
    - value: one@home.example
      type: home
    customFields: {payroll_id: A1}
  # the others
  - {userName: user2@widget.example, title: &analyst Analyst, email: u2@x.example, manager: user1@widget.example}
  - userName: user3@widget.example
    title: *analyst
    nickName: >-
      Number
      Three
    groups:
      - Desk   # by day

  - userName: user4@widget.example
    title: *analyst
    active: false
    roles:
    - "specialist"
    - auditor
---
kind: Groups
groups:
- displayName: Desk
- displayName: Night
  members: [user1@widget.example,
            user2@widget.example]   # in turns
- displayName: Board
  members:
  # never alone
  - user1@widget.example
  - group: Night
"""
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["Lead", "It's", "no", "12", "a: b", "x # y", "- a", "*analyst", 'O\'Brien "Bob"', "日本"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=8).map(str.strip),
)
ROLES = st.lists(st.sampled_from(["agent", "auditor", "specialist", "key_user"]), unique=True)
MAILS = st.dictionaries(st.sampled_from(["work", "home", "other"]), st.sampled_from(["a@x.example", "b@x.example"]))
USERS, GROUPS = st.integers(1, 4), st.integers(1, 3)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("title"), USERS, TEXTS),
        st.tuples(st.just("nickName"), USERS, TEXTS),
        st.tuples(st.just("active"), USERS, st.booleans()),
        st.tuples(st.just("timezone"), USERS, st.sampled_from([None, "Europe/Paris"])),
        st.tuples(st.just("roles"), USERS, ROLES.map(lambda roles: [{"value": role} for role in roles])),
        st.tuples(
            st.just("emails"),
            USERS,
            MAILS.map(lambda mails: [{"type": type_, "value": mail} for type_, mail in mails.items()]),
        ),
        st.tuples(st.just("new"), st.integers(5, 7), TEXTS),
        st.tuples(st.just("add"), GROUPS, USERS),
        st.tuples(st.just("remove"), GROUPS, USERS),
    ),
    min_size=1,
    max_size=6,
)


def change(sandbox: Sandbox, ids: dict[str, str], what: tuple[str, int, Any]) -> None:
    kind, number, value = what
    if kind == "new":
        name = f"user{number}@widget.example"
        if name not in ids:
            ids[name] = "new"
            meddle(sandbox, "POST", "/Users", {"userName": name, "active": True, "title": value})
        return
    if kind not in ("add", "remove"):
        meddle(sandbox, "PATCH", f"/Users/{ids[NAMES[number - 1]]}", {kind: value})
        return
    operation = {"op": kind, "path": "members", "value": [{"value": ids[NAMES[value - 1]]}]}
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    group = ids[["Desk", "Night", "Board"][number - 1]]
    meddle(sandbox, "PATCH", f"/Groups/{group}", {"schemas": [schema], "Operations": [operation]})


@given(CHANGES)
@settings(max_examples=8, deadline=None)
def test_after_adopting_nothing_differs(changes: list[tuple[str, int, Any]]) -> None:
    with TemporaryDirectory() as made, service() as (sandbox, url):
        folder = Path(made)
        (folder / "manifests").mkdir()
        (folder / "manifests" / "tenant.yaml").write_text(f"kind: Tenant\nname: test\nendpoint: {url}\n{LIMITS}")
        path = folder / "manifests" / "all.yaml"
        ids: dict[str, str] = {}
        for text in (MANIFESTS.replace("active: false", "active: true"), MANIFESTS):
            path.write_text(text, encoding="utf-8")
            applied = run.apply(options(folder), run.ApplyOptions(confirm=lambda _planned: True))
            ids |= {each.action.key: each.id or "" for each in applied.outcomes}
        for each in changes:
            change(sandbox, ids, each)
        found = find_drift(options(folder), today=date(2026, 11, 24))
        adopting = prepare_adoption(found, options(folder))
        assert adopting.refused == ()
        adopt(adopting, options(folder))
        assert find_drift(options(folder)).planned.plan.actions == ()
        after = path.read_text(encoding="utf-8").splitlines()
        for line in MANIFESTS.splitlines():
            if line.strip().startswith(("#", "kind", "defaults", "- displayName", "---")):
                assert line in after
