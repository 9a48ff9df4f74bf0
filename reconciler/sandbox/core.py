"""The local 4me itself: a request in, a response out.

Touches its store, the log, the clock and the sleep that it is given, and nothing else; fronts bring the network.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING

from reconciler.sandbox.access import check_access
from reconciler.sandbox.distortions import comes_last, distort_date, distort_request, distort_response
from reconciler.sandbox.faults import Fault, FaultCounter
from reconciler.sandbox.generate import Organisation, fill_generated
from reconciler.sandbox.handling import Handling
from reconciler.sandbox.instead import answer_instead
from reconciler.sandbox.interference import shift_rows
from reconciler.sandbox.limits import Budget, RateLimiter
from reconciler.sandbox.messages import JsonObject, Refusal, Request, Response, json_response
from reconciler.sandbox.requestlog import LoggedRequest, RequestLog
from reconciler.sandbox.routes import Routes, listed_kind
from reconciler.sandbox.seed import fill_seed
from reconciler.sandbox.store import Store, open_store
from reconciler.sandbox.writing import Rules, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.sandbox.records import PartialComplex

DEFAULT_ACCOUNT = "widget"


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the sandbox is filled, limited and disturbed.

    `database` None keeps everything in memory. A new database is filled with `organisation` where that is given,
    else with the small seed, or stays empty where `seeded` is false; one that exists is used as it is.
    `token` None lets everybody in; `account` None accepts any account header. `rate_limit` is per rolling hour,
    `burst_limit` per two seconds, `latency` in seconds a request.
    """

    database: Path | None = None
    seeded: bool = True
    organisation: Organisation | None = None
    token: str | None = None
    account: str | None = None
    rate_limit: int = 3600
    burst_limit: int | None = None
    latency: float = 0.0
    faults: tuple[Fault, ...] = ()
    log: Path | None = None
    partial_complex: PartialComplex = "merge"
    membership_touches_group: bool = True
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Sandbox:
    """A 4me account that answers requests. Safe for threads; close it when done."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self._options = options
        self._store = store
        account = options.account or DEFAULT_ACCOUNT
        rules = Rules(
            account,
            options.clock,
            partial_complex=options.partial_complex,
            membership_touches_group=options.membership_touches_group,
        )
        self._writer = Writer(store, rules)
        self._routes = Routes(store, self._writer, account)
        self._limiter = RateLimiter(options.rate_limit, options.burst_limit)
        self._faults = FaultCounter(options.faults)
        self._log = RequestLog(options.log)
        self._shifts = count(1)

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in the order of the answers."""
        return self._log.entries

    def close(self) -> None:
        """Close the database and the log."""
        self._store.close()
        self._log.close()

    def dump(self) -> list[JsonObject]:
        """All users, then all groups, as single reads would show them, without a request."""
        return self._routes.everybody()

    def arm(self, *faults: Fault) -> None:
        """From now on these faults strike, counted anew, instead of those before; none: everything is fine again."""
        self._faults.arm(faults)

    def handle(self, request: Request) -> Response:
        """Answer one request; a front hands the response over as its `delivery` says."""
        handling = Handling(request, self._faults.strike(request))
        delay = self._options.latency + sum(float(fault.value) for fault in handling.of("latency"))
        if delay:
            self.sleep(delay)
        now = self.clock()
        response, budget = self._answer(handling, now)
        self._log.add(handling.logged(response, now))
        given = {name for name, _ in response.headers}
        told = (*distort_date(handling.faults, now), *budget.headers)
        headers = tuple(header for header in told if header[0] not in given)
        return dataclasses.replace(response, headers=response.headers + headers)

    def clock(self) -> float:
        """Its time, in epoch seconds."""
        return self._options.clock()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._options.sleep(seconds)

    def _answer(self, handling: Handling, now: float) -> tuple[Response, Budget]:
        budget = self._limiter.peek(now)
        handling.note(*handling.of("latency"), *(handling.of("date")[:1]))
        try:
            check_access(handling.request.headers, token=self._options.token, account=self._options.account)
        except Refusal as refusal:
            return refusal.response, budget
        budget = self._limiter.take(now)
        if budget.retry_after is not None:
            return _too_many(budget), budget
        instead = answer_instead(handling.faults, now)
        if instead is not None:
            handling.note(instead[1])
            return instead[0], budget
        return self._act(handling), budget

    def _act(self, handling: Handling) -> Response:
        """Work the request off, as the faults that strike it have it."""
        sent = handling.request
        for fault in handling.faults:
            if fault.kind == "shift":
                self._shift(fault, handling)
            distorted = distort_request(fault, sent)
            if distorted is not sent:
                handling.note(fault)
            sent = distorted
        response = self._routes.answer(sent, handling.effects)
        for fault in sorted(handling.faults, key=comes_last):
            told = distort_response(fault, handling.request, response)
            if told != response:
                handling.note(fault)
            response = told
        return response

    def _shift(self, fault: Fault, handling: Handling) -> None:
        kind = listed_kind(handling.request)
        if kind is None or handling.request.method != "GET":
            return
        with self._store.writing():
            self._writer.effects.clear()
            shift_rows(self._store, self._writer, kind, fault.value, next(self._shifts))
            handling.effects.extend(self._writer.effects)
        handling.note(fault)


def open_sandbox(options: SandboxOptions) -> Sandbox:
    """Open a sandbox on its database, filled if that is new. Raises OperatorError where a file cannot be used."""
    account = options.account or DEFAULT_ACCOUNT

    def fill(store: Store) -> None:
        if options.organisation is not None:
            fill_generated(store, account, options.organisation)
        elif options.seeded:
            fill_seed(store, account)

    store = open_store(options.database, fill)
    try:
        return Sandbox(options, store)
    except BaseException:
        store.close()
        raise


def _too_many(budget: Budget) -> Response:
    body: dict[str, object] = {
        "message": "Too Many Requests",
        "retry_after": budget.retry_after,
        "limit": budget.limit,
    }
    return json_response(body, status=HTTPStatus.TOO_MANY_REQUESTS)
