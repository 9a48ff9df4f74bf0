"""Reading by what changed and by who is active, also where the service does not filter or tell times as documented."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import pytest

from reconciler.core.directory import Assumptions, Reading
from reconciler.core.members import Members
from reconciler.core.model import Live, ResourceType
from reconciler.core.snapshot import Snapshot, TypeSnapshot, learn_touches, modified
from reconciler.sandbox import Organisation, SandboxOptions, open_sandbox
from reconciler.sandbox.wsgi import wsgi_application
from reconciler.scim.connection import Connection
from reconciler.scim.directory import open_directory
from tests.builders import asking
from tests.services import meddle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reconciler.sandbox import Sandbox

USERS, GROUPS = 130, 3
KNOWN = Assumptions(touches=True)


def filtered_by(environ: dict[str, Any], attribute: str) -> bool:
    return attribute in parse_qs(environ.get("QUERY_STRING", "")).get("filter", [""])[0]


def ignoring(attribute: str) -> Callable[[Any], Any]:
    """Filters on this attribute are not heard."""

    def distort(application: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Any:
            if filtered_by(environ, attribute):
                query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
                del query["filter"]
                environ = {**environ, "QUERY_STRING": urlencode(query)}
            return application(environ, start)

        return answer

    return distort


def answering(attribute: str, status: str, body: dict[str, Any]) -> Callable[[Any], Any]:
    """Filters on this attribute are answered with this."""

    def distort(application: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Any:
            if not filtered_by(environ, attribute):
                return application(environ, start)
            start(status, [("Content-Type", "application/json")])
            return [json.dumps(body).encode()]

        return answer

    return distort


def rewriting(change: Callable[[dict[str, Any]], None], *, dated: bool = True) -> Callable[[Any], Any]:
    """Each row is changed on its way; without `dated` no Date header comes."""

    def distort(application: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            def begin(status: str, headers: list[tuple[str, str]]) -> None:
                start(status, [header for header in headers if header[0].lower() not in ("content-length", *hidden)])

            document = json.loads(b"".join(application(environ, begin)))
            for row in document.get("Resources", [document]):
                change(row)
            return [json.dumps(document).encode()]

        hidden = () if dated else ("date",)
        return answer

    return distort


def untouched(_row: dict[str, Any]) -> None:
    return


def without_time(row: dict[str, Any]) -> None:
    row.get("meta", {}).pop("lastModified", None)


def with_local_time(row: dict[str, Any]) -> None:
    if "lastModified" in row.get("meta", {}):
        moment = datetime.fromisoformat(row["meta"]["lastModified"]).astimezone(UTC)
        row["meta"]["lastModified"] = moment.replace(tzinfo=None).isoformat()


@contextmanager
def service(distort: Callable[[Any], Any]) -> Iterator[tuple[Sandbox, Any, list[float]]]:
    times = [1_790_000_000.0]
    organisation = Organisation(USERS, GROUPS, 5)
    sandbox = open_sandbox(SandboxOptions(organisation=organisation, rate_limit=10**6, clock=lambda: times[0]))
    try:
        yield sandbox, distort(wsgi_application(sandbox)), times
    finally:
        sandbox.close()


def read(application: Any, snapshot: Snapshot | None = None) -> Reading:
    connection = Connection("sandbox:", dialect="4me", requests_per_two_seconds=10**6, concurrency=2)
    with open_directory(connection, assumptions=KNOWN, application=application) as directory:
        return directory.reader.read(asking(()), snapshot)


@pytest.mark.parametrize(
    ("distort", "reason"),
    [
        (ignoring("meta.lastModified"), "filters on Users are not answered as asked"),
        (answering("meta.lastModified", "400 X", {}), "the service refuses to filter Users by time"),
        (
            answering("meta.lastModified", "200 OK", {"totalResults": 0}),
            "the list of changed Users does not hold what is known to have changed",
        ),
    ],
    ids=["ignored", "refused", "always empty"],
)
def test_times_that_cannot_be_asked_for_lead_to_a_full_read(distort: Callable[[Any], Any], reason: str) -> None:
    with service(distort) as (sandbox, application, times):
        first = read(application)
        times[0] += 300
        meddle(sandbox, "PATCH", "/Users/3", {"title": "Meddled"})
        second = read(application, first.snapshot)
    assert second.live.summary.strategy == "scan"
    assert next(way.note for way in second.ways if way.name == "incremental").replace("Group", "User") == reason
    assert {live.id: live.attributes.get("title") for live in second.live.users}["3"] == "Meddled"


@pytest.mark.parametrize(
    "distort",
    [rewriting(untouched), rewriting(untouched, dated=False), rewriting(with_local_time)],
    ids=["as documented", "no Date header", "times without zone"],
)
def test_changes_are_found_with_few_requests(distort: Callable[[Any], Any]) -> None:
    with service(distort) as (sandbox, application, times):
        first = read(application)
        for number in (3, 77):
            times[0] += 1
            meddle(sandbox, "PATCH", f"/Users/{number}", {"title": "Meddled"})
            second = read(application, first.snapshot)
            titles = {live.id: live.attributes.get("title") for live in second.live.users}
            assert (titles[str(number)], second.live.summary.strategy) == ("Meddled", "incremental")
            assert second.live.summary.requests <= 8
            first = second


def test_without_times_there_is_no_snapshot() -> None:
    with service(rewriting(without_time)) as (_, application, _):
        assert read(application).snapshot is None


def test_a_clock_that_went_back_is_not_relied_on() -> None:
    with service(rewriting(untouched)) as (_, application, times):
        first = read(application)
        times[0] -= 3600
        second = read(application, first.snapshot)
    assert (second.live.summary.strategy, second.ways[-1].note) == ("scan", "the service's clock went back")


@pytest.mark.parametrize("gone", [1, 2])
def test_who_was_erased_or_appeared_leads_to_a_full_read(gone: int) -> None:
    with service(rewriting(untouched)) as (sandbox, application, times):
        first = read(application)
        times[0] += 300
        for number in range(1, gone + 1):
            meddle(sandbox, "DELETE", f"/Users/{number}?hard=true")
        second = read(application, first.snapshot)
        assert (second.live.summary.strategy, len(second.live.users)) == ("scan", USERS - gone)
        assert second.snapshot is not None
        lives = {**second.snapshot.users.lives}
        del lives["125"]
        less = Snapshot(TypeSnapshot(lives), second.snapshot.groups, second.snapshot.since, 2e9, 2e9)
        third = read(application, less)
        assert (third.live.summary.strategy, len(third.live.users)) == ("scan", USERS - gone)


@pytest.mark.parametrize(
    "distort",
    [
        ignoring("active"),
        answering("active", "400 X", {}),
        answering("active", "200 OK", {"totalResults": 0, "Resources": []}),
    ],
    ids=["ignored", "refused", "always empty"],
)
def test_a_filter_on_active_that_is_not_to_be_trusted_leads_to_a_scan(distort: Callable[[Any], Any]) -> None:
    with service(distort) as (sandbox, application, _):
        for number in range(1, 101):
            meddle(sandbox, "PATCH", f"/Users/{number}", {"active": False})
        reading = read(application)
    assert (reading.live.summary.strategy, len(reading.live.users)) == ("scan", USERS)
    assert [(way.name, way.note) for way in reading.ways][1] == (
        "active scan",
        "the filter on active is not to be trusted",
    )


def group(stamp: str, *members: str, title: str = "") -> Live:
    attributes: Any = {"displayName": "G", "title": title, "meta.lastModified": stamp}
    return Live(ResourceType.GROUP, "1", "G", attributes, members=Members(frozenset(members)))


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
AT = modified(group(EARLY)) or 0.0


@pytest.mark.parametrize(
    ("known", "before", "after", "seen_at", "learned"),
    [
        (None, group(EARLY, "1"), group(LATE, "1", "2"), AT + 9, True),
        (None, group(EARLY, "1"), group(LATE, "1", "2", title="New"), AT + 9, None),
        (None, group(EARLY, "1"), group(EARLY, "1", "2"), AT + 9, False),
        (None, group(EARLY, "1"), group(EARLY, "1", "2"), AT + 1, None),
        (None, group(EARLY, "1"), group(LATE, "1"), AT + 9, None),
        (None, None, group(LATE, "1"), AT + 9, None),
        (True, group(EARLY, "1"), group(EARLY, "1", "2"), AT + 9, False),
        (False, group(EARLY, "1"), group(LATE, "1", "2"), AT + 9, False),
    ],
    ids=[
        "moved", "moved by something else", "not moved", "in the same second", "no membership change", "new",
        "a counter-example", "after a counter-example",
    ],
)  # fmt: skip
def test_what_two_looks_at_a_group_teach(
    *, known: bool | None, before: Live | None, after: Live, seen_at: float, learned: bool | None
) -> None:
    assert learn_touches(known, before, after, seen_at=seen_at) is learned
