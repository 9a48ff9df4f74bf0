"""What earlier applies did, for people."""

from __future__ import annotations

from dataclasses import replace

from reconciler.cli.history_text import history_document, render_history, render_run
from reconciler.journal.reading import RunEntry

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
    assert render_history([FIRST, SECOND]).splitlines() == [
        "20261124T100000Z-bbbbbbbb  interrupted",
        "  2026-11-24T10:00:00Z by jan\\x1b[31m on production: 4 of 9 done, 1 failed, 4 skipped",
        "  in flight when it stopped: ann@widget.example, bob\\n",
        "20261123T090000Z-aaaaaaaa  done",
        "  2026-11-23T09:00:00Z by jan on production: 3 of 3 done, 0 failed, 0 skipped",
    ]


def test_no_runs() -> None:
    assert render_history([]) == "No apply has been recorded in this state directory."


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


def test_one_run_with_what_it_changed() -> None:
    done = {**OUTCOME, "status": "done", "key": "Desk", "resource": "Group", "detail": "", "changes": []}
    assert render_run([{"entry": "run"}, {"entry": "attempt"}, OUTCOME, done]).splitlines() == [
        "2026-11-24T10:00:01Z  failed  update User ann\\u202e@widget.example: HTTP 422: title\\x1b[2J",
        '    emails[work]: (none) → "ann@widget.example"',
        "    active: true → false",
        "    + bob\\x07",
        "    - cleo",
        "2026-11-24T10:00:01Z  done  update Group Desk",
        "    + bob\\x07",
        "    - cleo",
    ]
