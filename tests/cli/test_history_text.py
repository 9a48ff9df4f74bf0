"""What earlier applies did, for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.history_tables import CHANGES, RUNS, change_row, csv_text, history_document, run_row
from reconciler.cli.history_text import render_changes, render_history, render_run, render_verdict
from reconciler.journal.changes import Changed, Query, RunFacts
from reconciler.journal.reading import RunEntries, RunEntry
from reconciler.journal.verifying import Fault, Verdict

FIRST = RunEntry("20261123T090000Z-aaaaaaaa", "2026-11-23T09:00:00Z", "jan", "production", "f", "done", 3, 3, 0, 0)
SECOND = RunEntry(
    "20261124T100000Z-bbbbbbbb",
    "2026-11-24T10:00:00Z",
    "jan\x1b[31m",
    "production",
    "f",
    "interrupted",
    9,
    4,
    1,
    4,
    ("ann@widget.example", "bob\n"),
)
OUTCOME = {
    "entry": "outcome",
    "at": "2026-11-24T10:00:01Z",
    "status": "failed",
    "action": "update",
    "resource": "User",
    "key": "ann\u202e@widget.example",
    "detail": "HTTP 422: title\x1b[2J",
    "changes": [
        {"path": 'emails[type eq "work"].value', "before": None, "after": "ann@widget.example"},
        {"path": "active", "before": True, "after": False},
    ],
    "members": {"add": ["bob\x07"], "remove": ["cleo"]},
}


def test_runs_come_newest_first() -> None:
    assert render_history([FIRST, SECOND], 80).splitlines() == [
        "20261124T100000Z-bbbbbbbb  interrupted",
        "  2026-11-24T10:00:00Z by jan\\x1b[31m on production: 4 of 9 done, 1 failed, 4",
        "      skipped",
        "  in flight when it stopped: ann@widget.example, bob\\n",
        "20261123T090000Z-aaaaaaaa  done",
        "  2026-11-23T09:00:00Z by jan on production: 3 of 3 done, 0 failed, 0 skipped",
    ]


def test_no_runs() -> None:
    assert render_history([], 80) == "No apply has been recorded in this state directory."


def test_the_document_has_all_of_a_run() -> None:
    assert history_document([replace(FIRST, in_flight=("ann",))]) == [
        {
            "run": "20261123T090000Z-aaaaaaaa",
            "started_at": "2026-11-23T09:00:00Z",
            "who": "jan",
            "tenant": "production",
            "fingerprint": "f",
            "status": "done",
            "planned": 3,
            "done": 3,
            "failed": 0,
            "skipped": 0,
            "in_flight": ("ann",),
            "unreadable": 0,
        }
    ]


def run_of(*entries: dict[str, Any]) -> RunEntries:
    return RunEntries("20261124T100000Z-bbbbbbbb", entries, 0)


def test_one_run_with_what_it_changed() -> None:
    done = {**OUTCOME, "status": "done", "key": "Desk", "resource": "Group", "detail": "", "changes": []}
    begin = {
        "entry": "run",
        "who": "jan",
        "tenant": {"name": "production"},
        "commit": "c" * 40,
        "dirty": True,
        "approvedDigest": "sha256:" + "1" * 64,
        "link": "https://ci.example/run/7\x1b",
    }
    assert render_run(run_of(begin, {"entry": "attempt"}, OUTCOME, done), 80).splitlines() == [
        "20261124T100000Z-bbbbbbbb",
        "  by jan on production, commit cccccccccccc with changes that were not committed",
        f"  plan sha256:{'1' * 64}",
        "  made before its time was noted",
        "  https://ci.example/run/7\\x1b",
        "2026-11-24T10:00:01Z  failed  update User ann\\u202e@widget.example: HTTP 422:",
        "    title\\x1b[2J",
        '    emails[work]: (none) → "ann@widget.example"',
        "    active: true → false",
        "    + bob\\x07",
        "    - cleo",
        "2026-11-24T10:00:01Z  done  update Group Desk",
        "    + bob\\x07",
        "    - cleo",
    ]


FACTS = RunFacts(
    "20261124T100000Z-bbbbbbbb",
    "jan",
    "production",
    "c" * 40,
    dirty=False,
    plan="sha256:" + "1" * 64,
    planned_at="2026-11-24T09:00:00Z",
    keys=("sha256:" + "2" * 64,),
    undoes="20261123T090000Z-aaaaaaaa",
)
SHARED: dict[str, Any] = {"at": "2026-11-24T10:00:01Z", "status": "done", "id": "7", "run": FACTS}
CHANGED = (
    Changed(change="created", resource="User", name="ann\n@widget.example", **SHARED),
    Changed(change="changed", resource="User", name="ann", attribute="title", before=None, after="=1+1", **SHARED),
    Changed(change="changed", resource="User", name="ann", attribute="nickName", before="a", after=None, **SHARED),
    Changed(
        change="joined", resource="Group", name="Night", group="Desk", detail="HTTP 422", source="g.yaml:3", **SHARED
    ),
)


def test_changes_stand_below_their_run() -> None:
    assert render_changes(CHANGED, Query(user="ann\x1b"), 80).splitlines() == [
        "20261124T100000Z-bbbbbbbb",
        "  by jan on production, commit cccccccccccc",
        "  undoes 20261123T090000Z-aaaaaaaa",
        f"  plan sha256:{'1' * 64}",
        "  made 2026-11-24T09:00:00Z",
        f"  key  sha256:{'2' * 64}",
        "  2026-11-24T10:00:01Z  done  ann\\n@widget.example: created",
        "  2026-11-24T10:00:01Z  done  ann",
        '      title: (none) → "=1+1"',
        '      nickName: "a" → (none)',
        "  2026-11-24T10:00:01Z  done (HTTP 422)  Night (group): joined Desk",
        "4 changes: user ann\\x1b.",
    ]


@pytest.mark.parametrize(("value", "cell"), [
    ("=1+1", "'=1+1"),
    ("+49 30", "'+49 30"),
    ("-1", "'-1"),
    (-1, "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\uff1dSUM(A1)", "'\uff1dSUM(A1)"),
    ("ann;=1+1", "ann;'=1+1"),
    ("ann; smith; -", "ann; smith;' -"),
    ("\t=1", "'\\t'=1"),
    ("\r=1", "'\\r=1"),
    ("a=1", "a=1"),
    (None, ""),
    (True, "true"),
    (["a"], '"[""a""]"'),
    ("a,b", '"a,b"'),
    ("a\x1b[2J\nb", "a\\x1b[2J\\nb"),
])  # fmt: skip
def test_no_cell_is_a_formula_or_steers_a_terminal(value: object, cell: str) -> None:
    assert csv_text(["value", "next"], [{"value": value, "next": 1}]) == f"value,next\n{cell},1\n"


def test_every_change_is_a_row() -> None:
    header, *rows = csv_text(CHANGES, map(change_row, CHANGED)).splitlines()
    assert header == (
        "at,status,change,resource,name,id,attribute,before,after,group,group_id,source,detail,run,who,tenant,commit,"
        "dirty,plan,planned_at,keys,undoes,link"
    )
    shared = (
        f"20261124T100000Z-bbbbbbbb,jan,production,{'c' * 40},false,sha256:{'1' * 64},2026-11-24T09:00:00Z,"
        f"sha256:{'2' * 64},20261123T090000Z-aaaaaaaa,"
    )
    assert rows == [
        f"2026-11-24T10:00:01Z,done,created,User,ann\\n@widget.example,7,,,,,,,,{shared}",
        f"2026-11-24T10:00:01Z,done,changed,User,ann,7,title,,'=1+1,,,,,{shared}",
        f"2026-11-24T10:00:01Z,done,changed,User,ann,7,nickName,a,,,,,,{shared}",
        f"2026-11-24T10:00:01Z,done,joined,Group,Night,7,,,,Desk,,g.yaml:3,HTTP 422,{shared}",
    ]


def test_every_run_is_a_row() -> None:
    assert csv_text(RUNS, map(run_row, [SECOND])).splitlines()[1] == (
        "20261124T100000Z-bbbbbbbb,2026-11-24T10:00:00Z,jan\\x1b[31m,production,f,interrupted,9,4,1,4,"
        '"ann@widget.example, bob\\n",0'
    )


def test_a_verdict_names_each_place() -> None:
    faults = (
        Fault("a.jsonl", 3, "outcome update User", "ann\x1b", "its hash is not that of its content: it was changed"),
        Fault("b\n", None, "", "", "no run has a file of this name"),
        Fault("", None, "", "", "no entry has the hash"),
    )
    verdict = Verdict(2, 11, 1, "sha256:" + "1" * 64, "a", faults, ("run a was interrupted",))
    assert render_verdict(verdict, 80, kept=False).splitlines() == [
        "The journal is not as it was written (2 runs, 11 entries):",
        "  a.jsonl:3 (outcome update User ann\\x1b): its hash is not that of its content:",
        "      it was changed",
        "  b\\n: no run has a file of this name",
        "  no entry has the hash",
        "note: run a was interrupted",
        "note: 1 run of an older format, not chained",
        f"head: sha256:{'1' * 64}",
        "      of run a",
    ]
